/**
 * The compiler.
 *
 *   NormalSpec ─elaborate─▶ forward ─passes─▶ prepared ─differentiate─▶ gradient ─update─▶ step ─passes─▶ optimized
 *     ─repeat─▶ train ─emit─▶ train.onnx                    forward, in parts ─passes─▶ eval.onnx, model.onnx
 *
 * Every arrow is a function from graph to graph; each result is verified, and can be watched with `onStage`.
 */
import { createHash } from "node:crypto";
import { portionsOf } from "../schema/batches.js";
import type { Problem } from "../schema/diagnostics.js";
import type { NormalSpec } from "../schema/normal.js";
import type { Origins } from "../schema/origins.js";
import { packageVersion } from "../schema/root.js";
import { needsWhole } from "../schema/streaming.js";
import { type Analysis, analysisOf, memoryOf } from "./analyze.js";
import type { Artifact, Ports } from "./artifact.js";
import { differentiate } from "./autodiff/reverse.js";
import { accumulate } from "./elaborate/accumulate.js";
import { elaborate } from "./elaborate/index.js";
import { isParameter, type OutputPort, partOf } from "./elaborate/program.js";
import { repeatSteps } from "./elaborate/repeat.js";
import { withUpdate } from "./elaborate/update.js";
import { forwardPart } from "./forward.js";
import { verify } from "./graph/verify.js";
import type { Graph } from "./ir/types.js";
import type { Lowered } from "./lowered.js";
import { forwardPorts, makeManifest, trainingPorts } from "./manifest.js";
import { forwardPasses, runPasses, stepPasses, tidy } from "./passes/index.js";
import { inPortions, type Signature, withAnyBatch, withKnownSteps } from "./signature.js";

export type { Analysis, LayerSummary } from "./analyze.js";

/** The stages whose graphs `onStage` sees, in order. */
export const stages = [
  "forward",
  "prepared",
  "gradient",
  "step",
  "optimized",
  "train",
  "eval",
  "model",
  "stream",
] as const;
export type Stage = (typeof stages)[number];

/** Opset 18 is the highest that the CUDA provider has every operator for; opset 17 is what other runtimes read. */
const TRAINING_OPSET = 18;
const INFERENCE_OPSET = 17;
const IR_VERSION = 8;

export interface CompileOptions {
  /** Places problems in the user's text. */
  readonly origins?: Origins;
  /** Names of passes to leave out. */
  readonly without?: readonly string[];
  /** Called with each stage's graph as it is made. */
  readonly onStage?: (stage: Stage, graph: Graph) => void;
  /** Called after each pass of each stage. */
  readonly onPass?: (stage: Stage, pass: string, graph: Graph) => void;
}

export type CompileResult =
  | { readonly ok: true; readonly artifact: Artifact }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Everything that can be known of a spec without its data.
 *
 * @param signature may hold symbols (`vocabulary`) where only the data knows.
 */
export function check(spec: NormalSpec, signature: Signature, origins?: Origins): readonly Problem[] {
  const elaborated = elaborate(spec, signature, "training", origins);
  if (!elaborated.ok) return elaborated.problems;
  verify(elaborated.program.graph, "elaborate");
  return [];
}

export type LowerResult = { readonly ok: true; readonly lowered: Lowered } | Extract<CompileResult, { ok: false }>;

/** From the spec to one optimized training step. */
export function lower(spec: NormalSpec, signature: Signature, options: CompileOptions = {}): LowerResult {
  const portions = portionsOf(spec.train);
  const { watch, optimize } = observed(inPortions(signature, portions), options);
  const unrolls = spec.model.some((layer) => layer.layer === "rnn" && layer.unroll);
  const trained = unrolls ? withKnownSteps(signature) : signature;
  const elaborated = elaborate(spec, trained, "training", options.origins);
  if (!elaborated.ok) return elaborated;
  const { program } = elaborated;
  watch("forward", program.graph);

  // The loss (in portions its total and count), and the last states of the layers whose states are fed.
  const carried = new Set(program.inputs.filter(({ role }) => role === "state").map(({ name }) => name));
  const worth = portions > 1 ? ["loss/total", "loss/count"] : ["loss"];
  const isKept = ({ role, name }: OutputPort) =>
    role === "loss" ? worth.includes(name) : role === "state" && carried.has(name);
  const loss = partOf(program, isKept);
  const parameters = loss.inputs.flatMap((port, index) => (isParameter(port) ? [index] : []));
  const prepared = watch("prepared", optimize("prepared", loss.graph, forwardPasses));
  const gradient = watch("gradient", differentiate(prepared, 0, parameters));
  // A portion is optimized by itself: nothing of it may leave the loop over portions.
  const whole =
    portions > 1
      ? accumulate(optimize("gradient", gradient, stepPasses), loss.inputs, portions, program.parts)
      : gradient;
  const step = withUpdate(whole, loss.inputs, spec.optimizer);
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
      update: step.graph,
      step: { ...step, graph: optimized },
    },
  };
}

