/** What a run remembers of its evaluations: the latest, the best, and for how long none has been better. */
import type { NormalTrain, WatchedMetric } from "../schema/normal.js";
import { isBetter } from "./better.js";
import type { Metrics, SplitMetrics } from "./events.js";
import type { PlateauState } from "./plateau.js";

export interface Evaluation {
  readonly step: number;
  readonly metrics: SplitMetrics;
}

/** JSON, as a part of a checkpoint's state: a resumed run remembers what the interrupted one did. */
export interface Memory {
  /** What the plateau schedule has seen; null before its first evaluation, and for other schedules. */
  readonly plateau: PlateauState | null;
  readonly latest: Evaluation | null;
  /** The evaluation whose weights the run ends with; null where none is kept, or none had a value yet. */
  readonly best: (Evaluation & WatchedMetric & { readonly value: number }) | null;
  /** The best value that early stopping has seen, and the evaluations since; null where it is off, or has seen none. */
  readonly stopping: (WatchedMetric & { readonly value: number; readonly waited: number }) | null;
}

export const blank: Memory = { latest: null, best: null, stopping: null, plateau: null };

type Watching = Pick<NormalTrain, "early_stopping" | "keep_best">;

/** What of a memory is about the metrics that are watched now: a resumed run may watch others. */
export function recall({ early_stopping, keep_best }: Watching, { latest, best, stopping, plateau }: Memory): Memory {
  return {
    plateau,
    latest,
    best: isOf(keep_best, best) ? best : null,
    stopping: isOf(early_stopping, stopping) ? stopping : null,
  };
}

function isOf(watched: WatchedMetric | null, seen: WatchedMetric | null): boolean {
  return watched !== null && watched.metric === seen?.metric && watched.mode === seen.mode;
}

/**
 * The memory after an evaluation. Only evaluations that come by their interval count for early stopping: the one at the end of
 * a run may come early, and a longer run would not have it.
 */
export function remember(
  { early_stopping, keep_best }: Watching,
  memory: Memory,
  evaluation: Evaluation,
  byInterval: boolean,
): Memory {
  const { validation } = evaluation.metrics;
  return {
    plateau: memory.plateau,
    latest: evaluation,
    best: keep_best === null ? null : withBest(keep_best, memory.best, evaluation),
    stopping:
      early_stopping === null || !byInterval
        ? memory.stopping
        : withWait(early_stopping, memory.stopping, validation, early_stopping.minimum_delta),
  };
}

function withBest({ metric, mode }: WatchedMetric, best: Memory["best"], evaluation: Evaluation): Memory["best"] {
  const value = evaluation.metrics.validation[metric] ?? Number.NaN;
  return isBetter(mode, value, best?.value, 0) ? { ...evaluation, metric, mode, value } : best;
}

function withWait(
  { metric, mode }: WatchedMetric,
  stopping: Memory["stopping"],
  validation: Metrics,
  delta: number,
): Memory["stopping"] {
  const value = validation[metric] ?? Number.NaN;
  if (isBetter(mode, value, stopping?.value, delta)) return { metric, mode, value, waited: 0 };
  return stopping && { ...stopping, waited: stopping.waited + 1 };
}

/** Whether early stopping ends the run. */
export function isExhausted({ early_stopping }: Watching, { stopping }: Memory): boolean {
  return early_stopping !== null && stopping !== null && stopping.waited >= early_stopping.patience;
}
