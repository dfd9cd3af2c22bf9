/** How many steps one call of the session makes. The numbers of a run do not depend on it, only its speed. */
import type { NormalTrain } from "../../schema/normal/index.js";
import type { BatchSchedule } from "../data/batching/batch-schedule.js";

/** A call long enough that its overhead is nothing, and short enough that progress and Ctrl-C feel immediate. */
const TARGET_CALL_MS = 150;
/** At most this much data is laid out for one call. */
const MAX_CALL_BYTES = 64 * 2 ** 20;

export interface StepsPerCallTuner {
  /** Steps that the next call should make when nothing is in its way. */
  stepsPerCall(): number;
  /** Told how long a call took. */
  record(stepsPerCall: number, milliseconds: number): void;
}

/** `bytesPerStep` is the size of one batch. "auto" starts with one step and grows by the time that calls take. */
export function createStepsPerCallTuner(
  setting: NormalTrain["steps_per_call"],
  bytesPerStep: number,
): StepsPerCallTuner {
  const limit = Math.max(1, Math.floor(MAX_CALL_BYTES / bytesPerStep));
  if (setting !== "auto") return { stepsPerCall: () => Math.min(setting, limit), record() {} };
  let current = 1;
  return {
    stepsPerCall: () => Math.min(current, limit),
    record(steps, milliseconds) {
      current = nextStepsPerCall(current, steps, milliseconds);
    },
  };
}

/**
 * The steps for the next call after one of `steps` steps. A power of two, since a session plans its memory anew for every
 * new shape; at most eight times more than before, since first calls are slow and say little.
 */
export function nextStepsPerCall(count: number, steps: number, milliseconds: number): number {
  const ideal = Math.max(1, (TARGET_CALL_MS * steps) / Math.max(milliseconds, 0.01));
  return 2 ** Math.floor(Math.log2(Math.min(ideal, count * 8)));
}

/** What happens between calls: after which steps the run evaluates and saves. */
export interface TrainingIntervals {
  readonly evaluateEvery: number;
  /** 0: never before the end. */
  readonly checkpointEvery: number;
  /** After these steps the checkpoints stay; 0: never. */
  readonly keepEvery: number;
  /** 0: never. */
  readonly sampleEvery: number;
}

/**
 * Where the spec does not say how often, a run of epochs is evaluated after each of them, and a run of steps about 20 times,
 * at least 100 steps apart and after whole epochs (an epoch may be a single step). Every run is evaluated at its end.
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

/** Whether something that happens every `every` steps happens after `step`. */
export function isDue(step: number, interval: number): boolean {
  return interval > 0 && step % interval === 0;
}

/** Steps after `step` that one call may make: to the next milestone or the end, all with batches of one shape. */
export function maxStepsPerCall(step: number, batchSchedule: BatchSchedule, intervals: TrainingIntervals): number {
  const { evaluateEvery, checkpointEvery, keepEvery, sampleEvery } = intervals;
  const stepsUntil = [evaluateEvery, checkpointEvery, keepEvery, sampleEvery]
    .filter((interval) => interval > 0)
    .map((interval) => interval - (step % interval));
  return Math.min(batchSchedule.steps - step, ...stepsUntil, batchSchedule.sameShapeRun(step + 1));
}
