/** The library: the functions behind the commands. Importing it loads neither ONNX Runtime nor protobuf. */
export type { Artifact, Initializer, Manifest, Port, Ports, Role, StoredTensor } from "./compiler/artifact.js";
export {
  type Analysis,
  type AnalyzeResult,
  analyze,
  type CompileOptions,
  type CompileResult,
  check,
  compile,
  type LayerSummary,
  type Stage,
  stages,
} from "./compiler/compile.js";
export type { ArraySignature, Signature } from "./compiler/signature.js";
export { type InferredSignature, inferSignature } from "./runtime/data/data-signature.js";
export { openData } from "./runtime/data/index.js";
export type { DataSource } from "./runtime/data/source.js";
export {
  type EvaluateOutcome,
  type EvaluateRequest,
  evaluateRun,
  type RunEvaluation,
} from "./runtime/evaluation/evaluate-run.js";
export type { DoneEvent, Metrics, SplitMetrics, TrainEvent } from "./runtime/events.js";
export { type ExportOutcome, type ExportRequest, exportModel } from "./runtime/export/index.js";
export type { GeneratedText } from "./runtime/generation/generate-run.js";
export {
  type EvaluateOptions,
  type GenerateOptions,
  type LoadedRun,
  loadRun,
  type PredictOptions,
} from "./runtime/load-run.js";
export { RunError, type RunFailure, type TrainOutcome } from "./runtime/outcome.js";
export type { Prediction, Scores } from "./runtime/predict/format-predictions.js";
export type {
  InlineInputs,
  InlineSequence,
  NestedList,
  PredictionSource,
} from "./runtime/predict/inline-inputs.js";
export { type PredictOutcome, type PredictRequest, predictRun } from "./runtime/predict/predict-run.js";
export type { Predictions, PredictionsOutcome } from "./runtime/predict/predictor.js";
export type { RunProblem } from "./runtime/problem.js";
export type { Failure, Result, Success } from "./runtime/result.js";
export type { Weights, WeightsSelector } from "./runtime/run/open.js";
export type { TrialRecord } from "./runtime/sweep/results.js";
export {
  type GridAxis,
  generateTrials,
  type SampleAxis,
  type SearchSpace,
  type TrialValues,
} from "./runtime/sweep/search-space.js";
export { runSweep, type SweepEvent, type SweepOptions, type SweepRequest, type Trial } from "./runtime/sweep/sweep.js";
export type { Tensor, Tensors } from "./runtime/tensors/safetensors.js";
export { type Training, type TrainingRequest, type TrainOptions, train } from "./runtime/train.js";
export { findRate, type RateRange, type RateTest, type RateTestRequest } from "./runtime/training/find-rate.js";
export type { TrainRequest } from "./runtime/training/request.js";
export { exportWeb, type WebOutcome, type WebRequest } from "./runtime/web/export-web.js";
export { frame } from "./schema/diagnostics/code-frame.js";
export type { Diagnostic, Problem } from "./schema/diagnostics/index.js";
export type { SourceMap } from "./schema/diagnostics/source-map.js";
export type { NormalSpec } from "./schema/normal/index.js";
export type { Override } from "./schema/parse/overrides.js";
export { type ReadResult, readSpec, readSpecFile } from "./schema/read.js";
export type { Spec } from "./schema/spec.types.js";
