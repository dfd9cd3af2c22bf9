/** Pruning: which trials of a sweep to stop early, by the intermediate values of all trials. */
import { median } from "../tensors/median.js";

export interface IntermediateValue {
  readonly step: number;
  readonly value: number;
}

/** A trial's evaluations so far, and its last step. */
export interface TrialProgress {
  readonly steps: number;
  readonly intermediateValues: readonly IntermediateValue[];
}

export type Mode = "min" | "max";

export const pruners = ["none", "median", "halving"] as const;

/**
 * - `median`: stops a trial whose best value is worse than the median of the others' best values at the same step (D.
 *   Golovin et al., Google Vizier, KDD 2017).
 * - `halving`: at 1/9 and 1/3 of its steps, stops a trial that is not in the best third of the trials that have reached
 *   them (L. Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020).
 */
export type Pruner = (typeof pruners)[number];

/** No pruning before this fraction of the steps, or before this number of other trials has reached the step. */
const GRACE_FRACTION = 0.1;
const MIN_OTHER_TRIALS = 3;
const REDUCTION_FACTOR = 3;
const RUNGS = [1 / 9, 1 / 3];

/** True when a trial should stop after its last evaluation. With parallel trials the result depends on their order. */
export function shouldPrune(
  pruner: Pruner,
  progressByTrial: ReadonlyMap<number, TrialProgress>,
  trial: number,
  mode: Mode,
): boolean {
  const current = progressByTrial.get(trial);
  const last = current?.intermediateValues.at(-1);
  if (pruner === "none" || current === undefined || last === undefined || last.step >= current.steps) return false;
  const others = [...progressByTrial].filter(([id]) => id !== trial).map(([, progress]) => progress);
  if (pruner === "median") {
    if (last.step < GRACE_FRACTION * current.steps) return false;
    const reached = others.filter(({ intermediateValues }) => (intermediateValues.at(-1)?.step ?? 0) >= last.step);
    if (reached.length < MIN_OTHER_TRIALS) return false;
    return isWorse(
      bestUntil(current, last.step, mode),
      median(reached.map((other) => bestUntil(other, last.step, mode))),
      mode,
    );
  }
  const previousStep = current.intermediateValues.at(-2)?.step ?? 0;
  const rung = RUNGS.map((fraction) => fraction * current.steps).findLast(
    (step) => previousStep < step && step <= last.step,
  );
  if (rung === undefined) return false;
  const rungValues = others
    .filter(({ intermediateValues }) => (intermediateValues.at(-1)?.step ?? 0) >= rung)
    .map((other) => bestUntil(other, firstStepFrom(other, rung), mode));
  const value = bestUntil(current, last.step, mode);
  const betterCount = rungValues.filter((other) => isWorse(value, other, mode)).length;
  return betterCount >= Math.ceil((rungValues.length + 1) / REDUCTION_FACTOR);
}

/** The first evaluated step of a trial from `step` on. */
function firstStepFrom({ intermediateValues }: TrialProgress, step: number): number {
  return intermediateValues.find(({ step: reached }) => reached >= step)?.step ?? step;
}

function bestUntil({ intermediateValues }: TrialProgress, step: number, mode: Mode): number {
  return bestValue(
    intermediateValues.filter(({ step: reached }) => reached <= step).map(({ value }) => value),
    mode,
  );
}

/** The best of the finite values; the worst value of the mode without any. */
export function bestValue(values: readonly number[], mode: Mode): number {
  return values
    .filter(Number.isFinite)
    .reduce((best, value) => (isWorse(best, value, mode) ? value : best), worstValue(mode));
}

function worstValue(mode: Mode): number {
  return mode === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}

export function isWorse(value: number, other: number, mode: Mode): boolean {
  return mode === "min" ? value > other : value < other;
}
