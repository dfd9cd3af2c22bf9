/** Early stopping and the best checkpoint: the progress of a run after each of its evaluations. */
import type { NormalSpec, NormalTrain, WatchedMetric } from "../../schema/normal/index.js";
import type { Metrics } from "../events.js";
import type { Evaluation, TrainingProgress } from "../run/training-snapshot.js";

type MonitorOptions = Pick<NormalTrain, "early_stopping" | "keep_best">;

/** True where a value is better than the best so far by more than `delta`. A value that is not finite never is. */
export function isImprovement(
  mode: WatchedMetric["mode"],
  value: number,
  best: number | undefined,
  delta: number,
): boolean {
  if (!Number.isFinite(value)) return false;
  return best === undefined || (mode === "min" ? value < best - delta : value > best + delta);
}

/** The recorded progress without the metrics that are no longer monitored: a resumed run may monitor others. */
export function restoreProgress(
  { early_stopping, keep_best }: MonitorOptions,
  { latest, best, stopping, plateau }: TrainingProgress,
): TrainingProgress {
  return {
    plateau,
    latest,
    best: isSameMetric(keep_best, best) ? best : null,
    stopping: isSameMetric(early_stopping, stopping) ? stopping : null,
  };
}

function isSameMetric(monitored: WatchedMetric | null, recorded: WatchedMetric | null): boolean {
  return monitored !== null && monitored.metric === recorded?.metric && monitored.mode === recorded.mode;
}

/**
 * @param isPeriodic only periodic evaluations count for early stopping: the one at the end of a run may come early, and
 * a longer run would not have it.
 */
export function updateProgress(
  { early_stopping, keep_best }: MonitorOptions,
  progress: TrainingProgress,
  evaluation: Evaluation,
  isPeriodic: boolean,
): TrainingProgress {
  const { validation } = evaluation.metrics;
  return {
    plateau: progress.plateau,
    latest: evaluation,
    best: keep_best === null ? null : updateBest(keep_best, progress.best, evaluation),
    stopping:
      early_stopping === null || !isPeriodic
        ? progress.stopping
        : updateStopping(early_stopping, progress.stopping, validation, early_stopping.minimum_delta),
  };
}

function updateBest(
  { metric, mode }: WatchedMetric,
  best: TrainingProgress["best"],
  evaluation: Evaluation,
): TrainingProgress["best"] {
  const value = evaluation.metrics.validation[metric] ?? Number.NaN;
  return isImprovement(mode, value, best?.value, 0) ? { ...evaluation, metric, mode, value } : best;
}

function updateStopping(
  { metric, mode }: WatchedMetric,
  stopping: TrainingProgress["stopping"],
  validation: Metrics,
  delta: number,
): TrainingProgress["stopping"] {
  const value = validation[metric] ?? Number.NaN;
  if (isImprovement(mode, value, stopping?.value, delta)) return { metric, mode, value, wait: 0 };
  return stopping && { ...stopping, wait: stopping.wait + 1 };
}

/** The watched metrics of an evaluation that are not finite, with the keys that watch them. */
export function unusableMetrics(
  { optimizer, train }: Pick<NormalSpec, "optimizer" | "train">,
  validation: Metrics,
): ReadonlyMap<string, readonly string[]> {
  const { early_stopping, keep_best } = train;
  const { schedule } = optimizer;
  const plateau = schedule.type === "plateau" ? schedule : null;
  const watchers = new Map<string, readonly string[]>();
  for (const [key, watched] of Object.entries({ early_stopping, keep_best, plateau })) {
    if (watched === null || Number.isFinite(validation[watched.metric] ?? 0)) continue;
    watchers.set(watched.metric, [...(watchers.get(watched.metric) ?? []), key]);
  }
  return watchers;
}

export function shouldStopEarly({ early_stopping }: MonitorOptions, { stopping }: TrainingProgress): boolean {
  return early_stopping !== null && stopping !== null && stopping.wait >= early_stopping.patience;
}
