/** Errors in the units of the data, and those of forecasts that need no model. */
import { predictsOwnRow } from "../../schema/kinds/horizon.js";
import { metadataOf } from "../data/metadata.js";
import type { SeriesRows } from "../data/series-rows.js";
import { usesOf } from "../data/source.js";
import type { Indices } from "../data/splits.js";
import type { PredictionContext } from "./prediction-summary.js";

/**
 * Errors of forecasts p of values y: the root of the mean squared error and the mean absolute error; in percent the
 * means of 200 |p - y| / (|p| + |y|) (smape, 0 where both are 0; S. Makridakis, 1993) and of 100 |p - y| / |y| (mape,
 * null where a y is 0), and 100 times the sum of |p - y| over that of |y| (wape, null for zeros alone).
 */
export interface Errors {
  readonly rmse: number;
  readonly mae: number;
  readonly smape: number;
  readonly mape: number | null;
  readonly wape: number | null;
}

export interface ErrorSum {
  add(target: number, predicted: number): void;
  errors(): Errors;
}

export function sumErrors(): ErrorSum {
  let [count, squares, absolute, symmetric, relative, magnitude] = [0, 0, 0, 0, 0, 0];
  return {
    add(target, predicted) {
      const error = Math.abs(predicted - target);
      const scale = Math.abs(predicted) + Math.abs(target);
      count += 1;
      squares += error * error;
      absolute += error;
      symmetric += scale === 0 ? 0 : (200 * error) / scale;
      relative += (100 * error) / Math.abs(target);
      magnitude += Math.abs(target);
    },
    errors: () => ({
      rmse: Math.sqrt(squares / count),
      mae: absolute / count,
      smape: symmetric / count,
      mape: Number.isFinite(relative) ? relative / count : null,
      wape: magnitude === 0 ? null : (100 * absolute) / magnitude,
    }),
  };
}

/** Errors of one of several rows to be predicted, `step` rows after the window. */
export interface StepErrors extends Errors {
  readonly step: number;
}

/** The errors of a column over all rows to be predicted; with several rows also those of each. */
export interface ColumnErrors extends Errors {
  readonly column: string;
  readonly steps?: readonly StepErrors[];
}

export interface ColumnErrorSum {
  /** @param place of the row in the horizon. */
  add(target: number, predicted: number, place: number): void;
  errors(column: string): ColumnErrors;
}

export function sumColumnErrors(horizon: readonly number[]): ColumnErrorSum {
  const all = sumErrors();
  const bySteps = horizon.map(() => sumErrors());
  return {
    add(target, predicted, place) {
      all.add(target, predicted);
      bySteps[place]?.add(target, predicted);
    },
    errors: (column) => ({
      column,
      ...all.errors(),
      ...(horizon.length > 1 && {
        steps: bySteps.map((sum, place) => ({ step: horizon[place] ?? 0, ...sum.errors() })),
      }),
    }),
  };
}

export type BaselineName = "last value" | "seasonal naive" | "moving average" | "mean";

export interface Baseline extends ColumnErrors {
  readonly baseline: BaselineName;
}

export interface Baselines {
  readonly baselines: readonly Baseline[];
  /** The reasons why a baseline is left out. */
  readonly notices: readonly string[];
}

/**
 * The baselines of the numbers that a model of windows predicts; none for other models. With o the last row of a window
 * and m the season, row o + h is forecast as the last value x_o, as the value of the latest season before it that is
 * known, x_(o + h - m ⌈h / m⌉) (seasonal naive), as the mean of the last m values (of the window without a season), and
 * as the mean of the targets of the training split of its series. A baseline that lacks one of the forecasts is left out.
 *
 * @param training null where the training split is not that of the data.
 */
