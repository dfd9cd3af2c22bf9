/** Accumulators of metrics: summed over batches in float64, then finalized into the reported values. */
import type { MetricFinalizer } from "../../compiler/artifact.js";

/** The sum of the accumulators so far (undefined or empty at first) and those of one more batch. */
export function addAccumulators(sum: Float64Array | undefined, batch: ArrayLike<number>): Float64Array<ArrayBuffer> {
  const length = Math.max(batch.length, sum?.length ?? 0);
  return Float64Array.from({ length }, (_, index) => (batch[index] ?? 0) + (sum?.[index] ?? 0));
}

/** A metric from its accumulators over all batches; NaN where no entry was counted. */
export function computeMetric(finish: MetricFinalizer, accumulators: Float64Array): number {
  return metricFunctions[finish](accumulators);
}

const metricFunctions: { readonly [K in MetricFinalizer]: (accumulators: Float64Array) => number } = {
  mean,
  sum_of_means: sumOfMeans,
  exp_mean: (accumulators) => Math.exp(mean(accumulators)),
  root_mean: (accumulators) => Math.sqrt(mean(accumulators)),
  // With p = hits / predicted and r = hits / targets, F1 is 2 p r / (p + r) = 2 hits / (predicted + targets).
  macro_f1: (accumulators) =>
    macroAverage(accumulators, (hits, predicted, targets) => (2 * hits) / (predicted + targets)),
  macro_precision: (accumulators) => macroAverage(accumulators, (hits, predicted) => ratio(hits, predicted)),
  macro_recall: (accumulators) => macroAverage(accumulators, (hits, _, targets) => ratio(hits, targets)),
};

function mean([sum = 0, count = 0]: Float64Array): number {
  return sum / count;
}

/** Pairs of a sum and a count; a pair of count 0 adds its sum. */
function sumOfMeans(accumulators: Float64Array): number {
  let result = 0;
  for (let index = 0; index + 1 < accumulators.length; index += 2)
    result += mean(Float64Array.of(accumulators[index] ?? 0, accumulators[index + 1] || 1));
  return result;
}

/** The mean of a score over the classes that are predicted, or are the target, at least once. */
function macroAverage(
  accumulators: Float64Array,
  score: (hits: number, predicted: number, targets: number) => number,
): number {
  const classes = accumulators.length / 3;
  const countAt = (row: number, column: number) => accumulators[row * classes + column] ?? 0;
  const presentClasses = Array.from({ length: classes }, (_, column) => column).filter(
    (column) => countAt(1, column) + countAt(2, column) > 0,
  );
  const scores = presentClasses.map((column) => score(countAt(0, column), countAt(1, column), countAt(2, column)));
  return scores.reduce((sum, value) => sum + value, 0) / scores.length;
}

/** A class that is never predicted has precision 0, as in scikit-learn; one that is never a target has recall 0. */
function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}
