/** Lowering: from a spec to one optimized training step, whole or in two halves. The middle of the pipeline of compile.ts. */
import { portionsOf } from "../schema/batches.js";
import type { Problem } from "../schema/diagnostics.js";
import type { NormalSpec } from "../schema/normal.js";
import type { Origins } from "../schema/origins.js";
import { differentiate } from "./autodiff/reverse.js";
import { accumulate, settled } from "./elaborate/accumulate.js";
import { loops } from "./elaborate/context.js";
import { elaborate } from "./elaborate/index.js";
import { withScaleInput } from "./elaborate/loss-scale.js";
import { isParameter, type OutputPort, type Program, partOf } from "./elaborate/program.js";
import { gradientHalf, updateHalf } from "./elaborate/shard.js";
import { withUpdate } from "./elaborate/update.js";
import { verify } from "./graph/verify.js";
import type { Graph } from "./ir/types.js";
import type { Lowered } from "./lowered.js";
import { forwardPasses, mixedPasses, runPasses, stepPasses, tidy } from "./passes/index.js";
import { hasParallelLoop } from "./passes/parallel.js";
import { mixed } from "./precision/mixed.js";
import { inPortions, type Signature, withKnownSteps } from "./signature.js";

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

export interface CompileOptions {
  /** Places problems in the user's text. */
  readonly origins?: Origins;
  /** Names of passes to leave out. */
  readonly without?: readonly string[];
  /** Whether the step is wanted in two halves too, for processes that share a batch. */
  readonly shared?: boolean;
  /** What will run the training, where that is not a processor or a device that runs loops. */
  readonly target?: "webgpu";
  /** Called with each stage's graph as it is made. */
  readonly onStage?: (stage: Stage, graph: Graph) => void;
  /** Called after each pass of each stage. */
  readonly onPass?: (stage: Stage, pass: string, graph: Graph) => void;
}

/** The user's mistakes. */
export interface Refused {
  readonly ok: false;
  readonly problems: readonly Problem[];
}

/** From the spec to one optimized training step. */
export function lower(
  spec: NormalSpec,
  signature: Signature,
  options: CompileOptions = {},
): { readonly ok: true; readonly lowered: Lowered } | Refused {
  const differentiated = gradientOf(spec, signature, options);
  if (!differentiated.ok) return differentiated;
  const { program, loss, prepared, gradient, portions, watch, optimize } = differentiated;
  const whole = portions > 1 ? settled(gradient, program.parts) : gradient;
  const step = withUpdate(whole, loss.inputs, spec.optimizer, spec.train.precision);
  watch("step", step.graph);
  const optimized = watch("optimized", optimize("optimized", step.graph, portions > 1 ? tidy : stepPasses));
  return {
    ok: true,
    lowered: {
      forward: program,
      program: loss,
      prepared,
      gradient: whole,
      portions,
      halved: spec.train.precision !== "float32",
      update: step.graph,
      step: { ...step, graph: optimized },
    },
  };
}

/**
 * From the spec to the loss and its gradients; for rows of a shared batch, and for portions, to the sums that they come from.
 *
 * @param shared whether the rows are a part of a batch that several processes share.
 */
function gradientOf(spec: NormalSpec, signature: Signature, options: CompileOptions, shared = false) {
  const trained = trainedPart(spec, signature, options, shared);
  if (!trained.ok) return trained;
  const { program, loss, portions } = trained;
  const { watch, optimize } = observed(inPortions(signature, portions), options);
  watch("forward", program.graph);
  const parameters = loss.inputs.flatMap((port, index) => (isParameter(port) ? [index] : []));
  const prepared = watch("prepared", optimize("prepared", loss.graph, forwardPasses));
  const half =
    spec.train.precision !== "float32" && watch("mixed", optimize("mixed", inHalf(prepared, loss), mixedPasses));
  const once = watch(
    "gradient",
    half
      ? differentiate(withScaleInput(half), 0, parameters, half.inputs.length)
      : differentiate(prepared, 0, parameters),
  );
  // A portion is optimized by itself: nothing of it may leave the loop over portions.
  const gradient = portions > 1 ? accumulate(optimize("gradient", once, stepPasses), loss.inputs, portions) : once;
  return { ok: true as const, program, loss, prepared, gradient, portions, watch, optimize };
}