/**
 * Compiles a spec for data of a signature.
 *
 * @returns the artifact, or the user's mistakes. Throws only when the compiler itself is wrong.
 */
export async function compile(
  spec: NormalSpec,
  signature: Signature,
  options: CompileOptions = {},
): Promise<CompileResult> {
  const { watch, optimize } = observed(signature, options);
  const lowering = lower(spec, signature, options);
  if (!lowering.ok) return lowering;
  const { program, step } = lowering.lowered;

  const anyBatch = withAnyBatch(signature);
  const evaluation = forwardPart(spec, anyBatch, "evaluation", ["loss", "metric", "prediction", "state"]);
  const inference = forwardPart(spec, anyBatch, "inference", ["prediction", "state"]);
  // Streams mostly go step by step.
  const pieces = observed({ ...signature, expected: { batch: 1, time: 1 } }, options);
  const streaming =
    needsWhole(spec.model) === undefined ? forwardPart(spec, anyBatch, "stream", ["prediction", "state"]) : null;

  const states = step.graph.outputs.length - REPORTED;
  const train = watch("train", repeatSteps(step.graph, states, step.fixed.length));
  const evaluate = watch("eval", optimize("eval", evaluation.graph, stepPasses));
  const infer = watch("model", optimize("model", inference.graph, stepPasses));
  const stream = streaming && watch("stream", pieces.optimize("stream", streaming.graph, stepPasses));

  const { emitModel } = await import("./emit/onnx.js");
  const ports = {
    train: trainingPorts(program, step, train),
    eval: forwardPorts(evaluation, evaluate),
    model: forwardPorts(inference, infer),
    stream: streaming && stream && forwardPorts(streaming, stream),
  };
  const emit = (name: string, graph: Graph, { inputs, outputs }: Ports, opset: number, initializers: string[] = []) =>
    emitModel(graph, {
      name,
      opset,
      irVersion: IR_VERSION,
      inputs: inputs.map((port) => port.name),
      outputs: outputs.map((port) => port.name),
      initializers,
    });
  const emitStream = (initializers: (of: Ports) => string[]) =>
    stream && ports.stream && emit(spec.name, stream, ports.stream, INFERENCE_OPSET, initializers(ports.stream));
  const weights = ({ inputs }: Ports) => inputs.filter(({ role }) => role === "parameter").map(({ name }) => name);
  return {
    ok: true,
    artifact: {
      train: await emit(`${spec.name}/train`, train, ports.train, TRAINING_OPSET),
      eval: await emit(`${spec.name}/eval`, evaluate, ports.eval, TRAINING_OPSET),
      model: await emit(spec.name, infer, ports.model, INFERENCE_OPSET, weights(ports.model)),
      stream: await emitStream(weights),
      sampler: spec.train.sample === null ? null : await emitStream(() => []),
      manifest: makeManifest(program, step, ports, {
        name: spec.name,
        rnnx: packageVersion(),
        hash: createHash("sha256")
          .update(JSON.stringify([spec, signature]))
          .digest("hex"),
        opset: { training: TRAINING_OPSET, inference: INFERENCE_OPSET },
      }),
    },
  };
}

/** A step's outputs that are not carried: loss and gradient norm. */
const REPORTED = 2;

/** Parameters, shapes, operations and memory of a spec that `check` finds nothing wrong with. */
export function analyze(spec: NormalSpec, signature: Signature): Analysis {
  const lowering = lower(spec, signature);
  if (!lowering.ok) throw new Error(lowering.problems.map(({ message }) => message).join("; "));
  return analysisOf(signature, lowering.lowered);
}

/**
 * What training takes, in bytes, as a function of the batch size: the spec is lowered once.
 *
 * @throws when `check` finds something wrong with the spec.
 */
export function memoryByBatch(spec: NormalSpec, signature: Signature): (batch: number) => number {
  const lowering = lower(spec, signature);
  if (!lowering.ok) throw new Error(lowering.problems.map(({ message }) => message).join("; "));
  return (batch) => memoryOf({ ...signature, expected: { ...signature.expected, batch } }, lowering.lowered).total;
}

/** Stages as they are made: verified, and shown to whoever watches. */
function observed(signature: Signature, { without = [], onStage, onPass }: CompileOptions) {
  const context = { expected: new Map(Object.entries(signature.expected)) };
  return {
    watch(stage: Stage, graph: Graph): Graph {
      verify(graph, stage);
      onStage?.(stage, graph);
      return graph;
    },
    optimize: (stage: Stage, graph: Graph, list: Parameters<typeof runPasses>[1]) =>
      runPasses(graph, list, context, without, (pass, result) => onPass?.(stage, pass.name, result)),
  };
}
