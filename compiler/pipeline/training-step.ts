/** Lowering: from a spec to one optimized training step, whole or in two halves. The middle of the pipeline of compile.ts. */

import type { Problem } from "../../schema/diagnostics/index.js";
import type { SourceMap } from "../../schema/diagnostics/source-map.js";
import { microBatchesOf } from "../../schema/micro-batches.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { differentiate } from "../autodiff/reverse.js";
import { defaultStrategy } from "../elaborate/context.js";
import { elaborate } from "../elaborate/index.js";
import { isParameter, type OutputPort, type Program, restrictToOutputs } from "../elaborate/program.js";
import { verify } from "../graph/verify.js";
import type { Graph } from "../ir/types.js";
import { hasParallelizableLoop } from "../optimize/loops/associative-scan.js";
import {
  canonicalize,
  forwardPasses,
  mixedPrecisionPasses,
  type PassSelection,
  type Pipeline,
  runPasses,
  stepPasses,
} from "../optimize/pipeline.js";
import { cpu, webgpu } from "../optimize/target/index.js";
import { autocast } from "../precision/autocast.js";
import { perMicroBatch, type Signature, withStaticTime } from "../signature.js";
import { applyStep, gradientStep } from "../training/data-parallel.js";
import { accumulate, averageSums } from "../training/gradient-accumulation.js";
import { withScaleInput } from "../training/loss-scale.js";
import { buildStepGraph } from "../training/step-graph.js";
import type { TrainingStep } from "./lowered.js";

/** The stages whose graphs `onStage` sees, in order. */
export const stages = [
  "forward",
  "prepared",
  "mixed",
  "gradient",
  "step",
  "optimized",
  "train",
  "eval",
  "model",
  "stream",
  "shard",
  "update",
] as const;
export type Stage = (typeof stages)[number];

export interface CompileOptions extends PassSelection {
  /** Places problems in the user's text. */
  readonly origins?: SourceMap;
  /** Whether the step is wanted in two halves too, for processes that share a batch. */
  readonly dataParallel?: boolean;
  /** What will run the training, where that is not a processor or a device that runs loops. */
  readonly target?: "webgpu";
  /** Called with each stage's graph as it is made. */
  readonly onStage?: (stage: Stage, graph: Graph) => void;
  /** Called after each run of a pass, with the name of its phase; the graph is the same object when nothing changed. */
  readonly onPass?: (stage: Stage, pass: string, graph: Graph, phase: string) => void;
}

/** The user's mistakes. */
export interface CompileFailure {
  readonly ok: false;
  readonly problems: readonly Problem[];
}

/** From the spec to one optimized training step. */
export function buildTrainingStep(
  spec: NormalSpec,
  signature: Signature,
  options: CompileOptions = {},
): { readonly ok: true; readonly trainingStep: TrainingStep } | CompileFailure {
  const result = gradientOf(spec, signature, options);
  if (!result.ok) return result;
  const {
    program,
    loss: lossProgram,
    prepared,
    gradient,
    portions: microBatches,
    watch: verifyStage,
    optimize,
  } = result;
  const batchGradient = microBatches > 1 ? averageSums(gradient, program.batching) : gradient;
  const step = buildStepGraph(batchGradient, lossProgram.inputs, spec.optimizer, spec.train.precision);
  verifyStage("step", step.graph);
  const optimizedGraph = verifyStage(
    "optimized",
    optimize("optimized", step.graph, microBatches > 1 ? canonicalize : stepPasses),
  );
  return {
    ok: true,
    trainingStep: {
      wholeProgram: program,
      lossProgram,
      prepared,
      gradient: batchGradient,
      microBatches,
      hasFloat16: spec.train.precision !== "float32",
      unoptimizedStep: step.graph,
      step: { ...step, graph: optimizedGraph },
    },
  };
}

/**
 * From the spec to the loss and its gradients; for rows of a shared batch, and for portions, to the sums that they come from.
 *
 * @param dataParallel whether the rows are a part of a batch that several processes share.
 */
function gradientOf(spec: NormalSpec, signature: Signature, options: CompileOptions, dataParallel = false) {
  const result = buildLossProgram(spec, signature, options, dataParallel);
  if (!result.ok) return result;
  const { program, lossProgram, portions: microBatches } = result;
  const { verifyStage, optimize } = stageRunner(perMicroBatch(signature, microBatches), options);
  verifyStage("forward", program.graph);
  const parameterIndices = lossProgram.inputs.flatMap((port, index) => (isParameter(port) ? [index] : []));
  const prepared = verifyStage("prepared", optimize("prepared", lossProgram.graph, forwardPasses));
  const mixedGraph =
    spec.train.precision !== "float32" &&
    verifyStage("mixed", optimize("mixed", withMixedPrecision(prepared, lossProgram), mixedPrecisionPasses));
  const microBatchGradient = verifyStage(
    "gradient",
    mixedGraph
      ? differentiate(withScaleInput(mixedGraph), 0, parameterIndices, mixedGraph.inputs.length)
      : differentiate(prepared, 0, parameterIndices),
  );
  // A portion is optimized by itself: nothing of it may leave the loop over portions.
  const gradient =
    microBatches > 1
      ? accumulate(optimize("gradient", microBatchGradient, stepPasses), lossProgram.inputs, microBatches)
      : microBatchGradient;
  return {
    ok: true as const,
    program,
    loss: lossProgram,
    prepared,
    gradient,
    portions: microBatches,
    watch: verifyStage,
    optimize,
  };
}

