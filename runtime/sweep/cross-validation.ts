/** Cross-validation in a sweep: every trial in each fold, and the mean and deviation of its folds. */
import type { NormalSpec } from "../../schema/normal/index.js";
import { isWorse, type Mode } from "./pruning.js";
import type { TrialRecord } from "./results.js";
import type { TrialValues } from "./search-space.js";

const foldPath = "data.split.fold";

/** The number of folds that a sweep trains; null for a split without folds, or where the search space has the fold. */
export function foldsOf({ data: { split } }: NormalSpec, paths: readonly string[]): number | null {
  return "folds" in split && !paths.includes(foldPath) ? split.folds : null;
}

/** Every combination of values in each fold, the folds of one combination in a row. */
export function inFolds(trials: readonly TrialValues[], folds: number): readonly TrialValues[] {
  return trials.flatMap((values) =>
    Array.from({ length: folds }, (_, index) => ({ ...values, [foldPath]: index + 1 })),
  );
}

export interface FoldSummary {
  /** Without the fold. */
  readonly values: TrialValues;
  /** Folds with a metric. */
  readonly folds: number;
  /** Null without such a fold. */
  readonly mean: number | null;
  /** The standard deviation of a sample; null of a single fold. */
  readonly deviation: number | null;
}

/** The combinations of values from best to worst. */
export function summarizeFolds(records: readonly TrialRecord[], mode: Mode): readonly FoldSummary[] {
  const groups = new Map<string, { readonly values: TrialValues; readonly metrics: number[] }>();
  for (const { values: all, state, value } of records) {
    const { [foldPath]: _, ...values } = all;
    const key = JSON.stringify(values);
    const group = groups.get(key) ?? { values, metrics: [] };
    groups.set(key, group);
    if (state === "done" && value !== null) group.metrics.push(value);
  }
  const summaries = [...groups.values()].map(({ values, metrics }) => {
    const count = metrics.length;
    if (count === 0) return { values, folds: 0, mean: null, deviation: null };
    const mean = metrics.reduce((sum, value) => sum + value, 0) / count;
    const squares = metrics.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return { values, folds: count, mean, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : null };
  });
  return summaries.sort((a, b) => {
    if (a.mean === null || b.mean === null) return Number(a.mean === null) - Number(b.mean === null);
    return a.mean === b.mean ? 0 : isWorse(a.mean, b.mean, mode) ? 1 : -1;
  });
}
