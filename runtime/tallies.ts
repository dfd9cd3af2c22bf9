/** Tallies of metrics: added up over batches in float64, and finished into the numbers that are reported. */
import type { Finish } from "../compiler/artifact.js";

/** The sum of tallies so far (none: undefined or empty) and those of one more batch. */
export function addTallies(sum: Float64Array | undefined, batch: ArrayLike<number>): Float64Array<ArrayBuffer> {
  return Float64Array.from(batch, (tally, place) => tally + (sum?.[place] ?? 0));
}

/** A metric from its tallies over all batches; NaN where nothing was counted. */
export function finishTallies(finish: Finish, tallies: Float64Array): number {
  return finishes[finish](tallies);
}

const finishes: { readonly [K in Finish]: (tallies: Float64Array) => number } = {
  mean,
  exp_mean: (tallies) => Math.exp(mean(tallies)),
  root_mean: (tallies) => Math.sqrt(mean(tallies)),
  // With p = hits / answers and r = hits / targets, F1 is 2 p r / (p + r) = 2 hits / (answers + targets).
  macro_f1: (tallies) => overClasses(tallies, (hits, answers, targets) => (2 * hits) / (answers + targets)),
  macro_precision: (tallies) => overClasses(tallies, (hits, answers) => ratio(hits, answers)),
  macro_recall: (tallies) => overClasses(tallies, (hits, _, targets) => ratio(hits, targets)),
};

function mean([sum = 0, count = 0]: Float64Array): number {
  return sum / count;
}

/** The mean of a score over the classes that are the answer or the target of some entry. */
function overClasses(tallies: Float64Array, score: (hits: number, answers: number, targets: number) => number): number {
  const classes = tallies.length / 3;
  const tally = (row: number, column: number) => tallies[row * classes + column] ?? 0;
  const occurring = Array.from({ length: classes }, (_, column) => column).filter(
    (column) => tally(1, column) + tally(2, column) > 0,
  );
  const scores = occurring.map((column) => score(tally(0, column), tally(1, column), tally(2, column)));
  return scores.reduce((sum, one) => sum + one, 0) / scores.length;
}

/** A class that is never answered has a precision of 0, as in scikit-learn; one that is never a target a recall of 0. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
