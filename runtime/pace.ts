/** How many steps one call of the session makes. The numbers of a run do not depend on it, only its speed. */
import type { NormalTrain } from "../schema/normal.js";
import type { Schedule } from "./order.js";

/** A call long enough that its overhead is nothing, and short enough that progress and Ctrl-C feel immediate. */
const callMilliseconds = 150;
/** At most this much data is laid out for one call. */
const callBytes = 64 * 2 ** 20;

export interface Pace {
  /** Steps that the next call should make when nothing is in its way. */
  steps(): number;
  /** Told how long a call took. */
  took(steps: number, milliseconds: number): void;
}

/** `bytesPerStep` is the size of one batch. "auto" starts with one step and grows by the time that calls take. */
export function openPace(setting: NormalTrain["steps_per_call"], bytesPerStep: number): Pace {
  const limit = Math.max(1, Math.floor(callBytes / bytesPerStep));
  if (setting !== "auto") return { steps: () => Math.min(setting, limit), took() {} };
  let count = 1;
  return {
    steps: () => Math.min(count, limit),
    took(steps, milliseconds) {
      count = paceAfter(count, steps, milliseconds);
    },
  };
}

/**
 * The steps for the next call after one of `steps` steps. A power of two, since a session plans its memory anew for every
 * new shape; at most eight times more than before, since first calls are slow and say little.
 */
export function paceAfter(count: number, steps: number, milliseconds: number): number {
  const wanted = Math.max(1, (callMilliseconds * steps) / Math.max(milliseconds, 0.01));
  return 2 ** Math.floor(Math.log2(Math.min(wanted, count * 8)));
}

/** What happens between calls: after which steps the run evaluates and saves. */
export interface Milestones {
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
export function milestones(train: NormalTrain, plan: Schedule): Milestones {
  const epochs = train.epochs !== null ? 1 : Math.ceil(Math.max(100, plan.steps / 20) / plan.batchesPerEpoch);
  return {
    evaluateEvery: train.evaluate_every ?? epochs * plan.batchesPerEpoch,
    checkpointEvery: train.checkpoint_every,
    keepEvery: train.keep_every,
    sampleEvery: train.sample?.every ?? 0,
  };
}

/** Whether something that happens every `every` steps happens after `step`. */
export function isDue(step: number, every: number): boolean {
  return every > 0 && step % every === 0;
}

/** Steps after `step` that one call may make: to the next milestone or the end, all with batches of one shape. */
export function stepsAllowed(step: number, plan: Schedule, milestones: Milestones): number {
  const { evaluateEvery, checkpointEvery, keepEvery, sampleEvery } = milestones;
  const until = [evaluateEvery, checkpointEvery, keepEvery, sampleEvery]
    .filter((every) => every > 0)
    .map((every) => every - (step % every));
  return Math.min(plan.steps - step, ...until, plan.alikeFrom(step + 1));
}
