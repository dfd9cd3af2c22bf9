/**
 * A derivative against central differences of the loss, in float64. Where the two disagree, one-sided differences
 * separate a kink (relu at 0) or a jump (floor, a comparison) from a wrong derivative. A derivative below the rounding
 * errors of all differences is not measurable.
 */

import { at } from "../../ir/expect.js";

export type Verdict = "same" | "kink" | "jump" | "wrong" | "unmeasurable";

export interface Comparison {
  readonly gradient: number;
  /** (L(x + h) - L(x - h)) / 2h, of the step h that agrees best. */
  readonly difference: number;
  /** |gradient - difference|. */
  readonly absolute: number;
  /** `absolute` over the larger of both magnitudes, and at least over 1e-3 max(1, |L|). */
  readonly relative: number;
  readonly verdict: Verdict;
  /** The differences on the left and on the right of a kink, (L(x) - L(x - h)) / h and (L(x + h) - L(x)) / h. */
  readonly sides: readonly [number, number] | null;
}

/** The largest relative difference of a right derivative. */
export const TOLERANCE = 1e-6;

/**
 * Relative to max(1, |x|). A difference has an error of about h² by truncation and 1e-16 |L| / h by rounding: the first
 * step is best for most losses, the others for steep and for large ones.
 */
const steps = [1e-5, 1e-6, 1e-4];
/**
 * Steps of an extrapolation, (4 D(h) - D(2h)) / 3 (L. F. Richardson, 1911): its truncation error is about h⁴, for losses
 * whose rounding errors hide the small steps.
 */
const extrapolatedSteps = [1e-4, 1e-3];
/** Smaller derivatives are compared absolutely: differences of a loss of 1 have rounding errors of 1e-11. */
const SMALLEST_MAGNITUDE = 1e-3;
/** Steps for small derivatives: rounding errors of 1e-12 to 1e-14, and more truncation. */
const longSteps = [1e-4, 1e-3, 1e-2];
/** The largest difference of a small derivative, relative to it. */
const SMALL_TOLERANCE = 1e-3;
/** Differences of all long steps that are this close to each other show a slope, not rounding errors. */
const AGREEMENT = 1e-2;
/** The rounding error of a loss, relative to it: some units of the last place. */
const ROUNDING = 2e-15;
/** One-sided differences of a smooth loss differ by h L'' only. */
const KINK = 1e-3;

/** True where the difference shows the derivative, and not rounding errors alone. */
function isMeasured({ gradient, difference, absolute }: Comparison): boolean {
  return absolute <= SMALL_TOLERANCE * Math.max(Math.abs(gradient), Math.abs(difference));
}

/**
 * @param lossAt the loss where x, or the distance along a direction, is changed by h.
 * @param magnitude of x.
 */
export function compare(lossAt: (h: number) => number, magnitude: number, gradient: number): Comparison {
  const loss = lossAt(0);
  const unit = Math.max(1, magnitude);
  const smallest = SMALLEST_MAGNITUDE * Math.max(1, Math.abs(loss));
  const slope = (h: number) => (lossAt(h) - lossAt(-h)) / (2 * h);
  const central = (h: number): Comparison => comparisonWith(slope(h));
  const extrapolated = (h: number) => comparisonWith((4 * slope(h) - slope(2 * h)) / 3);
  const comparisonWith = (difference: number): Comparison => {
    const absolute = Math.abs(gradient - difference);
    const relative = absolute / Math.max(Math.abs(gradient), Math.abs(difference), smallest);
    return { gradient, difference, absolute, relative, verdict: relative <= TOLERANCE ? "same" : "wrong", sides: null };
  };
  /** A small derivative, whose absolute difference from its slope shows nothing. */
  const compareSmall = (): Comparison => {
    const comparisons = longSteps.map((step) => central(step * unit));
    const [closest] = comparisons.toSorted((x, y) => x.absolute - y.absolute);
    const small = closest as Comparison;
    if (isMeasured(small)) return { ...small, verdict: "same" };
    const slopes = comparisons.map(({ difference }) => difference);
    const [low, high] = [Math.min(...slopes), Math.max(...slopes)];
    const agree = high - low <= AGREEMENT * Math.max(Math.abs(low), Math.abs(high));
    const isNoise = small.absolute <= (ROUNDING * Math.abs(loss)) / (at(longSteps, 0) * unit);
    return { ...small, verdict: agree && !isNoise ? "wrong" : "unmeasurable" };
  };
  let best: Comparison | undefined;
  const estimates = [
    ...steps.map((step) => () => central(step * unit)),
    ...extrapolatedSteps.map((step) => () => extrapolated(step * unit)),
  ];
  for (const estimate of estimates) {
    const comparison = estimate();
    if (comparison.verdict === "same") return isMeasured(comparison) ? comparison : compareSmall();
    if (best === undefined || comparison.relative < best.relative) best = comparison;
  }
  const [h, tiny] = [1e-6 * unit, 1e-8 * unit];
  const sides = [(loss - lossAt(-h)) / h, (lossAt(h) - loss) / h] as const;
  const [low, high] = [Math.min(...sides), Math.max(...sides)];
  const size = Math.max(Math.abs(low), Math.abs(high), smallest);
  const wrong = best as Comparison;
  if (!(high - low > KINK * size)) return wrong;
  // A jump is as high over a shorter distance, a change of slope is not.
  const [gap, tinyGap] = [Math.abs(lossAt(h) - lossAt(-h)), Math.abs(lossAt(tiny) - lossAt(-tiny))];
  if (tinyGap > gap / 2 && tinyGap > tiny * smallest) return { ...wrong, verdict: "jump", sides };
  const isBetween = gradient >= low - KINK * size && gradient <= high + KINK * size;
  return isBetween ? { ...wrong, verdict: "kink", sides } : { ...wrong, sides };
}
