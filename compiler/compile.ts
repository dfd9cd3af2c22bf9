/**
 * The compiler.
 *
 *   NormalSpec ─elaborate─▶ forward ─passes─▶ prepared ─differentiate─▶ gradient ─update─▶ step ─passes─▶ optimized
 *     ─repeat─▶ train ─emit─▶ train.onnx                    forward, in parts ─passes─▶ eval.onnx, model.onnx
 *
 * For processes that share a batch, the step is in two halves: gradient ─flatten, passes─▶ shard, update.
 *
 * Every arrow is a function from graph to graph; each result is verified, and can be watched with `onStage`.
 */
import { createHash } from "node:crypto";
import type { NormalSpec } from "../schema/normal.js";
import { packageVersion } from "../schema/root.js";
import { needsWhole } from "../schema/streaming.js";
import { type Analysis, analysisOf, memoryOf, type Training } from "./analyze.js";
import { type Artifact, carriedRoles, type Ports, type Role } from "./artifact.js";
import { type Bound, bound, copies, halfTrial, type Section } from "./bound.js";
import { trainingGraph } from "./elaborate/repeat.js";
import { forwardPart } from "./forward.js";
import type { Graph } from "./ir/types.js";
import { type CompileOptions, halvesOf, lower, observed, type Refused } from "./lower.js";
import { forwardPorts, halfPorts, makeManifest, trainingPorts } from "./manifest.js";
import { callPasses, stepPasses } from "./passes/index.js";
import { type Signature, withAnyBatch } from "./signature.js";

export type { Analysis, LayerSummary } from "./analyze.js";
export { check } from "./check.js";
export { type CompileOptions, lower, type Stage, stages } from "./lower.js";

/** Opset 18 is the highest that the CUDA provider has every operator for; opset 17 is what other runtimes read. */
const TRAINING_OPSET = 18;
const INFERENCE_OPSET = 17;
const IR_VERSION = 8;

export type CompileResult =
  | {
      readonly ok: true;
      readonly artifact: Artifact;
      /** What training takes at its peak, in bytes, by the size of the batch. */
      readonly memoryAt: (batch: number) => number;
      readonly models: BoundModels;
    }
  | Refused;

/** Models for arrays of known sizes, by the sizes of `steps`, `batch`, `time` and others, with the ports of the artifact's. */
export interface BoundModels {
  readonly train: (sizes: ReadonlyMap<string, number>) => Promise<BoundModel>;
  readonly eval: (sizes: ReadonlyMap<string, number>) => Promise<BoundModel>;
  /** What gives parameters, slots or states again as `copy/<name>`: for reading what lies on a device. */
  readonly copies: (role: Role, sizes: ReadonlyMap<string, number>) => Promise<BoundModel>;
  /** Where the training has numbers of 16 bits: what makes `y` of `x`, float32 [1], by such a number, which not every device has. */
  readonly trial: (() => Promise<BoundModel>) | null;
}

export interface BoundModel {
  readonly model: Uint8Array;
  /** What its output `report` holds, one after the other. */
  readonly report: readonly Section[];
}

