/**
 * Evaluates a run: its model, with weights of the run, over all examples of its own data or of other data of the same
 * type.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { outputsOf } from "../../schema/kinds/outputs.js";
import { microBatchSizeOf } from "../../schema/micro-batches.js";
import type { NormalData, NormalSpec } from "../../schema/normal/index.js";
import { isStateful, streamsNotice } from "../data/batching/stateful-batches.js";
import { checkDataShape, checkIdRange } from "../data/compatibility.js";
import { checkAlignments } from "../data/ctc-alignment.js";
import { mapDataFiles, openData } from "../data/index.js";
import { checkLongSequences } from "../data/long-sequences.js";
import type { Metadata } from "../data/metadata.js";
import { checkShortSequences } from "../data/short-sequences.js";
import type { DataSource } from "../data/source.js";
import { exampleCounts, type Indices, type Splits } from "../data/splits.js";
import type { SplitMetrics } from "../events.js";
import { invalidInput, type RunFailure, runFailed } from "../outcome.js";
import type { RunProblem } from "../problem.js";
import { ok, type Result } from "../result.js";
import { findLatestCheckpoint } from "../run/checkpoint.js";
import { relativePath, runFiles } from "../run/layout.js";
import { openRun, readRunWeights, type WeightsSelector } from "../run/open.js";
import { estimateWorkPerSync, openSession, type RequestedDevice } from "../sessions/session.js";
import { relativePathHint } from "../storage/system-errors.js";
import { feedsOf } from "../tensors/ort.js";
import type { Tensors } from "../tensors/safetensors.js";
import { createEvaluator } from "./evaluator.js";
import { checkSeasons, outputMetrics } from "./forecast-metrics.js";
import { nonFiniteMetricNotices } from "./non-finite-metrics.js";
import type { PredictionContext } from "./prediction-summary.js";
import { type SplitDetails, splitDetails } from "./split-details.js";

export interface EvaluateRequest {
  /** The run directory. */
  readonly run: string;
  /** Other data, with paths relative to the run directory; read with the run's vocabulary, classes and scaler. */
  readonly data: NormalData | null;
  /** One split, or null: all splits of the run's own data, or all examples of other data as its test split. */
  readonly split: keyof Splits | null;
  readonly weights: WeightsSelector;
  /** Other weights, of the same names and shapes. */
  readonly parameters?: Tensors;
  readonly device: RequestedDevice;
  /** Adds the details of one split: the test split, else the validation split, else the training split. */
  readonly withDetails?: boolean;
}

export interface RunEvaluation {
  /** The step of the weights. */
  readonly step: number;
  /** Number of examples by split. */
  readonly examples: Readonly<Record<keyof Splits, number>>;
  readonly metrics: SplitMetrics;
  /** With `withDetails`, unless the model has states that continue from batch to batch. */
  readonly details?: SplitDetails & {
    readonly split: keyof Splits;
    /** Of a model with several outputs: the details of each by name. */
    readonly outputs?: Readonly<Record<string, SplitDetails>>;
  };
  readonly notices: readonly string[];
}

export type EvaluateOutcome = Result<RunEvaluation, RunFailure>;

