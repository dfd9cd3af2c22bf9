/** Which runs of a sweep are not worth going on with, by what they and the others have reached. */

export interface Reading {
  readonly step: number;
  readonly value: number;
}

/** A trial's evaluations so far, and the step that it would end at. */
export interface Progress {
  readonly steps: number;
  readonly readings: readonly Reading[];
}

export type Mode = "min" | "max";

export const stoppingRules = ["none", "median", "halving"] as const;

/**
 * - `median`: a trial ends when its best value is worse than the median of the others' best at the same step (D. Golovin et al., Google
 *   Vizier, KDD 2017).
 * - `halving`: at 1/9 and 1/3 of its steps a trial goes on if it is among the best third of those that have come so far (L. Li et al., A
 *   System for Massively Parallel Hyperparameter Tuning, MLSys 2020).
 */
export type StoppingRule = (typeof stoppingRules)[number];

/** The part of its steps that every trial may make, and how many others must have come as far. */
const GRACE = 0.1;
const FEWEST_OTHERS = 3;
const FACTOR = 3;
const RUNGS = [1 / 9, 1 / 3];

/** Whether a trial should end after its last reading. With several trials at a time the answer hangs on which of them came first. */
export function shouldStop(rule: StoppingRule, all: ReadonlyMap<number, Progress>, trial: number, mode: Mode): boolean {
  const own = all.get(trial);
  const last = own?.readings.at(-1);
  if (rule === "none" || own === undefined || last === undefined || last.step >= own.steps) return false;
  const others = [...all].filter(([number]) => number !== trial).map(([, progress]) => progress);
  if (rule === "median") {
    if (last.step < GRACE * own.steps) return false;
    const reached = others.filter(({ readings }) => (readings.at(-1)?.step ?? 0) >= last.step);
    if (reached.length < FEWEST_OTHERS) return false;
    return isWorse(bestBy(own, last.step, mode), median(reached.map((other) => bestBy(other, last.step, mode))), mode);
  }
  const before = own.readings.at(-2)?.step ?? 0;
  const rung = RUNGS.map((part) => part * own.steps).findLast((step) => before < step && step <= last.step);
  if (rung === undefined) return false;
  const here = others
    .filter(({ readings }) => (readings.at(-1)?.step ?? 0) >= rung)
    .map((other) => bestBy(other, firstFrom(other, rung), mode));
  const value = bestBy(own, last.step, mode);
  const better = here.filter((other) => isWorse(value, other, mode)).length;
  return better >= Math.ceil((here.length + 1) / FACTOR);
}

/** The first step from `step` on at which a trial was evaluated. */
function firstFrom({ readings }: Progress, step: number): number {
  return readings.find((reading) => reading.step >= step)?.step ?? step;
}

function bestBy({ readings }: Progress, step: number, mode: Mode): number {
  return bestOf(
    readings.filter((reading) => reading.step <= step).map(({ value }) => value),
    mode,
  );
}

/** The best of some values; what is no number is worst. */
export function bestOf(values: readonly number[], mode: Mode): number {
  return values
    .filter(Number.isFinite)
    .reduce((best, value) => (isWorse(best, value, mode) ? value : best), worst(mode));
}

export function worst(mode: Mode): number {
  return mode === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}

export function isWorse(value: number, other: number, mode: Mode): boolean {
  return mode === "min" ? value > other : value < other;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}
