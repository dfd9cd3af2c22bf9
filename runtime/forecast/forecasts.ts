/** Forecasts of targets by the outputs of a model: a value, quantiles or a distribution for each target. */
import { lossName, outputKindOf } from "../../schema/kinds/losses.js";
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

/** Outputs of a row as the forecast of each of its targets, in the units of the targets that the loss reads. */
type ReadForecasts = (outputs: ArrayLike<number>, targets: number) => readonly Forecast[];

const log1pExp = (a: number) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));
const ofTargets = (count: number, read: (target: number) => Distribution): readonly Forecast[] =>
  Array.from({ length: count }, (_, target) => ({ kind: "distribution", distribution: read(target) }) as const);

/** The readers of losses whose outputs are no values of the targets. */
function readerOf(loss: NormalLoss): ReadForecasts | undefined {
  switch (loss.type) {
    case "quantile": {
      const order = loss.levels.map((_, index) => index).sort((a, b) => (loss.levels[a] ?? 0) - (loss.levels[b] ?? 0));
      const levels = order.map((index) => loss.levels[index] ?? 0);
      return (outputs, targets) =>
        Array.from({ length: targets }, (_, target) => {
          const values = order.map((index) => outputs[target * levels.length + index] ?? Number.NaN);
          return { kind: "quantiles", levels, values: values.sort((a, b) => a - b) };
        });
    }
    case "gaussian_nll":
      return (outputs, count) =>
        ofTargets(count, (target) => normal(at(outputs, target), Math.exp(0.5 * at(outputs, count + target))));
    case "student_t_nll":
      return (outputs, count) =>
        ofTargets(count, (target) =>
          studentT(
            at(outputs, target),
            Math.exp(at(outputs, count + target)),
            2 + log1pExp(at(outputs, 2 * count + target)),
          ),
        );
    case "poisson_nll":
      return (outputs, count) => ofTargets(count, (target) => poisson(Math.exp(at(outputs, target))));
    case "negative_binomial_nll":
      return (outputs, count) =>
        ofTargets(count, (target) =>
          negativeBinomial(Math.exp(at(outputs, target)), Math.exp(at(outputs, count + target))),
        );
    case "mixture_density": {
      const { components } = loss;
      return (outputs, count) =>
        ofTargets(count, (target) => {
          const entry = (part: number, index: number) => at(outputs, (part * count + target) * components + index);
          const indices = Array.from({ length: components }, (_, index) => index);
          const largest = Math.max(...indices.map((index) => entry(0, index)));
          const weights = indices.map((index) => Math.exp(entry(0, index) - largest));
          const total = weights.reduce((sum, weight) => sum + weight, 0);
          return mixture(
            indices.map((index) => ({
              weight: (weights[index] ?? 0) / total,
              mean: entry(1, index),
              deviation: Math.exp(entry(2, index)),
            })),
          );
        });
    }
    default:
      return undefined;
  }
}

function at(outputs: ArrayLike<number>, index: number): number {
  return outputs[index] ?? Number.NaN;
}

/**
 * The forecasts of the targets of a row by the outputs of a model.
 *
 * @param targets the number of targets of a row.
 */
export function forecastsOf(loss: NormalLoss, outputs: ArrayLike<number>, targets: number): readonly Forecast[] {
  const read = readerOf(loss);
  if (read !== undefined) return read(outputs, targets);
  if (outputKindOf(loss) !== "numbers") throw new Error(`${lossName(loss)} has no forecasts.`);
  return Array.from({ length: targets }, (_, target) => ({ kind: "value", value: at(outputs, target) }));
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
