/** The end of a run: the weights of its best evaluation, or its last ones, with their metrics and predictions. */

import { join } from "node:path";
import { type ModelOutput, outputsOf } from "../../schema/kinds/outputs.js";
import { microBatchSizeOf } from "../../schema/micro-batches.js";
import { isStateful } from "../data/batching/stateful-batches.js";
import type { Indices, Splits } from "../data/splits.js";
import { monitoredSplits, unlessCancelled } from "../evaluation/evaluator.js";
import { byOutput, exampleTexts } from "../evaluation/example-texts.js";
import { naiveNotices } from "../evaluation/naive-comparison.js";
import type { DoneEvent, SplitMetrics, TrainEvent } from "../events.js";
import { formatInteger } from "../format.js";
import { readCheckpoint } from "../run/checkpoint.js";
import { runFiles, writeFinalModel } from "../run/layout.js";
import type { Evaluation, TrainingSnapshot } from "../run/training-snapshot.js";
import { durableFs } from "../storage/durable-fs.js";
import { feedsOf } from "../tensors/ort.js";
import type { Tensors } from "../tensors/safetensors.js";
import type { PreparedTraining } from "./prepare.js";

export interface FinishedRun {
  readonly done: DoneEvent;
  readonly notices: readonly TrainEvent[];
}

/** Number of examples whose predictions the done event has. */
const MAX_PREDICTIONS = 5;

const NO_METRICS: SplitMetrics = { train: {}, validation: {}, test: {} };

type FinalSnapshot = Pick<TrainingSnapshot, "step" | "loss" | "progress" | "parameters">;

/**
 * Writes the weights and the model into the run directory. An interrupted run is not evaluated: it should end at once.
 *
 * @param skipped steps without an update; undefined in float32.
 * @param isComplete false for a run that was interrupted before its last step.
 * @param isCancelled true once the run has received a stop: an evaluation then ends, and the run is an interrupted one.
 */
export async function finishRun(
  out: string,
  prepared: PreparedTraining,
  snapshot: FinalSnapshot,
  { skipped, isComplete }: { readonly skipped: number | undefined; readonly isComplete: boolean },
  isCancelled: () => boolean,
): Promise<FinishedRun> {
  const { step, loss, progress } = snapshot;
  const { spec, source, artifact } = prepared;
  const { evaluation, parameters, best, notices } = chooseWeights(join(out, runFiles.checkpoints), snapshot);
  const examples = source.splits.train.subarray(0, MAX_PREDICTIONS);
  const metrics = isComplete
    ? await unlessCancelled(finalMetrics(prepared, parameters, evaluation, isCancelled))
    : undefined;
  const interrupted = metrics === undefined;
  const done: DoneEvent = {
    event: "done",
    run: out,
    step,
    loss,
    metrics: metrics ?? (evaluation ?? progress.latest ?? { metrics: NO_METRICS }).metrics,
    ...(best !== undefined && { best }),
    ...(skipped !== undefined && { skipped }),
    predictions: interrupted ? [] : await predictionsOf(prepared, parameters, examples),
    examples: interrupted ? [] : exampleTexts(source, examples, outputsOf(spec)),
    interrupted,
  };
  const naive = interrupted ? [] : await forecastNotices(prepared, parameters);
  await writeFinalModel(
    durableFs,
    out,
    artifact,
    parameters,
    {
      format: 1,
      finished: !interrupted,
      weights_step: evaluation?.step ?? step,
      done,
    },
    prepared.importedModel && (prepared.importedModel.withWeights?.(parameters) ?? null),
  );
  return { done, notices: [...notices, ...naive] };
}

/** Notices of columns that a naive forecast predicts better; states carry forecasts of stateful models. */
async function forecastNotices(
  { spec, source, evaluator, artifact }: PreparedTraining,
  parameters: Tensors,
): Promise<readonly TrainEvent[]> {
  if (isStateful(artifact.manifest)) return [];
  const messages = await naiveNotices({ spec, source, evaluator, parameters: feedsOf(parameters) });
  return messages.map((message) => ({ event: "notice", message }));
}

/** Decoded predictions, of several outputs as objects. */
async function predictionsOf(
  { spec, evaluator }: PreparedTraining,
  parameters: Tensors,
  examples: Indices,
): Promise<readonly unknown[]> {
  const values: (readonly [ModelOutput, readonly unknown[]])[] = [];
  for (const output of outputsOf(spec))
    values.push([output, await evaluator.predictions(feedsOf(parameters), examples, output)]);
  return byOutput(values);
}

/** @param evaluation of the same weights, where there is one: only the test split is then evaluated. */
async function finalMetrics(
  { spec, source, artifact, batchSchedule, evaluator }: PreparedTraining,
  parameters: Tensors,
  evaluation: Evaluation | undefined,
  isCancelled: () => boolean,
): Promise<SplitMetrics> {
  const { splits } = source;
  const feeds = feedsOf(parameters);
  const microBatchSize = microBatchSizeOf(spec.train, batchSchedule.batchSize);
  const metricsOf = (selected: Partial<Splits>) => evaluator.splitMetrics(feeds, selected, microBatchSize, isCancelled);
  const monitored = evaluation?.metrics ?? (await metricsOf(monitoredSplits(splits, isStateful(artifact.manifest))));
  if (splits.validation.length === 0) return monitored;
  return { ...monitored, test: (await metricsOf({ test: splits.test })).test };
}

interface ChosenWeights {
  /** The evaluation of the weights; undefined where there was none. */
  readonly evaluation: Evaluation | undefined;
  readonly parameters: Tensors;
  readonly best?: DoneEvent["best"];
  readonly notices: readonly TrainEvent[];
}

function chooseWeights(folder: string, { step, progress, parameters }: FinalSnapshot): ChosenWeights {
  const { best, latest } = progress;
  const lastWeights = { evaluation: latest?.step === step ? latest : undefined, parameters };
  if (best === null) return { ...lastWeights, notices: [] };
  const bestRecord = { step: best.step, metric: best.metric, value: best.value };
  if (best.step === step) return { ...lastWeights, best: bestRecord, notices: [] };
  const checkpoint = readCheckpoint(folder, best.step);
  if (checkpoint.ok)
    return { evaluation: best, parameters: checkpoint.value.parameters, best: bestRecord, notices: [] };
  const message = `The best checkpoint, of step ${formatInteger(best.step)}, is damaged (${checkpoint.error}). The run ends with its last weights.`;
  return { ...lastWeights, notices: [{ event: "notice", message }] };
}
