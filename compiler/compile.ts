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
import { whyNotStreamable } from "../schema/kinds/layers.js";
import type { NormalSpec } from "../schema/normal/index.js";
import { packageVersion } from "../schema/package-root.js";
import { type Artifact, carriedRoles, type Ports, type Role } from "./artifact.js";
import { type Analysis, analysisOf, memoryOf, type TrainingGraphs } from "./inspect/analyze.js";
import type { Graph } from "./ir/types.js";
import { INFERENCE_OPSET, IR_VERSION, TRAINING_OPSET } from "./onnx/versions.js";
import { stepLoopPasses, stepPasses } from "./optimize/pipeline.js";
import { forwardProgram } from "./pipeline/forward.js";
import { dataParallelPorts, forwardPorts, makeManifest, trainingPorts } from "./pipeline/manifest.js";
import {
  float16Probe,
  type HostOutput,
  readbackGraph,
  type SpecializedGraph,
  specialize,
} from "./pipeline/specialize.js";
import {
  buildTrainingStep,
  type CompileFailure,
  type CompileOptions,
  dataParallelStep,
  stageRunner,
} from "./pipeline/training-step.js";
import { type Signature, withDynamicShapes } from "./signature.js";
import { trainingGraph } from "./training/step-loop.js";

export { check } from "./check.js";
export type { Analysis, LayerSummary } from "./inspect/analyze.js";
export { buildTrainingStep as lower, type CompileOptions, type Stage, stages } from "./pipeline/training-step.js";

export type CompileResult =
  | {
      readonly ok: true;
      readonly artifact: Artifact;
      /** What training takes at its peak, in bytes, by the size of the batch. */
      readonly memoryAt: (batch: number) => number;
      readonly models: SpecializedModels;
    }
  | CompileFailure;

/** Models for arrays of known sizes, by the sizes of `steps`, `batch`, `time` and others, with the ports of the artifact's. */
export interface SpecializedModels {
  readonly train: (sizes: ReadonlyMap<string, number>) => Promise<SpecializedModel>;
  readonly eval: (sizes: ReadonlyMap<string, number>) => Promise<SpecializedModel>;
  /** What gives parameters, slots or states again as `copy/<name>`: for reading what lies on a device. */
  readonly readback: (role: Role, sizes: ReadonlyMap<string, number>) => Promise<SpecializedModel>;
  /** Where the training has numbers of 16 bits: what makes `y` of `x`, float32 [1], by such a number, which not every device has. */
  readonly float16Probe: (() => Promise<SpecializedModel>) | null;
}

export interface SpecializedModel {
  readonly model: Uint8Array;
  /** What its output `report` holds, one after the other. */
  readonly hostOutputs: readonly HostOutput[];
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
  const { verifyStage, optimize } = stageRunner(signature, options);
  const result = buildTrainingStep(spec, signature, options);
  if (!result.ok) return result;
  const { lossProgram, step } = result.trainingStep;
  const dataParallel = options.dataParallel ? dataParallelStep(spec, signature, options) : null;
  if (dataParallel?.ok === false) return dataParallel;

  const dynamicSignature = withDynamicShapes(signature);
  const inferenceProgram = forwardProgram(spec, dynamicSignature, "inference", ["prediction", "state"]);
  // Streams mostly go step by step.
  const streamRunner = stageRunner({ ...signature, expected: { batch: 1, time: 1 } }, options);
  const streamProgram =
    whyNotStreamable(spec.model) === undefined
      ? forwardProgram(spec, dynamicSignature, "stream", ["prediction", "state"])
      : null;

  const train = verifyStage("train", optimize("train", trainingGraph(step), stepLoopPasses));
  const evaluation = buildEvaluation(spec, signature, options);
  const inferenceGraph = verifyStage("model", optimize("model", inferenceProgram.graph, stepPasses));
  const stream =
    streamProgram && verifyStage("stream", streamRunner.optimize("stream", streamProgram.graph, stepPasses));

