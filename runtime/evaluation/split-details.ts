/**
 * Details of an evaluated split: scores and confusions of classes, or errors of target columns in their original units.
 */
import { hasPointForecast } from "../../schema/kinds/forecasts.js";
import { usesOf } from "../data/source.js";
import type { Indices } from "../data/splits.js";
import { type ForecastDetails, forecastDetails } from "./forecast-details.js";
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

export interface SplitDetails extends Partial<ForecastDetails> {
  readonly classes?: readonly ClassScores[];
  /** Counts by target class, then by predicted class. */
  readonly confusion?: readonly (readonly number[])[];
}

/**
 * Empty for texts, pairs and label sequences, for features, and for numbers of other data than tables: their metrics are in
 * the units of the data.
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
  if (isText) return {};
  if (metadata.type === "table" && hasPointForecast(output.loss)) return forecastDetails(context, examples, training);
  const { outputs } = usesOf(spec, output);
  if (outputs === "numbers" || outputs === "features") return {};
  const summary = await summarizePredictions(context, examples);
  return summary.kind === "classes"
    ? { classes: classScores(summary.names, summary.counts), confusion: summary.counts }
    : {};
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
