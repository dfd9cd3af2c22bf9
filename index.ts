/** rnnx as a library: the functions behind the commands. Importing it loads no runtime and no protobuf. */
export type { Artifact, Initializer, Manifest, Port, Ports, Role, StoredTensor } from "./compiler/artifact.js";
export {
  type Analysis,
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
export type { RunFailure, TrainOutcome } from "./runtime/outcome.js";
export { type PredictOutcome, type PredictRequest, predictRun } from "./runtime/predict-run.js";
export type { RunProblem } from "./runtime/problem.js";
export { type TrainOptions, train } from "./runtime/train.js";
export type { Diagnostic, Problem } from "./schema/diagnostics.js";
export { frame } from "./schema/frame.js";
export type { NormalSpec } from "./schema/normal.js";
export type { Origins } from "./schema/origins.js";
export type { Override } from "./schema/overrides.js";
export { type ReadResult, readSpec, readSpecFile } from "./schema/read.js";
export type { Spec } from "./schema/spec.types.js";
