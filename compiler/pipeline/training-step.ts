/** Training stages: from a spec to one optimized training step, in one graph or split for data parallelism. */
import type { Problem } from "../../schema/diagnostics/index.js";
import { microBatchesOf } from "../../schema/micro-batches.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { differentiate } from "../autodiff/reverse.js";
import { defaultStrategy } from "../elaborate/context.js";
import { elaborate } from "../elaborate/index.js";
import { type InputPort, isParameter, type OutputPort, type Program, restrictToOutputs } from "../elaborate/program.js";
import { substituteDims } from "../graph/substitute-dims.js";
import type { Graph } from "../ir/types.js";
import {
  canonicalize,
  forwardPasses,
  mixedPrecisionPasses,
  type Pipeline,
  stepLoopPasses,
  stepPasses,
} from "../optimize/pipeline.js";
import { formNotices, gainsFromFixedTime, hasLinearRecurrence } from "../optimize/recurrences/fixed-time.js";
import { autocast } from "../precision/autocast.js";
import { perMicroBatch, type Signature, targetArrays, withStaticTime } from "../signature.js";
import { applyStep, type DataParallelGraph, gradientStep, overWholeBatch } from "../training/data-parallel.js";
import { accumulate, averageSums } from "../training/gradient-accumulation.js";
import { withScaleInput } from "../training/loss-scale.js";
import { resolveOptimizer } from "../training/resolve-optimizer.js";
import { buildStepGraph, type StepGraph } from "../training/step-graph.js";
import { trainingGraph } from "../training/step-loop.js";
import { dataParallelPorts, type GraphWithPorts, trainingPorts } from "./manifest.js";
import { type CompileFailure, type CompileOptions, disabledPassesOf, stageRunner } from "./stages.js";

/** The arguments of `compile`. */
export interface CompileInput {
  readonly spec: NormalSpec;
  readonly signature: Signature;
  readonly options: CompileOptions;
}

/** The forward program of training, of one micro-batch. */
export interface TrainingProgram {
  /** Loss, metrics, predictions and final states. */
  readonly wholeProgram: Program;
  /**
   * The subprogram whose loss is differentiated: its outputs are the loss (where sums over rows are needed, its total
   * and its count), then the buffers and states that are carried to the next step.
   */
  readonly lossProgram: Program;
  /** The subprogram of the counts of the losses, where those are an input of `lossProgram`; else null. */
  readonly countProgram: Program | null;
  /** Micro-batches per batch, whose gradients are accumulated. */
  readonly microBatches: number;
  /** Notices for the user. */
  readonly notices: readonly string[];
}

/** A training program and its gradient. */
export interface GradientProgram extends TrainingProgram {
  /** The graph of `lossProgram` after the forward passes. */
  readonly prepared: Graph;
  /**
   * Outputs: the loss, the next buffers and states, then the gradient of each trained parameter, of a batch; where
   * `isSum`: total and count of the loss, the next buffers and states, then gradients of the total.
   */
  readonly gradient: Graph;
  readonly isSum: boolean;
  /** The ports of the inputs of `gradient`. */
  readonly ports: readonly InputPort[];
}

/** One training step and the graphs that it was built from. */
export interface TrainingStep extends TrainingProgram {
  readonly prepared: Graph;
  /** Loss, next buffers and states, and gradients of a batch. */
  readonly gradient: Graph;
  /** True where the step computes in float16. */
  readonly hasFloat16: boolean;
  /** The step before its passes. */
  readonly unoptimizedStep: Graph;
  readonly step: StepGraph;
}

/** Stages forward to optimized. @returns the training step, or the mistakes in the spec. */
export function buildTrainingStep(
  spec: NormalSpec,
  signature: Signature,
  options: CompileOptions = {},
): { readonly ok: true; readonly trainingStep: TrainingStep } | CompileFailure {
  const input = { spec, signature, options };
  const result = elaborateTraining(input);
  if (!result.ok) return result;
  return { ok: true, trainingStep: buildStep(differentiateLoss(result.program, input), input) };
}

