/** Facts of forecasts: the losses whose outputs are quantiles or a distribution, and the metrics in the units of the data. */
import type { NormalLoss, NormalMetric, NormalSpec } from "../normal/index.js";
import { type ForecastFamily, forecastFactsOf, lossesOfFamilies, lossName, outputKindOf } from "./losses.js";

/** True for a loss whose outputs are quantiles or the parameters of a distribution. */
export function isProbabilistic(loss: Pick<NormalLoss, "type">): boolean {
  return forecastFactsOf(loss) !== undefined;
}

/** The levels of quantiles, ascending; none for other losses. */
export function levelsOf(loss: NormalLoss): readonly number[] {
  return "levels" in loss ? [...loss.levels].sort((a, b) => a - b) : [];
}

/** The families with a continuous ranked probability score in closed form. */
const scoredFamilies: readonly ForecastFamily[] = ["quantiles", "normal", "normal_mixture"];

function scoredLosses(): readonly string[] {
  return lossesOfFamilies((family) => scoredFamilies.includes(family)).map((name) => `"${name}"`);
}

/** True for a loss with one forecast of each target: a value, the median of quantiles, or the mean of a distribution. */
export function hasPointForecast(loss: NormalLoss): boolean {
  if (forecastFactsOf(loss)?.family === "quantiles") return levelsOf(loss).includes(0.5);
  return isProbabilistic(loss) || outputKindOf(loss) === "numbers";
}

/** The levels of the ends of a central interval. */
export function endsOf(interval: number): readonly [number, number] {
  return [(1 - interval) / 2, (1 + interval) / 2];
}

function hasLevel(levels: readonly number[], level: number): boolean {
  return levels.some((other) => Math.abs(other - level) < 1e-9);
}

/** Metrics that are computed from outputs and targets in the units of the data, in no model. */
const forecastTypes = ["smape", "mape", "wape", "mase", "pinball", "crps", "coverage"] as const;

export type ForecastMetric = Extract<NormalMetric, { readonly type: (typeof forecastTypes)[number] }>;

export function isForecastMetric(metric: NormalMetric): metric is ForecastMetric {
  return forecastTypes.some((type) => type === metric.type);
}

/** The reason why a metric cannot read the outputs of a loss, with the way out. */
export interface MetricFault {
  readonly message: string;
  readonly hint: string;
}

export function forecastMetricFault(
  metric: ForecastMetric,
  loss: NormalLoss,
  data: NormalSpec["data"],
): MetricFault | undefined {
  const name = lossName(loss);
  const family = forecastFactsOf(loss)?.family;
  const isOfQuantiles = family === "quantiles";
  if (data.type !== "table")
    return { message: `${metric.type} needs a table, but the data is ${data.type}.`, hint: 'Use "rmse" or "mae".' };
  switch (metric.type) {
    case "pinball":
      if (isOfQuantiles) return undefined;
      return { message: `pinball needs quantiles, but the loss is ${name}.`, hint: 'Use the loss "quantile".' };
    case "crps":
      if (family !== undefined && scoredFamilies.includes(family)) return undefined;
      return {
        message: `crps needs quantiles or normal distributions, but the loss is ${name}.`,
        hint: `Use one of the losses ${scoredLosses().join(", ")}, or the metric "coverage".`,
      };
    case "coverage": {
      if (family !== undefined && !isOfQuantiles) return undefined;
      const ends = endsOf(metric.interval).map((level) => Number(level.toPrecision(6)));
      if (ends.every((level) => hasLevel(levelsOf(loss), level))) return undefined;
      const message = `coverage of the interval ${metric.interval} needs the levels ${ends.join(" and ")}, which ${name} does not have.`;
      return { message, hint: 'Add them to "levels" of the loss "quantile", or change "interval".' };
    }
    default:
      if (isOfQuantiles && !hasPointForecast(loss)) return medianFault(metric);
      if (!hasPointForecast(loss))
        return {
          message: `${metric.type} needs numbers as targets, but the loss is ${name}.`,
          hint: "Remove the metric.",
        };
      return metric.type === "mase" ? seasonFault(metric.season, data) : undefined;
  }
}

/** The fault of a metric of point forecasts, of quantiles without the level 0.5. */
export function medianFault({ type }: Pick<NormalMetric, "type">): MetricFault {
  return { message: `${type} needs the median as the forecast.`, hint: 'Add 0.5 to "levels" of the loss.' };
}

function seasonFault(season: number | null, data: Extract<NormalSpec["data"], { type: "table" }>) {
  if (data.window === null)
    return { message: "mase needs windows of rows in time.", hint: 'Write "window" in the data, or use "wape".' };
  if (season !== null || data.season !== null || data.time !== null) return undefined;
  return {
    message: "mase needs a season, in rows.",
    hint: 'Write "season" in the metric or in the data, such as 24 for hourly rows; 1 in the metric compares with the last value.',
  };
}
