/**
 * Details of an evaluated split: scores and confusions of classes, or errors of target columns in their original units.
 */
import { usesOf } from "../data/source.js";
import type { Indices } from "../data/splits.js";
import type { RegressionSeries } from "../events.js";
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

export interface ColumnErrors {
  readonly column: string;
  readonly rmse: number;
  readonly mae: number;
}

export interface SplitDetails {
  readonly classes?: readonly ClassScores[];
  /** Counts by target class, then by predicted class. */
  readonly confusion?: readonly (readonly number[])[];
  /** In the original units of the columns. */
  readonly columns?: readonly ColumnErrors[];
}

/**
 * Empty for texts, pairs and label sequences, for features, and for numbers that are not scaled: their metrics are in original units.
 */
export async function splitDetails(context: PredictionContext, examples: Indices): Promise<SplitDetails> {
  const { spec, source, output } = context;
  const { metadata } = source;
  const isText = metadata.type === "text" || metadata.type === "pairs" || output.loss.type === "ctc";
  const { outputs } = usesOf(spec, output);
  const isUnscaled = outputs === "numbers" && metadata.type !== "table";
  if (isText || isUnscaled || outputs === "features") return {};
  const summary = await summarizePredictions(context, examples);
  if (summary.kind === "classes")
    return { classes: classScores(summary.names, summary.counts), confusion: summary.counts };
  return summary.kind === "numbers" ? { columns: summary.series.map(columnErrors) } : {};
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

function columnErrors({ name, target, predicted }: RegressionSeries): ColumnErrors {
  const errors = target.map((value, index) => (predicted[index] ?? Number.NaN) - value);
  const meanOf = (measure: (error: number) => number) =>
    errors.reduce((total, error) => total + measure(error), 0) / errors.length;
  return { column: name, rmse: Math.sqrt(meanOf((error) => error ** 2)), mae: meanOf(Math.abs) };
}
