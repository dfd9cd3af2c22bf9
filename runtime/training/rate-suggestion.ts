/** The evaluation of a learning-rate range test: the smoothed loss, and the rate that it suggests. */

/** A range test up to its end, or up to the update at which it diverged. */
export interface RateCurve {
  /** The learning rate of each update; they grow exponentially. */
  readonly rates: readonly number[];
  /** The loss before each update. */
  readonly losses: readonly number[];
}

export interface RateSuggestion {
  /** Weighted means of the losses around each update. */
  readonly smoothed: readonly number[];
  /**
   * The rate at which the smoothed loss falls fastest per decade of the rate, before its minimum, rounded to two
   * digits; null where the loss does not fall by more than its noise.
   */
  readonly suggestion: number | null;
  /** The rate of the smallest smoothed loss. */
  readonly lowest: number;
}

/** Half the width of the smoothing window, as a fraction of the planned updates. */
const SMOOTHING = 1 / 20;
/** The fall of the loss that a suggestion needs, in standard deviations of the losses around the smoothed ones. */
const SIGNIFICANT_FALL = 2;

/** @param steps the planned number of updates. */
export function suggestRate({ rates, losses }: RateCurve, steps: number): RateSuggestion {
  const smoothed = smooth(losses, Math.max(1, Math.round(steps * SMOOTHING)));
  const lowestIndex = smoothed.indexOf(Math.min(...smoothed));
  const lowest = rates[lowestIndex] ?? Number.NaN;
  const residuals = losses.slice(0, lowestIndex + 1).map((loss, index) => loss - (smoothed[index] ?? loss));
  const noise = Math.sqrt(residuals.reduce((sum, residual) => sum + residual ** 2, 0) / residuals.length);
  const fall = (smoothed[0] ?? 0) - (smoothed[lowestIndex] ?? 0);
  if (fall <= SIGNIFICANT_FALL * noise || fall <= 0) return { smoothed, suggestion: null, lowest };
  const slopes = smoothed.slice(0, lowestIndex).map((loss, index) => {
    const before = index === 0 ? loss : (smoothed[index - 1] ?? loss);
    return ((smoothed[index + 1] ?? loss) - before) / (index === 0 ? 1 : 2);
  });
  const steepest = slopes.indexOf(Math.min(...slopes));
  return { smoothed, suggestion: Number((rates[steepest] ?? 0).toPrecision(2)), lowest };
}

/** Means with triangular weights, over the window around each value, cut at the ends. */
function smooth(values: readonly number[], halfWidth: number): readonly number[] {
  return values.map((_, center) => {
    let [sum, weights] = [0, 0];
    for (let offset = -halfWidth; offset <= halfWidth; offset++) {
      const value = values[center + offset];
      if (value === undefined) continue;
      const weight = 1 - Math.abs(offset) / (halfWidth + 1);
      sum += weight * value;
      weights += weight;
    }
    return sum / weights;
  });
}
