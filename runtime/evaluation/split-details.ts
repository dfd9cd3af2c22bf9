/**
 * Details of an evaluated split: scores and confusions of classes, or errors of target columns in their original units.
 */
import { usesOf } from "../data/source.js";
import type { Indices } from "../data/splits.js";
import type { RegressionSeries } from "../events.js";
import { type Baseline, baselinesOf, type ColumnErrors, sumColumnErrors } from "./baselines.js";
import { type PredictionContext, summarizePredictions } from "./prediction-summary.js";

/**
 * As in scikit-learn, the precision of a class that is never predicted is 0, and the recall of one without examples
 * too.
 */
export interface ClassScores {
  readonly class: string;
  /** Entries with this target, and entries with this prediction: examples, or steps of sequences. */
  readonly targets: number;
  readonly predicted: number;
  readonly precision: number;
  readonly recall: number;
}

export interface SplitDetails {
  readonly classes?: readonly ClassScores[];
  /** Counts by target class, then by predicted class. */
  readonly confusion?: readonly (readonly number[])[];
  /** In the original units of the columns. */
  readonly columns?: readonly ColumnErrors[];
  /** Of forecasts: the errors of the last value, and of the mean of the training split. */
  readonly baselines?: readonly Baseline[];
}

/**
 * Empty for texts, pairs and label sequences, for features, and for numbers that are not scaled: their metrics are in original units.
 *
 * @param training the training split, null for other data.
 */
export async function splitDetails(
  context: PredictionContext,
  examples: Indices,
  training: Indices | null,
): Promise<SplitDetails> {
  const { spec, source, output } = context;
  const { metadata } = source;
  const isText = metadata.type === "text" || metadata.type === "pairs" || output.loss.type === "ctc";
  const { outputs } = usesOf(spec, output);
  const isUnscaled = outputs === "numbers" && metadata.type !== "table";
  if (isText || isUnscaled || outputs === "features") return {};
  const summary = await summarizePredictions(context, examples);
  if (summary.kind === "classes")
    return { classes: classScores(summary.names, summary.counts), confusion: summary.counts };
  if (summary.kind !== "numbers") return {};
  const baselines = baselinesOf(context, examples, training);
  const { data } = spec;
  const horizon = data.type === "table" ? data.horizon : [1];
  return {
    columns: summary.series.map((series) => columnErrors(series, horizon)),
    ...(baselines.length > 0 && { baselines }),
  };
}

function classScores(names: readonly string[], counts: readonly (readonly number[])[]): readonly ClassScores[] {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const share = (hits: number, all: number) => (all === 0 ? 0 : hits / all);
  return names.map((name, id) => {
    const hits = counts[id]?.[id] ?? 0;
    const [targets, predicted] = [sum(counts[id] ?? []), sum(counts.map((row) => row[id] ?? 0))];
    return { class: name, targets, predicted, precision: share(hits, predicted), recall: share(hits, targets) };
  });
}

/** The values of a series are those of each row to be predicted in turn. */
function columnErrors({ name, target, predicted }: RegressionSeries, horizon: readonly number[]): ColumnErrors {
  const sum = sumColumnErrors(horizon);
  for (const [index, value] of target.entries()) sum.add(value, predicted[index] ?? Number.NaN, index % horizon.length);
  return sum.errors(name);
}
