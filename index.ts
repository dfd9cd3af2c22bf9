/** rnnx as a library: the functions behind the commands. Importing it loads no runtime and no protobuf. */
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
export { openData } from "./runtime/data/index.js";
export { type Outline, outlineData } from "./runtime/data/outline.js";
export type { DataSource } from "./runtime/data/source.js";
export { type EvaluateOutcome, type EvaluateRequest, evaluateRun } from "./runtime/evaluate-run.js";
export type { DoneEvent, Metrics, SplitMetrics, TrainEvent, TrainRequest } from "./runtime/events.js";
export { type ExportOutcome, type ExportRequest, exportModel } from "./runtime/export/index.js";
export type { Generated } from "./runtime/generate.js";
export {
  type EvaluateOptions,
  type GenerateOptions,
  type LoadedRun,
  loadRun,
  type PredictOptions,
} from "./runtime/load-run.js";
export { RunError, type RunFailure, type TrainOutcome } from "./runtime/outcome.js";
export type { Prediction, Scores } from "./runtime/predict/answers.js";
export type { GivenInputs, GivenSequence, Nested, PredictionSource } from "./runtime/predict/given.js";
export { type PredictOutcome, type PredictRequest, predictRun } from "./runtime/predict-run.js";
export type { Predictions, PredictionsOutcome } from "./runtime/predictor.js";
export type { Checked, RunProblem } from "./runtime/problem.js";
export type { Weights, Which } from "./runtime/run.js";
export type { Tensor, Tensors } from "./runtime/safetensors.js";
export { type GridAxis, type SampleAxis, type SweepPlan, type TrialValues, trialsOf } from "./runtime/sweep/plan.js";
export type { TrialRecord } from "./runtime/sweep/record.js";
export { runSweep, type SweepEvent, type SweepOptions, type SweepRequest, type Trial } from "./runtime/sweep/sweep.js";
export { type Training, type TrainingRequest, type TrainOptions, train } from "./runtime/train.js";
export { exportWeb, type WebOutcome, type WebRequest } from "./runtime/web/export-web.js";
export type { Diagnostic, Problem } from "./schema/diagnostics.js";
export { frame } from "./schema/frame.js";
export type { NormalSpec } from "./schema/normal.js";
export type { Origins } from "./schema/origins.js";
export type { Override } from "./schema/overrides.js";
export { type ReadResult, readSpec, readSpecFile } from "./schema/read.js";
export type { Spec } from "./schema/spec.types.js";