/** Stage forward: elaborates the spec for training. */
export function elaborateTraining({
  spec,
  signature,
  options,
}: CompileInput): { readonly ok: true; readonly program: TrainingProgram } | CompileFailure {
  const microBatches = microBatchesOf(spec.train);
  const isUnrolled = spec.model.some((layer) => layer.layer === "rnn" && layer.unroll);
  const checkpointed = spec.train.memory === "low";
  if (checkpointed && signature.steps === undefined)
    return { ok: false, problems: [unknownStepsProblem(spec, options)] };
  const data = isUnrolled || checkpointed ? withStaticTime(signature) : signature;
  const isFormGiven = (options.recurrence ?? "loop") !== "loop";
  if (isFormGiven && signature.steps === undefined) return { ok: false, problems: [varyingStepsProblem(options)] };
  const result = elaborate(spec, data, "training", options.origins, {
    partialBatch: needsSums(microBatches, options),
    recurrences: { ...defaultStrategy, checkpointed },
    integerBits: options.target === "webgpu" ? 32 : 64,
  });
  if (!result.ok)
    return result.problems.length > 0 ? result : { ok: false, problems: [disagreementProblem(signature)] };
  const { program: wholeProgram } = result;
  stageRunner(signature, options).run("forward", wholeProgram.graph);
  const carriedStates = new Set(wholeProgram.inputs.filter(({ role }) => role === "state").map(({ name }) => name));
  const lossOutputs = needsSums(microBatches, options) ? ["loss/total", "loss/count"] : ["loss"];
  const lossProgram = restrictToOutputs(wholeProgram, ({ role, name }: OutputPort) =>
    role === "loss" ? lossOutputs.includes(name) : role === "buffer" || (role === "state" && carriedStates.has(name)),
  );
  const { context } = stageRunner(signature, options);
  if (isFormGiven && !hasLinearRecurrence(lossProgram.graph, context))
    return { ok: false, problems: [noFormProblem(options)] };
  const notices = [...wholeProgram.notices, ...(isFormGiven ? formNotices(lossProgram.graph, context) : [])];
  const hasCounts = wholeProgram.inputs.some(({ role }) => role === "count");
  if (hasCounts && options.dataParallel === true)
    return { ok: false, problems: [separateCountsProblem(spec, options)] };
  const countProgram = hasCounts ? restrictToOutputs(wholeProgram, ({ name }) => name === "loss/counts") : null;
  return { ok: true, program: { wholeProgram, lossProgram, countProgram, microBatches, notices } };
}

/** True where the gradient is a sum over some rows of a batch, to be divided by the count of the whole batch. */
function needsSums(microBatches: number, { dataParallel = false }: CompileOptions): boolean {
  return microBatches > 1 || dataParallel;
}

function separateCountsProblem({ losses }: NormalSpec, { origins }: CompileOptions): Problem {
  return {
    code: "distributed-loss",
    path: origins?.pathOf(losses) ?? "/losses",
    message:
      "The losses are means over different numbers of entries, so several processes do not know their shares of the sum.",
    hint: losses.some(({ type }) => type === "sequence_loss")
      ? 'Train in one process, or use cross_entropy in place of sequence_loss, and "reduction": "sum" in all losses.'
      : 'Train in one process, or set "reduction" to "sum" in all losses.',
  };
}

function varyingStepsProblem({ recurrence }: CompileOptions): Problem {
  return {
    code: "recurrence-steps",
    path: "/data",
    message: `--recurrence ${recurrence} needs sequences of one length, but the sequences of this data differ in length.`,
    hint: "Remove --recurrence, or choose loop.",
  };
}

function noFormProblem({ recurrence }: CompileOptions): Problem {
  return {
    code: "recurrence-form",
    path: "/model",
    message: `--recurrence ${recurrence} has no effect: the model has no linear recurrence.`,
    hint: "Remove --recurrence, or use a cell that is linear in its state, such as minlstm.",
  };
}

function unknownStepsProblem({ train }: NormalSpec, { origins }: CompileOptions): Problem {
  return {
    code: "memory-steps",
    path: origins?.pathOf(train, "memory") ?? "/train/memory",
    message:
      'With "memory": "low" sequences are split into segments of equal length, but the sequences of this data differ in length.',
    hint: 'Remove "memory", or use "accumulate", which needs the memory of one micro-batch.',
  };
}

/** The problem of axes of different names, `time` and `second_time`, which elaboration leaves to the data. */
function disagreementProblem({ inputs, side_inputs, targets, weights }: Signature): Problem {
  const arrays = [
    ...Object.entries({ inputs, ...side_inputs }),
    ...targetArrays({ targets }),
    ...Object.entries(weights ? { weights } : {}),
  ];
  const shapes = arrays.map(([name, { shape }]) => `${name} [${shape.join(", ")}]`).join(", ");
  return {
    code: "array-shape",
    path: "/data",
    message: `The data's arrays differ in sizes that the model needs equal: ${shapes}.`,
    hint: "Give equal sizes to arrays that layers combine, and to targets and outputs.",
  };
}

