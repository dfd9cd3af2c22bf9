/** Forecasts by the outputs of each loss: the distribution that the loss is the likelihood of, sorted quantiles, units. */
import { describe, expect, test } from "vitest";
import { forecastsOf, levelOf, pointOf, unscaledForecast } from "../../../runtime/forecast/forecasts.js";
import type { NormalLoss } from "../../../schema/normal/index.js";

const loss = (type: string, options: object = {}) => ({ type, ...options }) as unknown as NormalLoss;

test("quantiles of two targets are sorted by level and by value", () => {
  const quantile = loss("quantile", { levels: [0.9, 0.1, 0.5] });
  const [first, second] = forecastsOf(quantile, [3, 1, 2, 10, 30, 20], 2);
  expect(first).toEqual({ kind: "quantiles", levels: [0.1, 0.5, 0.9], values: [1, 2, 3] });
  // The outputs of the levels 0.1 and 0.9 cross.
  expect(second).toEqual({ kind: "quantiles", levels: [0.1, 0.5, 0.9], values: [10, 20, 30] });
  expect(second && [pointOf(second), levelOf(second, 0.9), levelOf(second, 0.3)]).toEqual([20, 30, undefined]);
});

describe("distributions of two targets", () => {
  test.each<[string, object, readonly number[], readonly number[], readonly number[]]>([
    ["gaussian_nll", {}, [1, 2, Math.log(4), Math.log(9)], [1, 2], [2, 3]],
    ["student_t_nll", {}, [1, 2, 0, Math.log(2), 5, 5], [1, 2], [Math.sqrt(7.006715348 / 5.006715348), 0]],
    ["poisson_nll", {}, [Math.log(4), Math.log(9)], [4, 9], [2, 3]],
    ["negative_binomial_nll", {}, [Math.log(4), Math.log(6), 0, Math.log(12)], [4, 6], [Math.sqrt(20), 3]],
    ["mixture_density", { components: 2 }, [0, 0, 0, -90, 1, 3, 5, 8, 0, 0, 0, 0], [2, 5], [Math.sqrt(2), 1]],
  ])("%s", (type, options, outputs, means, deviations) => {
    const forecasts = forecastsOf(loss(type, options), outputs, 2);
    expect(forecasts.map(pointOf)).toEqual(means.map((mean) => expect.closeTo(mean, 9)));
    const found = forecasts.map((forecast) => (forecast.kind === "distribution" ? forecast.distribution.deviation : 0));
    for (const [index, deviation] of deviations.entries())
      if (deviation > 0) expect(found[index]).toBeCloseTo(deviation, 6);
  });
});

test("forecasts in the units of the data", () => {
  const scaler = { offset: 100, factor: 0.1 };
  const [value, quantiles, distribution] = [
    forecastsOf(loss("squared_error"), [2], 1),
    forecastsOf(loss("quantile", { levels: [0.1, 0.9] }), [1, 3], 1),
    forecastsOf(loss("gaussian_nll"), [2, 0], 1),
  ].map(([forecast]) => forecast && unscaledForecast(forecast, scaler));
  expect(value && pointOf(value)).toBe(120);
  expect(quantiles && [0.1, 0.9].map((level) => levelOf(quantiles, level))).toEqual([110, 130]);
  expect(distribution && pointOf(distribution)).toBe(120);
  // The level 0.975 of a normal distribution is 1.959964 deviations above the mean.
  expect(distribution && levelOf(distribution, 0.975)).toBeCloseTo(139.59964, 4);
});
