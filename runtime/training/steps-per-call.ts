/** The number of steps that one call of the session makes. It changes the speed of a run, and none of its results. */
import type { NormalTrain } from "../../schema/normal/index.js";

/** Long enough to make the overhead of a call negligible, short enough for progress and Ctrl-C. */
const TARGET_CALL_MS = 150;
/** Maximum size of the data of one call. */
const MAX_CALL_BYTES = 64 * 2 ** 20;

export interface StepsPerCallTuner {
  stepsPerCall(): number;
  /** Adds the duration of a call. */
  record(steps: number, milliseconds: number): void;
  /** All recorded calls together. */
  timing(): { readonly updates: number; readonly seconds: number };
}

/** @param bytesPerStep the size of one batch. "auto" starts with one step and grows by the duration of the calls. */
export function createStepsPerCallTuner(
  setting: NormalTrain["steps_per_call"],
  bytesPerStep: number,
): StepsPerCallTuner {
  const limit = Math.max(1, Math.floor(MAX_CALL_BYTES / bytesPerStep));
  let current = setting === "auto" ? 1 : setting;
  let timing = { updates: 0, seconds: 0 };
  return {
    stepsPerCall: () => Math.min(current, limit),
    record(steps, milliseconds) {
      if (setting === "auto") current = nextStepsPerCall(current, steps, milliseconds);
      timing = { updates: timing.updates + steps, seconds: timing.seconds + milliseconds / 1000 };
    },
    timing: () => timing,
  };
}

/**
 * A power of two, since a session plans its memory anew for every new shape; at most eight times the count before,
 * since first calls are slow.
 */
export function nextStepsPerCall(count: number, steps: number, milliseconds: number): number {
  const ideal = Math.max(1, (TARGET_CALL_MS * steps) / Math.max(milliseconds, 0.01));
  return 2 ** Math.floor(Math.log2(Math.min(ideal, count * 8)));
}