/** A forward graph with float16 where that is safe; data stays as it is given. */
export function withMixedPrecision(graph: Graph, { inputs }: Pick<Program, "inputs">): Graph {
  return autocast(
    graph,
    inputs.flatMap(({ role }, index) => (role === "data" ? [index] : [])),
  );
}

/** The program of a step or of one of its portions, and of it the loss (in parts its total and count) and the states that go on. */
export function buildLossProgram(
  spec: NormalSpec,
  signature: Signature,
  options: CompileOptions,
  dataParallel = false,
) {
  const microBatches = microBatchesOf(spec.train);
  const isUnrolled = spec.model.some((layer) => layer.layer === "rnn" && layer.unroll);
  const checkpointed = spec.train.memory === "low";
  if (checkpointed && signature.steps === undefined)
    return { ok: false as const, problems: [unknownStepsProblem(spec, options)] };
  const elaborationOptions = {
    dataParallel,
    recurrences: { ...defaultStrategy, checkpointed },
    integerBits: options.target === "webgpu" ? (32 as const) : (64 as const),
  };
  const elaborateFor = (data: Signature) => elaborate(spec, data, "training", options.origins, elaborationOptions);
  const initial = elaborateFor(isUnrolled || checkpointed ? withStaticTime(signature) : signature);
  if (!initial.ok) return initial;
  // A number of steps that is known is only written out where something is made of it: other lengths stay possible.
  const { context } = stageRunner(perMicroBatch(signature, microBatches), {});
  const mayParallelize = signature.steps !== undefined && !options.disabledPasses?.includes("associative-scan");
  const isParallel = mayParallelize && hasParallelizableLoop(initial.program.graph, context);
  const elaborated = isParallel ? elaborateFor(withStaticTime(signature)) : initial;
  if (!elaborated.ok) return elaborated;
  const { program } = elaborated;
  const carriedStates = new Set(program.inputs.filter(({ role }) => role === "state").map(({ name }) => name));
  const lossOutputs = microBatches > 1 || dataParallel ? ["loss/total", "loss/count"] : ["loss"];
  const isKept = ({ role, name }: OutputPort) =>
    role === "loss" ? lossOutputs.includes(name) : role === "state" && carriedStates.has(name);
  return { ok: true as const, program, lossProgram: restrictToOutputs(program, isKept), portions: microBatches };
}

function unknownStepsProblem({ train }: NormalSpec, { origins }: CompileOptions): Problem {
  return {
    code: "memory-steps",
    path: origins?.pathOf(train, "memory") ?? "/train/memory",
    message: "With little memory sequences are run in chunks, and the sequences of this data are of different lengths.",
    hint: 'Leave "memory" out, or use "accumulate": a batch in portions takes the memory of one.',
  };
}

/** The step in two halves. The spec has been lowered already, and has no other problem than that its loss cannot be shared. */
export function dataParallelStep(spec: NormalSpec, signature: Signature, options: CompileOptions) {
  const { disabledPasses, stopAfter, onStage, onPass } = options;
  const isShardStage = (stage: Stage) => stage === "shard" || stage === "update";
  const result = gradientOf(
    spec,
    signature,
    {
      disabledPasses: disabledPasses ?? [],
      stopAfter,
      ...(options.origins && { origins: options.origins }),
      onStage: (stage, graph) => isShardStage(stage) && onStage?.(stage, graph),
      onPass: (stage, pass, graph, phase) => isShardStage(stage) && onPass?.(stage, pass, graph, phase),
    },
    true,
  );
  if (!result.ok) return result;
  const { program, loss: lossProgram, gradient, portions: microBatches, watch: verifyStage, optimize } = result;
  const { precision } = spec.train;
  const gradientGraph = gradientStep(gradient, lossProgram.inputs, spec.optimizer, precision);
  const parameters = lossProgram.graph.inputs.filter((_, index) => lossProgram.inputs[index]?.role === "parameter");
  const applyGraph = applyStep(spec.name, parameters, { optimizer: spec.optimizer, precision }, program.batching);
  return {
    ok: true as const,
    gradient: {
      ...gradientGraph,
      graph: verifyStage("shard", optimize("shard", gradientGraph.graph, microBatches > 1 ? canonicalize : stepPasses)),
    },
    update: { ...applyGraph, graph: verifyStage("update", optimize("update", applyGraph.graph, stepPasses)) },
  };
}

/** Stages as they are made: verified, and shown to whoever watches. */
export function stageRunner(
  signature: Signature,
  { disabledPasses = [], stopAfter, target, onStage, onPass }: CompileOptions,
) {
  const context = { expected: new Map(Object.entries(signature.expected)), target: target === "webgpu" ? webgpu : cpu };
  return {
    context,
    verifyStage(stage: Stage, graph: Graph): Graph {
      verify(graph, stage);
      onStage?.(stage, graph);
      return graph;
    },
    optimize: (stage: Stage, graph: Graph, pipeline: Pipeline) =>
      runPasses(graph, pipeline, context, {
        disabledPasses,
        stopAfter,
        onPass: (pass, result, phase) => onPass?.(stage, pass.name, result, phase.name),
      }),
  };
}
