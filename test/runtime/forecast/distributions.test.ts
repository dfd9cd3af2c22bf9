/** Distributions of forecasts against JAX in float64, numerical integration, and their own samples. */
import { describe, expect, test } from "vitest";
import {
  type Distribution,
  mixture,
  negativeBinomial,
  normal,
  poisson,
  quantileOf,
  sampleOf,
  studentT,
  unscaled,
} from "../../../runtime/forecast/distributions.js";
import { randomStream } from "../../../runtime/tensors/random.js";

/** Values and cumulative probabilities of jax.scipy. */
test.each<[string, Distribution, number, number]>([
  ["normal", normal(0, 1), -3.5, 0.00023262907903552502],
  ["normal", normal(0, 1), -1, 0.15865525393145707],
  ["normal", normal(10, 4), 11, 0.5987063256829237],
  ["normal", normal(0, 1), 2, 0.9772498680518208],
  ["Student t", studentT(0, 1, 2.5), -2, 0.07869574787898294],
  ["Student t", studentT(1, 2, 4), 2, 0.6783350184090684],
  ["Student t", studentT(0, 1, 30), 3, 0.9973050179671741],
  ["Poisson", poisson(0.3), 0, 0.740818220681718],
  ["Poisson", poisson(3.5), 4.9, 0.7254449533096046],
  ["Poisson", poisson(120), 130, 0.831481613311883],
  ["negative binomial", negativeBinomial(2, 0.5), 0, 0.4472135954999579],
  ["negative binomial", negativeBinomial(3, 2), 5, 0.8413695999999997],
  ["negative binomial", negativeBinomial(100, 7), 90, 0.450895357309011],
])("the cumulative probability of a %s distribution", (_, distribution, value, expected) => {
  expect(distribution.cumulative(value)).toBeCloseTo(expected, 12);
});

const components = [
  { weight: 0.25, mean: -2, deviation: 0.5 },
  { weight: 0.75, mean: 3, deviation: 2 },
];
const all: readonly (readonly [string, Distribution])[] = [
  ["normal", normal(3, 2)],
  ["studentT", studentT(3, 2, 5)],
  ["poisson", poisson(4)],
  ["negativeBinomial", negativeBinomial(4, 3)],
  ["mixture", mixture(components)],
  ["unscaled", unscaled(studentT(1, 0.5, 6), 10, 0.25)],
];

describe.each(all)("%s", (name, distribution) => {
  test("a quantile is the least value with its cumulative probability", () => {
    for (const level of [0.01, 0.1, 0.5, 0.9, 0.99]) {
      const quantile = quantileOf(distribution, level);
      expect(distribution.cumulative(quantile)).toBeGreaterThanOrEqual(level - 1e-9);
      expect(distribution.cumulative(quantile - (distribution.isDiscrete ? 1 : 1e-6))).toBeLessThan(level);
    }
  });

  test("the mean and the deviation are those of its samples", () => {
    const random = randomStream(5, name);
    const samples = Array.from({ length: 3000 }, () => sampleOf(distribution, random));
    const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
    const deviation = Math.sqrt(samples.reduce((sum, value) => sum + (value - mean) ** 2, 0) / samples.length);
    expect(Math.abs(mean - distribution.mean)).toBeLessThan(4 * (distribution.deviation / Math.sqrt(samples.length)));
    expect(deviation / distribution.deviation).toBeCloseTo(1, 0.9);
  });
});

test.each([
  ["normal", normal(3, 2)],
  ["mixture", mixture(components)],
  ["unscaled", unscaled(normal(0.5, 0.25), 1, 0.125)],
])("the score of a %s distribution is the integral of its squared distance from a step", (_, distribution) => {
  for (const value of [-4, 1, 3.5, 9]) {
    let integral = 0;
    const width = 0.005;
    for (let x = -30 + width / 2; x < 40; x += width)
      integral += width * (distribution.cumulative(x) - Number(x >= value)) ** 2;
    expect(distribution.crps?.(value)).toBeCloseTo(integral, 3);
  }
});
