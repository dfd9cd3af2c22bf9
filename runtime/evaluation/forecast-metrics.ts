/** Metrics in the units of the data, from the outputs of a model and the targets: relative errors and scores of forecasts. */
import { child } from "../../schema/json-pointer.js";
import { endsOf, type ForecastMetric, isForecastMetric } from "../../schema/kinds/forecasts.js";
import { metricName } from "../../schema/kinds/metrics.js";
import { type ModelOutput, outputsOf } from "../../schema/kinds/outputs.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { metadataOf } from "../data/metadata.js";
import { type SeriesRows, seasonalError } from "../data/series-rows.js";
import type { Batch, DataSource } from "../data/source.js";
import type { Distribution } from "../forecast/distributions.js";
import { type Forecast, levelOf, pointOf } from "../forecast/forecasts.js";
import { formatCount } from "../format.js";
import type { RunProblem } from "../problem.js";
import type { NumericArray } from "../tensors/array.js";
import { type ForecastEntry, forecastEntries } from "./forecast-entries.js";

/** A metric that is a quotient of two sums over the entries of examples. */
export interface OutputMetric {
  readonly name: string;
  /** The output of the model. */
  readonly port: string;
  /** The sums of a batch: the numerator and the denominator. */
  sums(examples: ArrayLike<number>, arrays: Batch, output: NumericArray): Float64Array;
}

/** The metrics of a spec that are computed from outputs. */
export function outputMetrics(
  spec: Pick<NormalSpec, "metrics" | "losses" | "model">,
  source: Pick<DataSource, "metadata" | "series">,
): readonly OutputMetric[] {
  const outputs = outputsOf(spec);
  return (spec.metrics ?? []).filter(isForecastMetric).flatMap((metric): readonly OutputMetric[] => {
    const output = outputs.find(({ name }) => name === metric.output) ?? outputs[0];
    if (output === undefined) return [];
    const termsOf = termsOfMetric(metric, output, source);
    return [
      {
        name: `${output.prefix}${metricName(metric)}`,
        port: output.port,
        sums(examples, arrays, values) {
          const sums = new Float64Array(2);
          for (const entry of forecastEntries(source, output, examples, arrays, values)) {
            const [numerator, denominator] = termsOf(entry);
            sums[0] = (sums[0] ?? 0) + numerator;
            sums[1] = (sums[1] ?? 0) + denominator;
          }
          return sums;
        },
      },
    ];
  });
}

type Terms = (entry: ForecastEntry) => readonly [numerator: number, denominator: number];

const none = [0, 0] as const;

function termsOfMetric(metric: ForecastMetric, output: ModelOutput, source: Pick<DataSource, "series">): Terms {
  const error = ({ forecast, target }: ForecastEntry) => Math.abs((pointOf(forecast) ?? Number.NaN) - target);
  switch (metric.type) {
    case "smape":
      return (entry) => {
        const scale = Math.abs(pointOf(entry.forecast) ?? Number.NaN) + Math.abs(entry.target);
        return [scale === 0 ? 0 : (200 * error(entry)) / scale, 1];
      };
    case "mape":
      return (entry) => (entry.target === 0 ? none : [(100 * error(entry)) / Math.abs(entry.target), 1]);
    case "wape":
      return (entry) => [100 * error(entry), Math.abs(entry.target)];
    case "mase": {
      const scaleOf = seasonalErrors(output, source, metric.season);
      return (entry) => {
        const scale = scaleOf(entry);
        return scale === null ? none : [error(entry) / scale, 1];
      };
    }
    case "pinball":
      return ({ forecast, target }) => [quantileLoss(forecast, target), 1];
    case "crps":
      return ({ forecast, target }) => [scoreOf(forecast, target), 1];
    case "coverage": {
      const [low, high] = endsOf(metric.interval);
      return ({ forecast, target }) => [Number(isWithin(forecast, target, low, high)), 1];
    }
  }
}

