/** Distributions that a model's outputs are the parameters of: mean, deviation, cumulative probability, quantiles, samples. */
import type { RandomStream } from "../tensors/random.js";
import { incompleteBeta, lowerGamma, normalCumulative, normalDensity } from "./special-functions.js";

export interface Distribution {
  readonly mean: number;
  readonly deviation: number;
  /** True for counts: probabilities of integers from 0. */
  readonly isDiscrete: boolean;
  /** The probability of values up to x. */
  cumulative(x: number): number;
  /** The continuous ranked probability score at a value; absent where it has no closed form here. */
  crps?(value: number): number;
}

export function normal(mean: number, deviation: number): Distribution {
  return {
    ...mixture([{ weight: 1, mean, deviation }]),
    cumulative: (x) => normalCumulative((x - mean) / deviation),
  };
}

/** The degrees of freedom are above 2. */
export function studentT(center: number, scale: number, freedom: number): Distribution {
  return {
    mean: center,
    deviation: scale * Math.sqrt(freedom / (freedom - 2)),
    isDiscrete: false,
    cumulative(x) {
      const z = (x - center) / scale;
      const tail = 0.5 * incompleteBeta(freedom / (freedom + z * z), freedom / 2, 0.5);
      return z > 0 ? 1 - tail : tail;
    },
  };
}

export function poisson(mean: number): Distribution {
  return {
    mean,
    deviation: Math.sqrt(mean),
    isDiscrete: true,
    cumulative: (x) => (x < 0 ? 0 : 1 - lowerGamma(Math.floor(x) + 1, mean)),
  };
}

/** Counts with the variance mean + mean² / r. */
export function negativeBinomial(mean: number, r: number): Distribution {
  return {
    mean,
    deviation: Math.sqrt(mean + (mean * mean) / r),
    isDiscrete: true,
    cumulative: (x) => (x < 0 ? 0 : incompleteBeta(r / (r + mean), r, Math.floor(x) + 1)),
  };
}

export interface Component {
  readonly weight: number;
  readonly mean: number;
  readonly deviation: number;
}

/** A mixture of normal distributions; the weights have the sum 1. */
export function mixture(components: readonly Component[]): Distribution {
  const sum = (read: (component: Component) => number) =>
    components.reduce((total, component) => total + component.weight * read(component), 0);
  const mean = sum((component) => component.mean);
  // Half the mean distance of two independent values of the mixture.
  const spread = 0.5 * sum((one) => sum((other) => distance(one.mean - other.mean, hypotenuse(one, other))));
  return {
    mean,
    deviation: Math.sqrt(sum((component) => component.deviation ** 2 + (component.mean - mean) ** 2)),
    isDiscrete: false,
    cumulative: (x) => sum((component) => normalCumulative((x - component.mean) / component.deviation)),
    // E|X - t| - E|X - X'| / 2 (E. P. Grimit et al., The Continuous Ranked Probability Score for Circular Variables, 2006).
    crps: (value) => sum((component) => distance(value - component.mean, component.deviation)) - spread,
  };
}

function hypotenuse(one: Component, other: Component): number {
  return Math.hypot(one.deviation, other.deviation);
}

/** The mean absolute value of a normal distribution. */
function distance(mean: number, deviation: number): number {
  if (deviation === 0) return Math.abs(mean);
  const z = mean / deviation;
  return mean * (2 * normalCumulative(z) - 1) + 2 * deviation * normalDensity(z);
}

/** The distribution of offset + x / factor, for x of a distribution. */
export function unscaled(distribution: Distribution, offset: number, factor: number): Distribution {
  const { mean, deviation, crps } = distribution;
  return {
    ...distribution,
    mean: mean / factor + offset,
    deviation: deviation / factor,
    cumulative: (x) => distribution.cumulative((x - offset) * factor),
    ...(crps && { crps: (value: number) => crps((value - offset) * factor) / factor }),
  };
}

const HALVINGS = 200;

/** The least x with a cumulative probability of at least `level`, by bisection; of counts an integer. */
export function quantileOf({ mean, deviation, isDiscrete, cumulative }: Distribution, level: number): number {
  if (!Number.isFinite(mean) || !Number.isFinite(deviation)) return Number.NaN;
  let width = Math.max(deviation, 1e-12 * Math.max(1, Math.abs(mean)));
  let [low, high] = [mean - width, mean + width];
  while (cumulative(low) >= level && width < 1e300) low -= width *= 2;
  while (cumulative(high) < level && width < 1e300) high += width *= 2;
  if (isDiscrete) [low, high] = [Math.max(-1, Math.floor(low)), Math.ceil(high)];
  for (let step = 0; step < HALVINGS; step++) {
    const middle = isDiscrete ? Math.floor((low + high) / 2) : (low + high) / 2;
    if (middle === low || middle === high) break;
    if (cumulative(middle) < level) low = middle;
    else high = middle;
  }
  return high;
}

/** A value by the inverse of the cumulative probability. */
export function sampleOf(distribution: Distribution, random: RandomStream): number {
  // A probability of 0 has no value.
  return quantileOf(distribution, Math.max(random.uniform(), 1e-12));
}
