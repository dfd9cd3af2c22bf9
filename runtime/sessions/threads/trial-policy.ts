/**
 * When a training tries another number of threads, and which of the two it keeps: a function of measured durations
 * alone.
 */
import { median } from "../../tensors/median.js";

/** Pairs of calls in a trial. The first is not counted: a new session plans its memory in it. */
export const TRIAL_PAIRS = 4;
/** The other number of threads is used if its calls take at most this fraction of the time. */
const WORTH_CHANGING = 0.9;
/** A change of the pace that asks for another trial. */
const CHANGED_PACE = 1.25;
/** The time until the next trial, and the time that has to be left, as multiples of a trial's cost. */
const PAYBACK = 50;
/** Trials without a change double the time until the next one, up to this factor. */
const MAX_BACKOFF = 32;
/** First calls, which are slow. */
const WARM_UP_CALLS = 3;
const WINDOW_CALLS = 5;
/** Time to open a session, until one has been measured. */
const EXPECTED_OPEN_MS = 200;

/** Durations of one call at the number in use and at the other one. */
export interface TrialPair {
  readonly current: number;
  readonly other: number;
}

export interface TrialResult {
  readonly isFaster: boolean;
  /** Time of the other number as a multiple of the time of the one in use. */
  readonly ratio: number;
}

export interface TrialPolicy {
  /** Adds a call outside trials. */
  record(steps: number, milliseconds: number): void;
  /** Milliseconds per step of the latest calls: their median; undefined before enough calls. */
  pace(): number | undefined;
  /**
   * True where a trial would cost at most a fiftieth of the time that is left, and none was made yet, the pace has
   * changed since the last one, or `isAway`: the number in use is not the first, so its reason may have ended.
   */
  isDue(stepsLeft: number, isAway: boolean): boolean;
  /**
   * Ends a trial.
   *
   * @param openMs time to open its session.
   */
  settle(pairs: readonly TrialPair[], openMs: number): TrialResult;
}

export function createTrialPolicy(): TrialPolicy {
  let calls = 0;
  let latest: readonly { readonly perStep: number; readonly call: number }[] = [];
  let openCost = EXPECTED_OPEN_MS;
  /** Milliseconds of calls until another trial may begin. */
  let wait = 0;
  let backoff = 1;
  /** The pace after the last trial; 0 before the first trial, NaN until the window is full again. */
  let settledPace = 0;

  const isWindowFull = () => latest.length === WINDOW_CALLS;
  const paceOf = () => (isWindowFull() ? median(latest.map(({ perStep }) => perStep)) : undefined);
  const trialCost = () => openCost + 2 * TRIAL_PAIRS * median(latest.map(({ call }) => call));
  return {
    record(steps, milliseconds) {
      calls++;
      wait -= milliseconds;
      if (calls <= WARM_UP_CALLS) return;
      latest = [...latest, { perStep: milliseconds / steps, call: milliseconds }].slice(-WINDOW_CALLS);
      if (Number.isNaN(settledPace)) settledPace = paceOf() ?? Number.NaN;
    },
    pace: paceOf,
    isDue(stepsLeft, isAway) {
      const pace = paceOf();
      if (pace === undefined || wait > 0 || pace * stepsLeft < PAYBACK * trialCost()) return false;
      const change = pace / settledPace;
      return settledPace === 0 || change >= CHANGED_PACE || change <= 1 / CHANGED_PACE || isAway;
    },
    settle(pairs, openMs) {
      const counted = pairs.slice(1);
      const sum = (duration: keyof TrialPair) => counted.reduce((total, pair) => total + pair[duration], 0);
      const ratio = sum("other") / sum("current");
      const isFaster = ratio <= WORTH_CHANGING;
      openCost = openMs;
      backoff = isFaster ? 1 : Math.min(2 * backoff, MAX_BACKOFF);
      wait = backoff * PAYBACK * trialCost();
      latest = [];
      settledPace = Number.NaN;
      return { isFaster, ratio };
    },
  };
}