/**
 * Compiles a spec for data of a signature: `train.onnx` (K updates in a call), `eval.onnx`, `model.onnx` and their manifest. Sequences are batch-major
 * at every interface, [batch, time, …].
 *
 * ```ts
 * const opened = await openData(spec, folder);
 * if (opened.ok) await compile(spec, opened.source.signature(spec.train));
 * ```
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
  const halves = options.shared ? halvesOf(spec, signature, options) : null;
  if (halves?.ok === false) return halves;

  const anyBatch = withAnyBatch(signature);
  const inference = forwardPart(spec, anyBatch, "inference", ["prediction", "state"]);
  // Streams mostly go step by step.
  const pieces = observed({ ...signature, expected: { batch: 1, time: 1 } }, options);
  const streaming =
    needsWhole(spec.model) === undefined ? forwardPart(spec, anyBatch, "stream", ["prediction", "state"]) : null;

  const train = watch("train", optimize("train", trainingGraph(step), callPasses));
  const evaluation = evaluationOf(spec, signature, options);
  const infer = watch("model", optimize("model", inference.graph, stepPasses));
  const stream = streaming && watch("stream", pieces.optimize("stream", streaming.graph, stepPasses));

  const { emitModel } = await import("./emit/onnx.js");
  const ports = {
    train: trainingPorts(program, step, train),
    eval: forwardPorts(evaluation.program, evaluation.graph),
    model: forwardPorts(inference, infer),
    stream: streaming && stream && forwardPorts(streaming, stream),
    shard: halves && { gradient: halfPorts(halves.gradient), update: halfPorts(halves.update) },
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
  const emitBound = async ({ graph, inputs, outputs, report }: Bound): Promise<BoundModel> => {
    const face = { name: graph.name, opset: TRAINING_OPSET, irVersion: IR_VERSION, inputs, outputs };
    return { model: await emitModel(graph, face), report };
  };
  const emitStream = (initializers: (of: Ports) => string[]) =>
    stream && ports.stream && emit(spec.name, stream, ports.stream, INFERENCE_OPSET, initializers(ports.stream));
  const weights = ({ inputs }: Ports) => inputs.filter(({ role }) => role === "parameter").map(({ name }) => name);
  return {
    ok: true,
    memoryAt: memoryAt(signature, { lowered: lowering.lowered, evaluation: evaluation.graph, train: spec.train }),
    models: {
      train: (sizes) => emitBound(bound(train, ports.train, sizes, carriedRoles)),
      eval: (sizes) => emitBound(bound(evaluation.graph, ports.eval, sizes)),
      trial: spec.train.precision === "float32" ? null : () => emitBound(halfTrial()),
      copies: (role, sizes) =>
        emitBound(
          copies(
            ports.train.inputs.filter((port) => port.role === role),
            sizes,
          ),
        ),
    },
    artifact: {
      train: await emit(`${spec.name}/train`, train, ports.train, TRAINING_OPSET),
      eval: await emit(`${spec.name}/eval`, evaluation.graph, ports.eval, TRAINING_OPSET),
      model: await emit(spec.name, infer, ports.model, INFERENCE_OPSET, weights(ports.model)),
      stream: await emitStream(weights),
      shard: halves &&
        ports.shard && {
          gradient: await emit(`${spec.name}/gradient`, halves.gradient.graph, ports.shard.gradient, TRAINING_OPSET),
          update: await emit(`${spec.name}/update`, halves.update.graph, ports.shard.update, TRAINING_OPSET),
        },
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

export type AnalyzeResult = { readonly ok: true; readonly analysis: Analysis } | Refused;

/**
 * Layers with their output shapes and parameters; floating-point operations of a training step; bytes of its parts, for the batch and time that the
 * signature expects.
 *
 * @returns the analysis, or the user's mistakes, as `compile` does.
 */
export function analyze(
  spec: NormalSpec,
  signature: Signature,
  options: Pick<CompileOptions, "origins"> = {},
): AnalyzeResult {
  const found = trainingOf(spec, signature, options);
  return found.ok ? { ok: true, analysis: analysisOf(signature, found.training) } : found;
}

export type MemoryResult = { readonly ok: true; readonly memoryAt: (batch: number) => number } | Refused;

/** What training takes, in bytes, as a function of the batch size: the spec is lowered once. */
export function memoryByBatch(spec: NormalSpec, signature: Signature): MemoryResult {
  const found = trainingOf(spec, signature);
  return found.ok ? { ok: true, memoryAt: memoryAt(signature, found.training) } : found;
}

/** All that a training computes, without what computes it. */
function trainingOf(
  spec: NormalSpec,
  signature: Signature,
  options: CompileOptions = {},
): { readonly ok: true; readonly training: Training } | Refused {
  const lowering = lower(spec, signature, options);
  if (!lowering.ok) return lowering;
  const { graph: evaluation } = evaluationOf(spec, signature, options);
  return { ok: true, training: { lowered: lowering.lowered, evaluation, train: spec.train } };
}

/** What gives loss, metrics and predictions, for data of any batch size and length. */
function evaluationOf(spec: NormalSpec, signature: Signature, options: CompileOptions) {
  const { watch, optimize } = observed(signature, options);
  const program = forwardPart(spec, withAnyBatch(signature), "evaluation", ["loss", "metric", "prediction", "state"]);
  return { program, graph: watch("eval", optimize("eval", program.graph, stepPasses)) };
}

function memoryAt(signature: Signature, training: Training): (batch: number) => number {
  return (batch) => memoryOf({ ...signature, expected: { ...signature.expected, batch } }, training).total;
}