export function baselinesOf(
  { spec, source, output }: Pick<PredictionContext, "spec" | "source" | "output">,
  examples: Indices,
  training: Indices | null,
): Baselines {
  const { loss } = output;
  const { data } = spec;
  const metadata = metadataOf(source.metadata, loss.target);
  const { series } = source;
  if (data.type !== "table" || series === undefined || predictsOwnRow(data) || metadata.type !== "table")
    return { baselines: [], notices: [] };
  const { everyStep } = usesOf(spec, output);
  const eachTarget = (indices: Indices, visit: (origin: number, ahead: number, place: number, one: number) => void) => {
    for (const example of indices) {
      const first = series.rowOf(example);
      const one = series.seriesOf(example);
      for (let step = everyStep ? 0 : series.window - 1; step < series.window; step++)
        for (const [place, ahead] of series.horizon.entries()) visit(first + step, ahead, place, one);
    }
  };
  const notices: string[] = [];
  const baselines = metadata.target.flatMap((column, index) => {
    const values = series.column(loss.target, index);
    const means = new Map<number, ReturnType<typeof runningMean>>();
    if (training !== null)
      eachTarget(training, (origin, ahead, _, one) => {
        const mean = means.get(one) ?? runningMean();
        means.set(one, mean);
        mean.add(values[origin + ahead] ?? Number.NaN);
      });
    const ofMean: NaiveForecast = { baseline: "mean", forecast: (_, __, one) => means.get(one)?.value() ?? null };
    const forecasts = [
      ...(metadata.columns.includes(column) ? naiveForecasts(series, values) : []),
      ...(training === null ? [] : [ofMean]),
    ];
    const sums = forecasts.map(() => sumColumnErrors(series.horizon));
    const missing = forecasts.map(() => 0);
    let count = 0;
    eachTarget(examples, (origin, ahead, place, one) => {
      const target = values[origin + ahead] ?? Number.NaN;
      count += 1;
      for (const [which, { forecast }] of forecasts.entries()) {
        const predicted = forecast(origin, ahead, one);
        if (predicted === null) missing[which] = (missing[which] ?? 0) + 1;
        else sums[which]?.add(target, predicted, place);
      }
    });
    return forecasts.flatMap(({ baseline }, which) => {
      const lacking = missing[which] ?? 0;
      if (lacking === 0) return [{ baseline, ...(sums[which] as ColumnErrorSum).errors(column) }];
      const reason =
        baseline === "mean" ? "a target in the training split" : `a row a season (${series.season?.rows} rows) earlier`;
      notices.push(
        `The ${baseline} of "${column}" is left out as a forecast: the series of ${lacking} of ${count} values lack ${reason}.`,
      );
      return [];
    });
  });
  return { baselines, notices };
}

interface NaiveForecast {
  readonly baseline: BaselineName;
  /** Null without a value that it needs. @param one the series. */
  readonly forecast: (origin: number, ahead: number, one: number) => number | null;
}

/** Forecasts by the values of a column before the predicted rows. */
function naiveForecasts({ season, window, ranges }: SeriesRows, values: Float64Array): readonly NaiveForecast[] {
  const at = (row: number) => values[row] ?? Number.NaN;
  const startOf = (one: number) => ranges[one]?.[0] ?? 0;
  const known: NaiveForecast[] = [{ baseline: "last value", forecast: at }];
  if (season !== null)
    known.push({
      baseline: "seasonal naive",
      forecast(origin, ahead, one) {
        const row = origin + ahead - season.rows * Math.ceil(ahead / season.rows);
        return row < startOf(one) ? null : at(row);
      },
    });
  const span = season?.rows ?? window;
  const average = (origin: number, _: number, one: number) =>
    meanOf(values.subarray(Math.max(startOf(one), origin + 1 - span), origin + 1));
  if (span > 1) known.push({ baseline: "moving average", forecast: average });
  return known;
}

function runningMean() {
  let [count, mean] = [0, 0];
  return {
    add(value: number) {
      count += 1;
      mean += (value - mean) / count;
    },
    value: () => mean,
  };
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