/** The error of the seasonal naive forecast of the series and the column of an entry; null where it has none. */
export function seasonalErrors(
  { loss }: Pick<ModelOutput, "loss">,
  { series }: Pick<DataSource, "series">,
  given: number | null,
): (entry: Pick<ForecastEntry, "example" | "column">) => number | null {
  const found = new Map<number, Map<number, number | null>>();
  const season = given ?? series?.season?.rows ?? 1;
  return ({ example, column }) => {
    if (series === undefined) return null;
    const index = series.seriesOf(example);
    const ofColumn = found.get(column) ?? new Map<number, number | null>();
    found.set(column, ofColumn);
    let scale = ofColumn.get(index);
    if (scale === undefined) {
      const range = series.ranges[index] ?? [0, 0];
      scale = seasonalError(series.column(loss.target, column), range, season, isRead(series, loss.target, column));
      ofColumn.set(index, scale);
    }
    return scale;
  };
}

/** Filled values have smaller differences than those of the file. */
function isRead({ isTraining, isFilled }: SeriesRows, target: string, column: number): (row: number) => boolean {
  return (row) => isTraining(row) && !isFilled(target, column, row);
}

/** The problems of metrics mase without a series that has an error of the seasonal naive forecast to divide by. */
export function checkSeasons(
  spec: Pick<NormalSpec, "metrics" | "losses" | "model">,
  { series, metadata }: Pick<DataSource, "series" | "metadata">,
): readonly RunProblem[] {
  if (series === undefined) return [];
  const outputs = outputsOf(spec);
  return (spec.metrics ?? []).flatMap((metric, position) => {
    const output =
      metric.type === "mase" ? (outputs.find(({ name }) => name === metric.output) ?? outputs[0]) : undefined;
    if (metric.type !== "mase" || output === undefined) return [];
    const season = metric.season ?? series.season?.rows ?? 1;
    const own = metadataOf(metadata, output.loss.target);
    const columns = own.type === "table" ? own.target : [];
    const hasScale = columns.some((_, column) => {
      const values = series.column(output.loss.target, column);
      const read = isRead(series, output.loss.target, column);
      return series.ranges.some((range) => seasonalError(values, range, season, read) !== null);
    });
    if (hasScale) return [];
    const rows = formatCount(season, "row");
    const message = `mase has no error to divide by: no two different values of the training split are a season (${rows}) apart.`;
    const hint = 'Write a shorter "season" in the metric, add rows, or use "wape".';
    return [{ code: "mase-season", path: child("/metrics", position), message, hint }];
  });
}

/** The mean over the levels of max(level (t - x), (level - 1) (t - x)). */
function quantileLoss(forecast: Forecast, target: number): number {
  if (forecast.kind !== "quantiles") return Number.NaN;
  const { levels, values } = forecast;
  const sum = levels.reduce((total, level, index) => {
    const error = target - (values[index] ?? Number.NaN);
    return total + Math.max(level * error, (level - 1) * error);
  }, 0);
  return sum / levels.length;
}

function scoreOf(forecast: Forecast, target: number): number {
  if (forecast.kind === "quantiles") return 2 * quantileLoss(forecast, target);
  return forecast.kind === "distribution" ? (forecast.distribution.crps?.(target) ?? Number.NaN) : Number.NaN;
}

function isWithin(forecast: Forecast, target: number, low: number, high: number): boolean {
  if (forecast.kind === "distribution") return isBetween(forecast.distribution, target, low, high);
  const [lower, upper] = [levelOf(forecast, low) ?? Number.NaN, levelOf(forecast, high) ?? Number.NaN];
  return lower <= target && target <= upper;
}

/** True from the quantile of `low` to that of `high`; of counts both ends are values themselves. */
function isBetween({ cumulative, isDiscrete }: Distribution, target: number, low: number, high: number): boolean {
  const probability = cumulative(target);
  const before = isDiscrete ? cumulative(target - 1) : probability;
  return probability >= low && (isDiscrete ? before < high : before <= high);
}
