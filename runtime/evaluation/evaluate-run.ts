/** Evaluates a run: its model, with weights that it left, over every example of its own data or of other data of the kind. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { microBatchSizeOf } from "../../schema/micro-batches.js";
import type { NormalData, NormalSpec } from "../../schema/normal/index.js";
import { isStateful } from "../data/batching/stateful-batches.js";
import { checkDataShape, checkIdRange } from "../data/compatibility.js";
import { openData } from "../data/index.js";
import type { DataSource } from "../data/source.js";
import type { Splits } from "../data/splits.js";
import type { SplitMetrics } from "../events.js";
import { invalidInput, type RunFailure, runFailed } from "../outcome.js";
import type { RunProblem } from "../problem.js";
import { ok, type Result } from "../result.js";
import { findLatestCheckpoint } from "../run/checkpoint.js";
import { runFiles } from "../run/layout.js";
import { openRun, readRunWeights, type WeightsSelector } from "../run/open.js";
import { estimateWorkPerSync, openSession, type RequestedDevice } from "../sessions/session.js";
import { feedsOf } from "../tensors/ort.js";
import type { Tensors } from "../tensors/safetensors.js";
import { createEvaluator } from "./evaluator.js";
import { type SplitDetails, splitDetails } from "./split-details.js";

export interface EvaluateRequest {
  /** The run directory. */
  readonly run: string;
  /** Data in place of the run's own, paths from the run directory; read with what the run learnt of its own. */
  readonly data: NormalData | null;
  /** One part, or null: every part of the run's own data; other data as a whole, as the part to test with. */
  readonly split: keyof Splits | null;
  readonly weights: WeightsSelector;
  /** Weights of its shapes in place of the run's own. */
  readonly parameters?: Tensors;
  readonly device: RequestedDevice;
  /** Adds the details of one split: the test split, else the validation split, else the training split. */
  readonly withDetails?: boolean;
}

export interface RunEvaluation {
  /** The step of the weights. */
  readonly step: number;
  /** How many examples each part has. */
  readonly examples: Readonly<Record<keyof Splits, number>>;
  readonly metrics: SplitMetrics;
  /** With `withDetails`, unless the model has states that continue from batch to batch. */
  readonly details?: SplitDetails & { readonly split: keyof Splits };
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
  const spec = { ...run.spec, data: data ?? run.spec.data };
  const dataResult = await openData(isSingleSplit ? asSingleTestSplit(spec) : spec, folder, run.metadata);
  if (!dataResult.ok) return invalidInput(data === null ? dataResult.error : dataResult.error.map(withoutFileHint));
  const source = dataResult.value;
  const problems = [
    ...checkDataShape(run.signature, source.signature(spec.train)),
    ...checkIdRange(spec, run.signature, run.manifest, source),
  ];
  if (problems.length > 0) return invalidInput(problems);
  const splits = selectSplits(source.splits, split, isSingleSplit);
  if (split !== null && splits[split].length === 0) {
    const hint = "Parts are divided by data.split.";
    return invalidInput([
      { code: "empty-split", path: "/data/split", message: `The data has no ${split} part.`, hint },
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
  const evaluator = await createEvaluator(sessionResult.value.session, run.manifest, source);
  const metrics = await evaluator.splitMetrics(feedsOf(parameters), splits, batchSize);
  const notices = [sessionResult.value.notice, ...(data === null ? dataChangedNotice(folder, source) : [])].filter(
    (text) => text !== "",
  );
  const detailed = (["test", "validation", "train"] as const).find((name) => splits[name].length > 0);
  const context = { evaluator, parameters: feedsOf(parameters), spec, source };
  const details =
    withDetails === true && detailed !== undefined && !isStateful(run.manifest)
      ? { split: detailed, ...(await splitDetails(context, splits[detailed])) }
      : undefined;
  return ok({ step, examples: exampleCounts(splits), metrics, ...(details !== undefined && { details }), notices });
}

/** The files of other data are not named from the spec's folder. */
function withoutFileHint(problem: RunProblem): RunProblem {
  return problem.code === "file-missing" ? { ...problem, hint: "" } : problem;
}

/** Other data, all of it in one part. */
function asSingleTestSplit(spec: NormalSpec): NormalSpec {
  return { ...spec, data: { ...spec.data, split: { ...spec.data.split, train: 1, validation: 0, test: 0 } } };
}

function selectSplits(splits: Splits, split: keyof Splits | null, isSingleSplit: boolean): Splits {
  const empty = new Uint32Array();
  if (isSingleSplit) return { train: empty, validation: empty, test: splits.train };
  if (split === null) return splits;
  return { train: empty, validation: empty, test: empty, [split]: splits[split] };
}

function exampleCounts({ train, validation, test }: Splits): Readonly<Record<keyof Splits, number>> {
  return { train: train.length, validation: validation.length, test: test.length };
}

/** Says when the data is no longer what was trained on. */
function dataChangedNotice(folder: string, { digest }: DataSource): readonly string[] {
  const { latest } = findLatestCheckpoint(join(folder, runFiles.checkpoints));
  if (latest === undefined || latest.state.data === digest) return [];
  return ["The data has changed since the run: these metrics are of what it is now."];
}