/** A forward graph with float16 where that is safe; data stays as it is given. */
export function inHalf(graph: Graph, { inputs }: Pick<Program, "inputs">): Graph {
  return mixed(
    graph,
    inputs.flatMap(({ role }, index) => (role === "data" ? [index] : [])),
  );
}

/** The program of a step or of one of its portions, and of it the loss (in parts its total and count) and the states that go on. */
export function trainedPart(spec: NormalSpec, signature: Signature, options: CompileOptions, shared = false) {
  const portions = portionsOf(spec.train);
  const unrolls = spec.model.some((layer) => layer.layer === "rnn" && layer.unroll);
  const chunked = spec.train.memory === "low";
  if (chunked && signature.steps === undefined) return { ok: false as const, problems: [noKnownSteps(spec, options)] };
  const ways = {
    shared,
    recurrences: { ...loops, chunked },
    bits: options.target === "webgpu" ? (32 as const) : (64 as const),
  };
  const elaborateFor = (data: Signature) => elaborate(spec, data, "training", options.origins, ways);
  const first = elaborateFor(unrolls || chunked ? withKnownSteps(signature) : signature);
  if (!first.ok) return first;
  // A number of steps that is known is only written out where something is made of it: other lengths stay possible.
  const { context } = observed(inPortions(signature, portions), {});
  const mayBe = signature.steps !== undefined && !options.without?.includes("parallel");
  const inParallel = mayBe && hasParallelLoop(first.program.graph, context);
  const elaborated = inParallel ? elaborateFor(withKnownSteps(signature)) : first;
  if (!elaborated.ok) return elaborated;
  const { program } = elaborated;
  const carried = new Set(program.inputs.filter(({ role }) => role === "state").map(({ name }) => name));
  const worth = portions > 1 || shared ? ["loss/total", "loss/count"] : ["loss"];
  const isKept = ({ role, name }: OutputPort) =>
    role === "loss" ? worth.includes(name) : role === "state" && carried.has(name);
  return { ok: true as const, program, loss: partOf(program, isKept), portions };
}

function noKnownSteps({ train }: NormalSpec, { origins }: CompileOptions): Problem {
  return {
    code: "memory-steps",
    path: origins?.pathOf(train, "memory") ?? "/train/memory",
    message: "With little memory sequences are run in chunks, and the sequences of this data are of different lengths.",
    hint: 'Leave "memory" out, or use "accumulate": a batch in portions takes the memory of one.',
  };
}

/** The step in two halves. The spec has been lowered already, and has no other problem than that its loss cannot be shared. */
export function halvesOf(spec: NormalSpec, signature: Signature, options: CompileOptions) {
  const { without, onStage, onPass } = options;
  const late = (stage: Stage) => stage === "shard" || stage === "update";
  const differentiated = gradientOf(
    spec,
    signature,
    {
      without: without ?? [],
      ...(options.origins && { origins: options.origins }),
      onStage: (stage, graph) => late(stage) && onStage?.(stage, graph),
      onPass: (stage, pass, graph) => late(stage) && onPass?.(stage, pass, graph),
    },
    true,
  );
  if (!differentiated.ok) return differentiated;
  const { program, loss, gradient, portions, watch, optimize } = differentiated;
  const { precision } = spec.train;
  const first = gradientHalf(gradient, loss.inputs, spec.optimizer, precision);
  const parameters = loss.graph.inputs.filter((_, index) => loss.inputs[index]?.role === "parameter");
  const second = updateHalf(spec.name, parameters, { optimizer: spec.optimizer, precision }, program.parts);
  return {
    ok: true as const,
    gradient: { ...first, graph: watch("shard", optimize("shard", first.graph, portions > 1 ? tidy : stepPasses)) },
    update: { ...second, graph: watch("update", optimize("update", second.graph, stepPasses)) },
  };
}

/** Stages as they are made: verified, and shown to whoever watches. */
export function observed(signature: Signature, { without = [], target, onStage, onPass }: CompileOptions) {
  const context = { expected: new Map(Object.entries(signature.expected)), cached: target !== "webgpu" };
  return {
    context,
    watch(stage: Stage, graph: Graph): Graph {
      verify(graph, stage);
      onStage?.(stage, graph);
      return graph;
    },
    optimize: (stage: Stage, graph: Graph, list: Parameters<typeof runPasses>[1]) =>
      runPasses(graph, list, context, without, (pass, result) => onPass?.(stage, pass.name, result)),
  };
}
