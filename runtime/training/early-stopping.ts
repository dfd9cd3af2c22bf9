/** What a run remembers of its evaluations: the latest, the best, and for how long none has been better. */
import type { NormalTrain, WatchedMetric } from "../../schema/normal/index.js";
import type { Metrics, SplitMetrics } from "../events.js";
import { isImprovement } from "./is-improvement.js";
import type { PlateauState } from "./reduce-lr-on-plateau.js";

export interface Evaluation {
  readonly step: number;
  readonly metrics: SplitMetrics;
}

/** JSON, as a part of a checkpoint's state: a resumed run remembers what the interrupted one did. */
export interface TrainingProgress {
  /** What the plateau schedule has seen; null before its first evaluation, and for other schedules. */
  readonly plateau: PlateauState | null;
  readonly latest: Evaluation | null;
  /** The evaluation whose weights the run ends with; null where none is kept, or none had a value yet. */
  readonly best: (Evaluation & WatchedMetric & { readonly value: number }) | null;
  /** The best value that early stopping has seen, and the evaluations since; null where it is off, or has seen none. */
  readonly stopping: (WatchedMetric & { readonly value: number; readonly waited: number }) | null;
}

export const initialProgress: TrainingProgress = { latest: null, best: null, stopping: null, plateau: null };

type MonitorOptions = Pick<NormalTrain, "early_stopping" | "keep_best">;

/** What of a memory is about the metrics that are watched now: a resumed run may watch others. */
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
 * The memory after an evaluation. Only evaluations that come by their interval count for early stopping: the one at the end of
 * a run may come early, and a longer run would not have it.
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
  if (isImprovement(mode, value, stopping?.value, delta)) return { metric, mode, value, waited: 0 };
  return stopping && { ...stopping, waited: stopping.waited + 1 };
}

/** Whether early stopping ends the run. */
export function shouldStopEarly({ early_stopping }: MonitorOptions, { stopping }: TrainingProgress): boolean {
  return early_stopping !== null && stopping !== null && stopping.waited >= early_stopping.patience;
}
