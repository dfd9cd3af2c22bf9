/** What a compiled step weighs: parameters, shapes, floating-point operations, memory. */
import type { NormalTrain } from "../schema/normal.js";
import { holdsWeights, isParameter, type Program } from "./elaborate/program.js";
import { bytesOf, flops, peakBytes, type Sizes } from "./graph/cost.js";
import { elements } from "./ir/dims.js";
import { at } from "./ir/present.js";
import type { Graph, Value } from "./ir/types.js";
import type { Lowered } from "./lowered.js";
import { inPortions, type Signature } from "./signature.js";

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
  /** Numbers that are the layer's own, trained or frozen. */
  readonly parameters: number;
  /** Floating-point operations of one forward pass over one batch of the expected size. */
  readonly flops: number;
}

export interface Analysis {
  readonly parameters: {
    readonly total: number;
    readonly trainable: number;
    readonly tensors: readonly TensorSummary[];
  };
  readonly layers: readonly LayerSummary[];
  /** Per training step at the expected batch and time, by kind of work. */
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
  /** The most that the values of a step take at one time. */
  readonly activations: number;
  /** The most that the values of evaluating a batch take at one time. */
  readonly evaluation: number;
  readonly data: number;
  /** Node, ONNX Runtime and the compiler. */
  readonly program: number;
  /** What the process takes at its peak when it trains on the CPU. */
  readonly total: number;
}

/*
 * The total was fitted, on Linux, to the peaks of processes that trained the models of test/soak/memory.mjs and of the gallery, with up to
 * 116 MiB of parameters and slots, 230 MiB of activations and 98 MiB of evaluation.
 */
/** Parameters and slots lie in the host's tensors, in those that a call writes into, and in those that are not yet let go. */
const STATE_COPIES = 3.5;
/** Where a call makes several steps, its loop carries them from one to the next: in one more copy for two steps, in two for more. */
const CARRIED_COPIES = 2;
/** Of so many floating-point operations, a step takes so long that it is the only one of its call, unless the spec says otherwise. */
const LONG_STEP = 2 ** 35;
/** What lies between the values in a session's arena. */
const ARENA_SLACK = 1.35;
/** On the CPU float16 values have copies in float32 while they are computed with. */
const HALVED_SLACK = 2;
/** Evaluation has an arena of its own, beside that of the step; what a run leaves at its end is made beside both. */
const EVALUATION_SLACK = 1.75;
const PROGRAM_BYTES = 148 * 2 ** 20;

/** Sizes of the data's own symbols, where even the data has not spoken yet, count as nothing. */
function sizesOf({ expected, sizes }: Signature): Sizes {
  const known = Object.entries(sizes).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return new Map([...known, ...Object.entries(expected)]);
}

function tensorsOf({ inputs, graph }: Program): readonly TensorSummary[] {
  const countOf = ({ type }: Value) => Number(elements(type.shape));
  return inputs.flatMap((port, index) => {
    const value = graph.inputs[index];
    if (!holdsWeights(port) || value === undefined) return [];
    const shape = value.type.shape as readonly number[];
    return [{ name: port.name, shape, count: countOf(value), trainable: isParameter(port) }];
  });
}

/** All that a training computes. */
export interface Training {
  readonly lowered: Lowered;
  /** Loss, metrics and predictions of a batch. */
  readonly evaluation: Graph;
  readonly train: Pick<NormalTrain, "steps_per_call">;
}

/** What training takes at the batch and time that the signature expects, which may be others than it was lowered for. */
export function memoryOf(signature: Signature, { lowered, evaluation: graph, train }: Training): Memory {
  const { program, portions, halved, step } = lowered;
  const sizes = sizesOf(inPortions(signature, portions));
  const tensors = tensorsOf(program);
  const fed = program.graph.inputs.slice(tensors.length);
  const data = portions * fed.reduce((sum, value) => sum + bytesOf(value, sizes), 0);
  const parameters = sum(tensors) * 4;
  const slots = step.slots.reduce(
    (sum, { parameter }) => sum + 4 * (parameter === null ? 1 : at(tensors, parameter).count),
    0,
  );
  const activations = peakBytes(step.graph, sizes);
  const slack = halved ? HALVED_SLACK : ARENA_SLACK;
  const evaluation = peakBytes(graph, sizes);
  const alone = train.steps_per_call === "auto" && flops(step.graph, sizes) >= LONG_STEP;
  const steps = train.steps_per_call === "auto" ? (alone ? 1 : CARRIED_COPIES + 1) : train.steps_per_call;
  const copies = STATE_COPIES + Math.min(steps - 1, CARRIED_COPIES);
  const total =
    PROGRAM_BYTES + copies * (parameters + slots) + slack * activations + EVALUATION_SLACK * evaluation + data;
  return { parameters, slots, activations, evaluation, data, program: PROGRAM_BYTES, total };
}

export function analysisOf(signature: Signature, training: Training): Analysis {
  const { lowered } = training;
  const { program, prepared, gradient, portions, update, step } = lowered;
  const sizes = sizesOf(inPortions(signature, portions));
  const tensors = tensorsOf(program);
  const forward = portions * flops(prepared, sizes);
  const updating = flops(update, sizes) - flops(gradient, sizes);
  const whole = flops(step.graph, sizes);
  return {
    parameters: { total: sum(tensors), trainable: sum(tensors.filter(({ trainable }) => trainable)), tensors },
    layers: layerSummaries(lowered, tensors, sizes),
    flops: { forward, backward: Math.max(whole - forward - updating, 0), update: updating, step: whole },
    memory: memoryOf(signature, training),
  };
}

function sum(tensors: readonly { readonly count: number }[]): number {
  return tensors.reduce((total, { count }) => total + count, 0);
}

/** A layer's operations are those that its output needs beyond what the layers before it needed. */
function layerSummaries(
  { forward, portions }: Lowered,
  tensors: readonly { readonly name: string; readonly count: number }[],
  sizes: Sizes,
): readonly LayerSummary[] {
  let before = 0;
  return forward.layers.map(({ name, layer, shape }, index) => {
    const values = forward.layers.slice(0, index + 1).map(({ value }) => value);
    const upTo = portions * flops(needed(forward.graph, values), sizes);
    const own = upTo - before;
    before = upTo;
    const parameters = tensors.filter((tensor) => tensor.name.startsWith(`${name}/`));
    return {
      name,
      layer,
      output: shape,
      parameters: sum(parameters),
      flops: own,
    };
  });
}

/** The part of the graph that some values need. */
export function needed(graph: Graph, outputs: readonly Value[]): Graph {
  const live = new Set(outputs);
  const nodes = graph.nodes.toReversed().filter((node) => {
    const used = node.outputs.some((output) => live.has(output));
    if (used) for (const input of node.inputs) live.add(input);
    return used;
  });
  return { ...graph, nodes: nodes.toReversed(), outputs };
}