/** Stages prepared, mixed and gradient: the loss and its gradients, accumulated over micro-batches. */
export function differentiateLoss(
  program: TrainingProgram,
  { spec, signature, options }: CompileInput,
): GradientProgram {
  const { lossProgram, countProgram, microBatches } = program;
  const { run, optimize, context } = stageRunner(perMicroBatch(signature, microBatches), options);
  // The number of time steps is fixed only where a linear recurrence takes another form than its loop, or a loop is
  // unrolled: elsewhere any length remains possible.
  const { steps: timeSteps } = signature;
  const isFixed = timeSteps !== undefined && gainsFromFixedTime(lossProgram.graph, context, disabledPassesOf(options));
  const withFixedTime = (graph: Graph) => (isFixed ? substituteDims(graph, new Map([["time", timeSteps]])) : graph);
  const forward = withFixedTime(lossProgram.graph);
  const prepared = run("prepared", forward, forwardPasses);
  const parameterIndices = lossProgram.inputs.flatMap((port, index) => (isParameter(port) ? [index] : []));
  const gradient = (graph: Graph) => run("gradient", graph);
  const microBatchGradient =
    spec.train.precision === "float32"
      ? gradient(differentiate(prepared, 0, parameterIndices))
      : gradient(
          scaledGradient(
            run("mixed", withMixedPrecision(prepared, lossProgram), mixedPrecisionPasses),
            parameterIndices,
          ),
        );
  return {
    ...program,
    prepared,
    // A micro-batch is optimized alone: nothing moves out of the loop over micro-batches.
    gradient:
      microBatches > 1
        ? accumulate(
            optimize("gradient", microBatchGradient, stepPasses),
            lossProgram.inputs,
            microBatches,
            countProgram && { ...countProgram, graph: withFixedTime(countProgram.graph) },
          )
        : microBatchGradient,
    isSum: needsSums(microBatches, options),
    ports: lossProgram.inputs.filter(({ role }) => role !== "count"),
  };
}

/** Gradients multiplied by the loss scale, which is the last input. */
function scaledGradient(forward: Graph, parameterIndices: readonly number[]): Graph {
  return differentiate(withScaleInput(forward), 0, parameterIndices, forward.inputs.length);
}

/** A forward graph that computes in float16 where that is safe; data inputs keep their type. */
function withMixedPrecision(graph: Graph, { inputs }: Pick<Program, "inputs">): Graph {
  return autocast(
    graph,
    inputs.flatMap(({ role }, index) => (role === "data" || role === "count" ? [index] : [])),
  );
}

/** Stages step and optimized: one optimizer update of a batch. */
export function buildStep(program: GradientProgram, { spec, signature, options }: CompileInput): TrainingStep {
  const { microBatches, wholeProgram, isSum } = program;
  const { run } = stageRunner(perMicroBatch(signature, microBatches), options);
  const { graph, ports } = overWholeBatch(program.gradient, program.ports);
  const gradient = isSum ? averageSums(graph, ports, wholeProgram.batching) : graph;
  const step = buildStepGraph(gradient, ports, resolveOptimizer(spec), spec.train.precision);
  return {
    ...program,
    gradient,
    hasFloat16: spec.train.precision !== "float32",
    unoptimizedStep: run("step", step.graph),
    step: { ...step, graph: run("optimized", step.graph, microBatches > 1 ? canonicalize : stepPasses) },
  };
}

/** Stage train: K steps in one graph. */
export function loopOverSteps(
  { lossProgram, step }: TrainingStep,
  { signature, options }: CompileInput,
): GraphWithPorts {
  const graph = stageRunner(signature, options).run("train", trainingGraph(step), stepLoopPasses);
  return { graph, ports: trainingPorts(lossProgram, step, graph) };
}

/** Stages shard and update: the gradient step and the apply step of data parallelism. */
export function splitStep(
  program: GradientProgram,
  { spec, signature, options }: CompileInput,
): { readonly gradient: GraphWithPorts; readonly update: GraphWithPorts } {
  const { lossProgram, microBatches, wholeProgram } = program;
  const { train } = spec;
  const optimizer = resolveOptimizer(spec);
  const { run } = stageRunner(perMicroBatch(signature, microBatches), options);
  const dataParallelGraph = (stage: "shard" | "update", built: DataParallelGraph, passes: Pipeline): GraphWithPorts => {
    const graph = run(stage, built.graph, passes);
    return { graph, ports: dataParallelPorts({ ...built, graph }) };
  };
  const parameters = lossProgram.graph.inputs.filter((_, index) => lossProgram.inputs[index]?.role === "parameter");
  const update = applyStep(spec.name, parameters, { optimizer, precision: train.precision }, wholeProgram.batching);
  return {
    gradient: dataParallelGraph(
      "shard",
      gradientStep(program.gradient, program.ports, optimizer, train.precision),
      microBatches > 1 ? canonicalize : stepPasses,
    ),
    update: dataParallelGraph("update", update, stepPasses),
  };
}