  const { emitModel } = await import("./onnx/write/model.js");
  const ports = {
    train: trainingPorts(lossProgram, step, train),
    eval: forwardPorts(evaluation.program, evaluation.graph),
    model: forwardPorts(inferenceProgram, inferenceGraph),
    stream: streamProgram && stream && forwardPorts(streamProgram, stream),
    shard: dataParallel && {
      gradient: dataParallelPorts(dataParallel.gradient),
      update: dataParallelPorts(dataParallel.update),
    },
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
  const emitSpecialized = async ({
    graph,
    inputs,
    outputs,
    hostOutputs,
  }: SpecializedGraph): Promise<SpecializedModel> => {
    const modelInterface = { name: graph.name, opset: TRAINING_OPSET, irVersion: IR_VERSION, inputs, outputs };
    return { model: await emitModel(graph, modelInterface), hostOutputs };
  };
  const emitStream = (initializers: (of: Ports) => string[]) =>
    stream && ports.stream && emit(spec.name, stream, ports.stream, INFERENCE_OPSET, initializers(ports.stream));
  const parameterNames = ({ inputs }: Ports) =>
    inputs.filter(({ role }) => role === "parameter").map(({ name }) => name);
  return {
    ok: true,
    memoryAt: memoryAt(signature, {
      trainingStep: result.trainingStep,
      evaluation: evaluation.graph,
      train: spec.train,
    }),
    models: {
      train: (sizes) => emitSpecialized(specialize(train, ports.train, sizes, carriedRoles)),
      eval: (sizes) => emitSpecialized(specialize(evaluation.graph, ports.eval, sizes)),
      float16Probe: spec.train.precision === "float32" ? null : () => emitSpecialized(float16Probe()),
      readback: (role, sizes) =>
        emitSpecialized(
          readbackGraph(
            ports.train.inputs.filter((port) => port.role === role),
            sizes,
          ),
        ),
    },
    artifact: {
      train: await emit(`${spec.name}/train`, train, ports.train, TRAINING_OPSET),
      eval: await emit(`${spec.name}/eval`, evaluation.graph, ports.eval, TRAINING_OPSET),
      model: await emit(spec.name, inferenceGraph, ports.model, INFERENCE_OPSET, parameterNames(ports.model)),
      stream: await emitStream(parameterNames),
      shard: dataParallel &&
        ports.shard && {
          gradient: await emit(
            `${spec.name}/gradient`,
            dataParallel.gradient.graph,
            ports.shard.gradient,
            TRAINING_OPSET,
          ),
          update: await emit(`${spec.name}/update`, dataParallel.update.graph, ports.shard.update, TRAINING_OPSET),
        },
      sampler: spec.train.sample === null ? null : await emitStream(() => []),
      manifest: makeManifest(lossProgram, step, ports, {
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

export type AnalyzeResult = { readonly ok: true; readonly analysis: Analysis } | CompileFailure;

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
  const result = lowerForAnalysis(spec, signature, options);
  return result.ok ? { ok: true, analysis: analysisOf(signature, result.training) } : result;
}

export type MemoryResult = { readonly ok: true; readonly memoryAt: (batch: number) => number } | CompileFailure;

/** What training takes, in bytes, as a function of the batch size: the spec is lowered once. */
export function memoryByBatch(spec: NormalSpec, signature: Signature): MemoryResult {
  const result = lowerForAnalysis(spec, signature);
  return result.ok ? { ok: true, memoryAt: memoryAt(signature, result.training) } : result;
}

/** All that a training computes, without what computes it. */
function lowerForAnalysis(
  spec: NormalSpec,
  signature: Signature,
  options: CompileOptions = {},
): { readonly ok: true; readonly training: TrainingGraphs } | CompileFailure {
  const result = buildTrainingStep(spec, signature, options);
  if (!result.ok) return result;
  const { graph: evaluation } = buildEvaluation(spec, signature, options);
  return { ok: true, training: { trainingStep: result.trainingStep, evaluation, train: spec.train } };
}

/** What gives loss, metrics and predictions, for data of any batch size and length. */
function buildEvaluation(spec: NormalSpec, signature: Signature, options: CompileOptions) {
  const { verifyStage, optimize } = stageRunner(signature, options);
  const program = forwardProgram(spec, withDynamicShapes(signature), "evaluation", [
    "loss",
    "metric",
    "prediction",
    "state",
  ]);
  return { program, graph: verifyStage("eval", optimize("eval", program.graph, stepPasses)) };
}

function memoryAt(signature: Signature, training: TrainingGraphs): (batch: number) => number {
  return (batch) => memoryOf({ ...signature, expected: { ...signature.expected, batch } }, training).total;
}
