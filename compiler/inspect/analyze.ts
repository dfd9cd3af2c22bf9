/** Analysis of a training step: parameters, shapes, floating-point operations, memory. */

import { matchesPattern, type PatternList, patternListsOf } from "../../schema/kinds/parameter-patterns.js";
import type { NormalOptimizer, NormalTrain } from "../../schema/normal/index.js";
import { holdsWeights } from "../artifact.js";
import { isParameter, type Program } from "../elaborate/program.js";
import { bytesOf, flops, peakBytes, type Sizes } from "../graph/cost.js";
import { restrictGraph } from "../graph/extract-subgraph.js";
import { elementCount } from "../ir/dims.js";
import type { Graph, Value } from "../ir/types.js";
import type { TrainingStep } from "../pipeline/training-step.js";
import { perMicroBatch, type Signature } from "../signature.js";

export interface TensorSummary {
  readonly name: string;
  readonly shape: readonly number[];
  readonly count: number;
  readonly trainable: boolean;
}

export interface LayerSummary {
  readonly name: string;
  readonly layer: string;
  /** Output shape, batch first, such as ["batch", "time", 25]. */
  readonly output: readonly (number | string)[];
  /** The number of the layer's weights, trainable or frozen. */
  readonly parameters: number;
  /** Floating-point operations of one forward pass over one batch of the expected size. */
  readonly flops: number;
}

export interface PatternSummary {
  readonly key: PatternList["key"];
  readonly pattern: string;
  /** Factor of the learning rate, of a pattern of `rates`. */
  readonly factor?: number;
  /** The trained parameters that the pattern matches. */
  readonly parameters: readonly string[];
}

export interface Analysis {
  readonly parameters: {
    readonly total: number;
    readonly trainable: number;
    readonly tensors: readonly TensorSummary[];
  };
  readonly layers: readonly LayerSummary[];
  /** The patterns of parameter names in the optimizer. */
  readonly patterns: readonly PatternSummary[];
  /** Per training step at the expected batch and time. */
  readonly flops: {
    readonly forward: number;
    readonly backward: number;
    readonly update: number;
    readonly step: number;
  };
  /** Bytes at the expected batch and time. */
  readonly memory: Memory;
}

/** Bytes. */
export interface Memory {
  readonly parameters: number;
  readonly slots: number;
  /** The peak of the values of a step. */
  readonly activations: number;
  /** The peak of the values of an evaluation batch. */
  readonly evaluation: number;
  readonly data: number;
  /** Node, ONNX Runtime and the compiler. */
  readonly program: number;
  /** The peak of the process while it trains on the CPU. */
  readonly total: number;
}

/*
 * The constants were fitted, on Linux, to the peaks of processes that trained the models of test/stress/memory.mjs and
 * of the gallery, with up to 116 MiB of parameters and slots, 230 MiB of activations and 98 MiB of evaluation.
 */
/** Copies of parameters and slots: the host's tensors, the outputs of a call, and tensors not yet collected. */
const STATE_COPIES = 3.5;
/** More copies where a call has several steps, in the carry of its loop: one for two steps, two for more. */
const LOOP_STATE_COPIES = 2;
/** A step of as many floating-point operations is so long that it is the only one of its call, by default. */
const LONG_STEP = 2 ** 35;
/** The size of a session's arena, as a multiple of its live values. */
const ARENA_SLACK = 1.35;
/** The same with float16, whose values the CPU casts to float32 for every operation. */
const FLOAT16_SLACK = 2;
/** The same of the evaluation session, with the copies that a run's final evaluation makes. */
const EVALUATION_SLACK = 1.75;
const PROGRAM_BYTES = 148 * 2 ** 20;

/** The size of each symbol; one that depends on unread data is missing. */
function sizesOf({ expected, sizes }: Signature): Sizes {
  const knownSizes = Object.entries(sizes).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return new Map([...knownSizes, ...Object.entries(expected)]);
}

function tensorsOf({ inputs, graph }: Program): readonly TensorSummary[] {
  const countOf = ({ type }: Value) => Number(elementCount(type.shape));
  return inputs.flatMap((port, index) => {
    const value = graph.inputs[index];
    if (!holdsWeights(port) || value === undefined) return [];
    const shape = value.type.shape as readonly number[];
    return [{ name: port.name, shape, count: countOf(value), trainable: isParameter(port) }];
  });
}