export async function evaluateRun({
  run: folder,
  data,
  split,
  weights,
  parameters: parameterOverride,
  device,
  withDetails,
}: EvaluateRequest): Promise<EvaluateOutcome> {
  const runResult = openRun(folder);
  if (!runResult.ok) return invalidInput(runResult.error);
  const run = runResult.value;
  const weightsResult = readRunWeights(run, weights);
  if (!weightsResult.ok) return invalidInput(weightsResult.error);
  const { step } = weightsResult.value;
  const parameters = parameterOverride ?? weightsResult.value.parameters;

  const isSingleSplit = data !== null && split === null;
  // Messages have paths from the current folder.
  const named = mapDataFiles(data ?? run.spec.data, (file) => relativePath(".", resolve(folder, file), file));
  const spec = { ...run.spec, data: named };
  const dataResult = await openData(isSingleSplit ? asSingleTestSplit(spec) : spec, ".", run.metadata);
  if (!dataResult.ok) {
    const found = dataResult.error.map((problem) => withFileHint(problem, data === null));
    return invalidInput(data === null ? found : withTargetHints(found, run.metadata));
  }
  const source = dataResult.value;
  const problems = [
    ...checkDataShape(run.signature, source.signature(spec.train)),
    ...checkIdRange(spec, run.signature, run.manifest, source),
    ...checkShortSequences(spec, source),
    ...checkAlignments(spec, run.manifest, source).map(withoutLossHint),
    ...(data === null ? [] : checkLongSequences(spec, source)),
  ];
  if (problems.length > 0) return invalidInput(problems);
  const splits = selectSplits(source.splits, split, isSingleSplit);
  if (split !== null && splits[split].length === 0) {
    const existing = (["train", "validation", "test"] as const).filter((name) => source.splits[name].length > 0);
    const hint = `Its splits: ${existing.join(", ")}.`;
    return invalidInput([
      { code: "empty-split", path: "/data/split", message: `The data has no ${split} split.`, hint },
    ]);
  }

  const model = readFileSync(join(folder, runFiles.eval));
  const { batch_size } = spec.train;
  const batchSize = microBatchSizeOf(
    spec.train,
    typeof batch_size === "number" ? batch_size : source.splits.train.length,
  );
  const sessionResult = await openSession(model, device, estimateWorkPerSync(parameters.values(), batchSize));
  if (!sessionResult.ok) return runFailed(sessionResult.error.message, sessionResult.error.hint);
  const evaluator = await createEvaluator(sessionResult.value.session, run.manifest, source, {
    outputMetrics: outputMetrics(spec, source),
  });
  const metrics = await evaluator.splitMetrics(feedsOf(parameters), splits, batchSize);
  const notices = [
    ...(source.notices ?? []),
    sessionResult.value.notice,
    isStateful(run.manifest) ? streamsNotice(Object.values(splits), batchSize) : "",
    ...(data === null ? dataChangedNotice(folder, source) : []),
    ...checkSeasons(spec, source).map(({ message }) => message),
    ...(await nonFiniteMetricNotices({ spec, source, parameters: feedsOf(parameters), batchSize }, metrics)),
  ].filter((text) => text !== "");
  const detailed = (["test", "validation", "train"] as const).find((name) => splits[name].length > 0);
  const context = { evaluator, parameters: feedsOf(parameters), spec, source };
  const details =
    withDetails === true && detailed !== undefined && !isStateful(run.manifest)
      ? {
          split: detailed,
          ...(await outputDetails(context, splits[detailed], data === null ? source.splits.train : null)),
        }
      : undefined;
  return ok({ step, examples: exampleCounts(splits), metrics, ...(details !== undefined && { details }), notices });
}

/** The details of the only output, or of each output by name. */
async function outputDetails(
  context: Omit<PredictionContext, "output">,
  examples: Indices,
  training: Indices | null,
): Promise<Omit<NonNullable<RunEvaluation["details"]>, "split">> {
  const outputs = outputsOf(context.spec);
  const details = new Map<string, SplitDetails>();
  for (const output of outputs)
    details.set(output.name, await splitDetails({ ...context, output }, examples, training));
  return outputs.length > 1 ? { outputs: Object.fromEntries(details) } : (details.values().next().value ?? {});
}

/** Paths start from the current folder, not from that of the spec. */
function withFileHint(problem: RunProblem, isOwn: boolean): RunProblem {
  if (problem.hint !== relativePathHint) return problem;
  return { ...problem, hint: isOwn ? "Restore the data of the run, or name other data." : "" };
}

/** Rows without targets, as those to be predicted, have nothing to compare with. */
function withTargetHints(problems: readonly RunProblem[], metadata: Metadata): readonly RunProblem[] {
  if (metadata.type !== "table") return problems;
  const lacksTarget = ({ message }: RunProblem) =>
    metadata.target.some((name) => message.includes(`Column "${name}" has no value`));
  const lines = new Set(problems.filter(lacksTarget).map(({ line }) => line));
  const hint =
    "An evaluation compares predictions with the targets of all rows: remove the rows to be predicted from the file, " +
    "or predict them with rnnx predict.";
  return problems.map((problem) => (lines.has(problem.line) ? { ...problem, hint } : problem));
}

/** The loss of a run is fixed. */
function withoutLossHint(problem: RunProblem): RunProblem {
  const hint =
    problem.code === "ctc-blank"
      ? "Write the labels with the ids of the training, and move the padding to the end of each row."
      : "Give these examples more steps or fewer labels, or remove them.";
  return { ...problem, hint };
}

/** Puts all examples into one split. */
function asSingleTestSplit(spec: NormalSpec): NormalSpec {
  const all = { train: 1, validation: 0, test: 0, stratify: false, folds: null, fold: 1, group: null } as const;
  const definedBy = { by: "fraction", column: null, files: { validation: null, test: null } } as const;
  return { ...spec, data: { ...spec.data, split: { ...spec.data.split, ...all, ...definedBy } } };
}

function selectSplits(splits: Splits, split: keyof Splits | null, isSingleSplit: boolean): Splits {
  const empty = new Uint32Array();
  if (isSingleSplit) return { train: empty, validation: empty, test: splits.train };
  if (split === null) return splits;
  return { train: empty, validation: empty, test: empty, [split]: splits[split] };
}

/** A notice where the data has changed since the training. */
function dataChangedNotice(folder: string, { digest }: DataSource): readonly string[] {
  const { latest } = findLatestCheckpoint(join(folder, runFiles.checkpoints));
  if (latest === undefined || latest.state.data === digest) return [];
  return ["The data has changed since the training: the metrics are those of the current data."];
}
