/**
 * The compiler: from a normalized spec to ONNX models.
 *
 *   spec, signature of the data
 *      │ 1 elaborate          forward      loss, metrics, predictions and states in primitives
 *      │ 2 optimize           prepared     the part that the loss needs
 *      │   autocast           mixed        in float16, where the spec asks for it
 *      │   differentiate      gradient     loss and gradients of a batch
 *      │ 3 apply gradients    step         one optimizer update
 *      │   optimize           optimized
 *      │ 4 split              shard, update: the step for processes that share a batch
 *      │ 5 loop               train        K steps per call
 *      │ 6 elaborate again    eval, model, stream: forward graphs without training
 *      ▼ 7 emit
 *   artifact: ONNX models and their manifest
 *
 * Every arrow is a function from graph to graph. Each stage's graph is verified and passed to `onStage`.
 */
import { whyWholeWindow } from "../schema/kinds/columns.js";
import { remembersSteps, whyNotStreamable } from "../schema/kinds/layers.js";
import type { NormalSpec } from "../schema/normal/index.js";
import type { Artifact } from "./artifact.js";
import { dataWeightsProblems } from "./elaborate/check/data-weights.js";
import { type Analysis, analysisOf, memoryOf, type TrainingGraphs } from "./inspect/analyze.js";
import { emitArtifact, type SpecializedModels, specializedModels } from "./pipeline/emit-artifact.js";
import { forwardGraph } from "./pipeline/forward.js";
import type { CompileFailure, CompileOptions } from "./pipeline/stages.js";
import {
  buildStep,
  buildTrainingStep,
  differentiateLoss,
  elaborateTraining,
  loopOverSteps,
  splitStep,
} from "./pipeline/training-step.js";
import { type Signature, withoutLengths } from "./signature.js";

export { check, type ModelShapes, modelShapes } from "./check.js";
export type { Analysis, LayerSummary } from "./inspect/analyze.js";
export type { SpecializedModel, SpecializedModels } from "./pipeline/emit-artifact.js";
export { type CompileOptions, type Stage, stages } from "./pipeline/stages.js";

export type CompileResult =
  | {
      readonly ok: true;
      readonly artifact: Artifact;
      /** Estimated peak memory of training, in bytes, at a batch size. */
      readonly memoryAt: (batch: number) => number;
      readonly models: SpecializedModels;
      /** Notices for the user. */
      readonly notices: readonly string[];
    }
  | CompileFailure;

/**
 * Compiles a spec for data of a signature to `train.onnx` (K updates per call), `eval.onnx`, `model.onnx` and their
 * manifest. Sequences are batch-major at every interface, [batch, time, …].
 *
 * ```ts
 * const opened = await openData(spec, folder);
 * if (opened.ok) await compile(spec, opened.source.signature(spec.train));
 * ```
 *
 * @param spec a normalized spec, from `readSpec`.
 * @param signature dtypes, shapes and sizes of the data; every size that the spec names is a number.
 * @returns the artifact, or the mistakes in the spec. Throws only on a defect of the compiler.
 */
export async function compile(
  spec: NormalSpec,
  signature: Signature,
  options: CompileOptions = {},
): Promise<CompileResult> {
  const input = { spec, signature, options };
  const dataWeights = dataWeightsProblems(spec, options.origins);
  if (dataWeights.length > 0) return { ok: false, problems: dataWeights };
  // 1. Forward program of training.
  const elaborated = elaborateTraining(input);
  if (!elaborated.ok) return elaborated;
  // 2. Loss and gradients of a batch.
  const gradient = differentiateLoss(elaborated.program, input);
  // 3. One optimizer update.
  const trainingStep = buildStep(gradient, input);
  // 4. The step in two, around the sum of the gradients of all processes.
  const shard = options.dataParallel ? splitStep(gradient, input) : null;
  // 5. K steps per call.
  const train = loopOverSteps(trainingStep, input);
  // 6. Forward graphs without training.
  const evaluation = forwardGraph("eval", spec, signature, options);
  const model = forwardGraph("model", spec, signature, options);
  const stream =
    (whyNotStreamable(spec.model) ?? whyWholeWindow(spec.data)) === undefined
      ? forwardGraph("stream", spec, remembersSteps(spec.model) ? withoutLengths(signature) : signature, options)
      : null;
  // 7. ONNX models and their manifest.
  const graphs = { train, eval: evaluation, model, stream, shard };
  return {
    ok: true,
    artifact: await emitArtifact(spec, signature, trainingStep, graphs),
    models: specializedModels(spec, graphs, options.target ?? "webgpu"),
    notices: elaborated.program.notices,
    memoryAt: memoryAt(signature, { trainingStep, evaluation: evaluation.graph, train: spec.train }),
  };
}

export type AnalyzeResult = { readonly ok: true; readonly analysis: Analysis } | CompileFailure;

/**
 * Layers with their output shapes and parameters; floating-point operations of a training step; memory in bytes, at the
 * batch and time that the signature expects.
 *
 * @returns the analysis, or the mistakes in the spec.
 */
export function analyze(
  spec: NormalSpec,
  signature: Signature,
  options: Pick<CompileOptions, "origins"> = {},
): AnalyzeResult {
  const result = graphsForAnalysis(spec, signature, options);
  return result.ok ? { ok: true, analysis: analysisOf(signature, result.training, spec.optimizer) } : result;
}

export type MemoryResult = { readonly ok: true; readonly memoryAt: (batch: number) => number } | CompileFailure;

/** Estimated peak memory of training, in bytes, as a function of the batch size: the spec is compiled once. */
export function memoryByBatch(spec: NormalSpec, signature: Signature): MemoryResult {
  const result = graphsForAnalysis(spec, signature);
  return result.ok ? { ok: true, memoryAt: memoryAt(signature, result.training) } : result;
}

/** The graphs that a training run executes, without emission. */
function graphsForAnalysis(
  spec: NormalSpec,
  signature: Signature,
  options: CompileOptions = {},
): { readonly ok: true; readonly training: TrainingGraphs } | CompileFailure {
  const result = buildTrainingStep(spec, signature, options);
  if (!result.ok) return result;
  const { graph: evaluation } = forwardGraph("eval", spec, signature, options);
  return { ok: true, training: { trainingStep: result.trainingStep, evaluation, train: spec.train } };
}

function memoryAt(signature: Signature, training: TrainingGraphs): (batch: number) => number {
  return (batch) => memoryOf({ ...signature, expected: { ...signature.expected, batch } }, training).total;
}
