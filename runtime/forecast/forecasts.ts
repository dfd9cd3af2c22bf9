/** Forecasts of targets by the outputs of a model: a value, quantiles or a distribution for each target. */
import { levelsOf } from "../../schema/kinds/forecasts.js";
import {
  type ForecastFamily,
  type ForecastParameter,
  forecastFactsOf,
  lossName,
  outputKindOf,
} from "../../schema/kinds/losses.js";
import type { NormalLoss } from "../../schema/normal/index.js";
import { type ScalerParameters, unscaleValue } from "../data/scaler.js";
import {
  type Distribution,
  mixture,
  negativeBinomial,
  normal,
  poisson,
  quantileOf,
  studentT,
  unscaled,
} from "./distributions.js";

export type Forecast =
  | { readonly kind: "value"; readonly value: number }
  /** Sorted, so that they do not cross. */
  | { readonly kind: "quantiles"; readonly levels: readonly number[]; readonly values: readonly number[] }
  | { readonly kind: "distribution"; readonly distribution: Distribution };

/** The parameters of a distribution of a target: of each the number, of a mixture those of its components. */
type Parameters = readonly [readonly number[], ...(readonly number[])[]];

const parameterOf: { readonly [P in ForecastParameter]: (x: number) => number } = {
  value: (x) => x,
  logit: (x) => x,
  log_scale: Math.exp,
  log_variance: (x) => Math.exp(0.5 * x),
  log_mean: Math.exp,
  log_shape: Math.exp,
  freedom: (x) => 2 + Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
};

type DistributionFamily = Exclude<ForecastFamily, "quantiles">;

const families: { readonly [F in DistributionFamily]: (...parameters: Parameters) => Distribution } = {
  normal: (mean, deviation) => normal(at(mean, 0), at(deviation, 0)),
  student_t: (center, scale, freedom) => studentT(at(center, 0), at(scale, 0), at(freedom, 0)),
  poisson: (mean) => poisson(at(mean, 0)),
  negative_binomial: (mean, shape) => negativeBinomial(at(mean, 0), at(shape, 0)),
  normal_mixture(logits, means, deviations) {
    const largest = Math.max(...logits);
    const weights = logits.map((logit) => Math.exp(logit - largest));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return mixture(
      weights.map((weight, index) => ({
        weight: weight / total,
        mean: at(means, index),
        deviation: at(deviations, index),
      })),
    );
  },
};

function at(numbers: ArrayLike<number> | undefined, index: number): number {
  return numbers?.[index] ?? Number.NaN;
}

/**
 * The forecasts of the targets of a row by the outputs of a model.
 *
 * @param targets the number of targets of a row.
 */
export function forecastsOf(loss: NormalLoss, outputs: ArrayLike<number>, targets: number): readonly Forecast[] {
  const facts = forecastFactsOf(loss);
  if (facts === undefined) {
    if (outputKindOf(loss) !== "numbers") throw new Error(`${lossName(loss)} has no forecasts.`);
    return Array.from({ length: targets }, (_, target) => ({ kind: "value", value: at(outputs, target) }));
  }
  const { family, parameters } = facts;
  const numbers = outputs.length / parameters.length / targets;
  return Array.from({ length: targets }, (_, target): Forecast => {
    const [first, ...others] = parameters.map((kind, block) =>
      Array.from({ length: numbers }, (_each, index) =>
        parameterOf[kind](at(outputs, (block * targets + target) * numbers + index)),
      ),
    ) as [number[], ...number[][]];
    if (family === "quantiles")
      return { kind: "quantiles", levels: levelsOf(loss), values: first.sort((a, b) => a - b) };
    return { kind: "distribution", distribution: families[family](first, ...others) };
  });
}

/** A forecast in the units of the data. */
export function unscaledForecast(forecast: Forecast, scaler: ScalerParameters | undefined): Forecast {
  if (scaler === undefined) return forecast;
  switch (forecast.kind) {
    case "value":
      return { ...forecast, value: unscaleValue(forecast.value, scaler) };
    case "quantiles":
      return { ...forecast, values: forecast.values.map((value) => unscaleValue(value, scaler)) };
    case "distribution":
      return { ...forecast, distribution: unscaled(forecast.distribution, scaler.offset, scaler.factor) };
  }
}

/** The value, the median of quantiles (undefined without the level 0.5), or the mean of a distribution. */
export function pointOf(forecast: Forecast): number | undefined {
  switch (forecast.kind) {
    case "value":
      return forecast.value;
    case "quantiles":
      return forecast.values[forecast.levels.indexOf(0.5)];
    case "distribution":
      return forecast.distribution.mean;
  }
}

/** The quantile of a level; undefined for a value, and for a level that is none of the quantiles. */
export function levelOf(forecast: Forecast, level: number): number | undefined {
  switch (forecast.kind) {
    case "value":
      return undefined;
    case "quantiles":
      return forecast.values[forecast.levels.findIndex((other) => Math.abs(other - level) < 1e-9)];
    case "distribution":
      return quantileOf(forecast.distribution, level);
  }
}
