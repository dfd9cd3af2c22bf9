/** The steps after which a run evaluates, samples and saves. */
import type { NormalTrain } from "../../schema/normal/index.js";
import type { BatchSchedule } from "../data/batching/batch-schedule.js";

export interface TrainingIntervals {
  readonly evaluateEvery: number;
  /** 0: only at the end. */
  readonly checkpointEvery: number;
  /** Checkpoints of these steps are kept; 0: of none. */
  readonly keepEvery: number;
  /** 0: never. */
  readonly sampleEvery: number;
}

/**
 * Without `evaluate_every` a run of epochs is evaluated after each of them, and a run of steps about 20 times, at least
 * 100 steps apart and after whole epochs (an epoch may be a single step). Every run is evaluated at its end.
 */
export function intervalsOf(train: NormalTrain, batchSchedule: BatchSchedule): TrainingIntervals {
  const epochs =
    train.epochs !== null ? 1 : Math.ceil(Math.max(100, batchSchedule.steps / 20) / batchSchedule.batchesPerEpoch);
  return {
    evaluateEvery: train.evaluate_every ?? epochs * batchSchedule.batchesPerEpoch,
    checkpointEvery: train.checkpoint_every,
    keepEvery: train.keep_every,
    sampleEvery: train.sample?.every ?? 0,
  };
}

export function isDue(step: number, interval: number): boolean {
  return interval > 0 && step % interval === 0;
}

export function isCheckpointDue(step: number, { checkpointEvery, keepEvery }: TrainingIntervals): boolean {
  return isDue(step, checkpointEvery) || isDue(step, keepEvery);
}

/** Steps after `step` that one call may make: up to the next interval or the end, all with batches of one shape. */
export function maxStepsPerCall(step: number, batchSchedule: BatchSchedule, intervals: TrainingIntervals): number {
  const { evaluateEvery, checkpointEvery, keepEvery, sampleEvery } = intervals;
  const stepsUntil = [evaluateEvery, checkpointEvery, keepEvery, sampleEvery]
    .filter((interval) => interval > 0)
    .map((interval) => interval - (step % interval));
  return Math.min(batchSchedule.steps - step, ...stepsUntil, batchSchedule.sameShapeRun(step + 1));
}