/** The graphs of a training run. */
export interface TrainingGraphs {
  readonly trainingStep: TrainingStep;
  /** Loss, metrics and predictions of a batch. */
  readonly evaluation: Graph;
  readonly train: Pick<NormalTrain, "steps_per_call">;
}

/** The memory of training at the batch and time of `signature`, which may differ from those of the compiled step. */
export function memoryOf(signature: Signature, { trainingStep, evaluation: graph, train }: TrainingGraphs): Memory {
  const { lossProgram, microBatches, hasFloat16, step } = trainingStep;
  const sizes = sizesOf(perMicroBatch(signature, microBatches));
  const tensors = tensorsOf(lossProgram);
  const dataInputs = lossProgram.graph.inputs.slice(tensors.length);
  const data = microBatches * dataInputs.reduce((sum, value) => sum + bytesOf(value, sizes), 0);
  const parameters = sum(tensors) * 4;
  const slots = step.slots.reduce((sum, slot) => sum + 4 * Number(elementCount(slot.shape)), 0);
  const activations = peakBytes(step.graph, sizes);
  const slack = hasFloat16 ? FLOAT16_SLACK : ARENA_SLACK;
  const evaluation = peakBytes(graph, sizes);
  const isSingleStep = train.steps_per_call === "auto" && flops(step.graph, sizes) >= LONG_STEP;
  const stepsPerCall =
    train.steps_per_call === "auto" ? (isSingleStep ? 1 : LOOP_STATE_COPIES + 1) : train.steps_per_call;
  const copies = STATE_COPIES + Math.min(stepsPerCall - 1, LOOP_STATE_COPIES);
  const total =
    PROGRAM_BYTES + copies * (parameters + slots) + slack * activations + EVALUATION_SLACK * evaluation + data;
  return { parameters, slots, activations, evaluation, data, program: PROGRAM_BYTES, total };
}

export function analysisOf(signature: Signature, training: TrainingGraphs, optimizer: NormalOptimizer): Analysis {
  const { trainingStep } = training;
  const { lossProgram, prepared, gradient, microBatches, unoptimizedStep, step } = trainingStep;
  const sizes = sizesOf(perMicroBatch(signature, microBatches));
  const tensors = tensorsOf(lossProgram);
  const forward = microBatches * flops(prepared, sizes);
  const updateFlops = flops(unoptimizedStep, sizes) - flops(gradient, sizes);
  const totalFlops = flops(step.graph, sizes);
  return {
    parameters: { total: sum(tensors), trainable: sum(tensors.filter(({ trainable }) => trainable)), tensors },
    layers: layerSummaries(trainingStep, tensors, sizes),
    patterns: patternSummaries(optimizer, tensors),
    flops: {
      forward,
      backward: Math.max(totalFlops - forward - updateFlops, 0),
      update: updateFlops,
      step: totalFlops,
    },
    memory: memoryOf(signature, training),
  };
}

function patternSummaries(optimizer: NormalOptimizer, tensors: readonly TensorSummary[]): readonly PatternSummary[] {
  const trained = tensors.flatMap(({ name, trainable }) => (trainable ? [name] : []));
  return patternListsOf(optimizer).flatMap(({ key, patterns, factor }) =>
    patterns.map((pattern) => ({
      key,
      pattern,
      ...(factor !== undefined && { factor }),
      parameters: trained.filter((name) => matchesPattern(pattern, name)),
    })),
  );
}

function sum(tensors: readonly { readonly count: number }[]): number {
  return tensors.reduce((total, { count }) => total + count, 0);
}

/** A layer's operations are those that its output depends on, minus those of the layers before it. */
function layerSummaries(
  { wholeProgram, microBatches }: TrainingStep,
  tensors: readonly { readonly name: string; readonly count: number }[],
  sizes: Sizes,
): readonly LayerSummary[] {
  let previous = 0;
  return wholeProgram.layers.map(({ name, layer, shape }, index) => {
    const values = wholeProgram.layers.slice(0, index + 1).map(({ value }) => value);
    const cumulative = microBatches * flops(restrictGraph(wholeProgram.graph, values).graph, sizes);
    const layerFlops = cumulative - previous;
    previous = cumulative;
    const parameters = tensors.filter((tensor) => tensor.name.startsWith(`${name}/`));
    return {
      name,
      layer,
      output: shape,
      parameters: sum(parameters),
      flops: layerFlops,
    };
  });
}
