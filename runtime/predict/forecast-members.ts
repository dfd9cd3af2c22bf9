/** Members of a prediction whose outputs are quantiles or a distribution: a point forecast, levels as columns, samples. */
import { joinWithOr } from "../../schema/diagnostics/suggest.js";
import { isProbabilistic, levelsOf } from "../../schema/kinds/forecasts.js";
import { lossesOfFamilies, lossName, targetKindOf } from "../../schema/kinds/losses.js";
import type { NormalLoss, NormalSpec } from "../../schema/normal/index.js";
import { type ScalerParameters, unscaleValue, unscaleValues } from "../data/scaler.js";
import { sampleOf } from "../forecast/distributions.js";
import { type Forecast, forecastsOf, levelOf, pointOf, unscaledForecast } from "../forecast/forecasts.js";
import { listFirst } from "../format.js";
import { keepOrder } from "../ordered-json.js";
import type { RunProblem } from "../problem.js";
import { randomStream } from "../tensors/random.js";
import type { Prediction, Scores } from "./format-predictions.js";

/** The numbers of a distribution that a prediction has. */
export interface ForecastRequest {
  /** Null: those of the loss, of distributions 0.1, 0.5 and 0.9. */
  readonly levels: readonly number[] | null;
  /** Values drawn for each target. */
  readonly samples: number;
}

export const defaultRequest: ForecastRequest = { levels: null, samples: 0 };

const usualLevels = [0.1, 0.5, 0.9];
/** Digits of a number that is computed from float32 parameters. */
const DIGITS = 7;

/** The problem of levels or samples that the losses of a spec do not have. */
export function requestProblem(
  { losses, data }: Pick<NormalSpec, "losses" | "data">,
  { levels, samples }: ForecastRequest,
): RunProblem | undefined {
  if (levels === null && samples === 0) return undefined;
  const flag = levels === null ? "--samples" : "--levels";
  const problem = (message: string, hint: string) => ({ code: "no-distribution", path: "", message, hint });
  if (data.type !== "table")
    return problem(
      `Predictions of ${data.type} data have the outputs as they are.`,
      `Remove ${flag}: it is for tables.`,
    );
  const plain = losses.find((loss) => !isProbabilistic(loss));
  if (plain !== undefined)
    return problem(
      `The outputs of ${lossName(plain)} are no quantiles or distribution.`,
      `Remove ${flag}, or train with ${joinWithOr(lossesOfFamilies(() => true))}.`,
    );
  for (const loss of losses) {
    const own = levelsOf(loss);
    if (own.length === 0) continue;
    if (samples > 0)
      return problem(
        "The outputs of quantile are levels, which have no samples.",
        "Remove --samples, or train with the loss of a distribution, such as gaussian_nll or student_t_nll.",
      );
    const missing = levels?.find((level) => !own.includes(level));
    if (missing !== undefined)
      return problem(
        `The model has no output of the level ${missing}: its loss has ${listFirst(own.map(String), 8)}.`,
        "Name levels of the loss, or train with this level.",
      );
  }
  return undefined;
}

export interface ForecastFormat {
  readonly loss: NormalLoss;
  /** The names of the targets of a row. */
  readonly keys: readonly string[];
  /** The number of rows to be predicted. */
  readonly rows: number;
  readonly scalerAt: (target: number) => ScalerParameters | undefined;
  readonly request: ForecastRequest;
  readonly seed: number;
}

/** The members of each row to be predicted: `<target>`, `<target>_std`, `<target>_<level>`, `<target>_samples`. */
export function forecastMembers(
  { loss, keys, rows, scalerAt, request, seed }: ForecastFormat,
  example: number,
  { data }: Scores,
  paths: ((row: number, target: number) => readonly number[]) | null = null,
): readonly Prediction[] {
  const forecasts = forecastsOf(loss, data, keys.length * rows);
  return Array.from({ length: rows }, (_, row) =>
    keepOrder(
      keys.flatMap((key, target) => {
        const forecast = forecasts[row * keys.length + target] as Forecast;
        const scaler = targetKindOf(loss) === "counts" ? undefined : scalerAt(target);
        const random = randomStream(seed, "samples", example, row, target);
        const drawn = paths?.(row, target).map((value) => (scaler === undefined ? value : unscaleValue(value, scaler)));
        return membersOf(key, inUnits(forecast, scaler), request, drawn ?? null, () => random);
      }),
    ),
  );
}

/** Quantiles are numbers of the model, whose decimals are the shortest; those of a distribution are computed. */
function inUnits(forecast: Forecast, scaler: ScalerParameters | undefined): Forecast {
  return forecast.kind === "quantiles"
    ? { ...forecast, values: [...unscaleValues(forecast.values, () => scaler)] }
    : unscaledForecast(forecast, scaler);
}

function membersOf(
  key: string,
  forecast: Forecast,
  { levels, samples }: ForecastRequest,
  paths: readonly number[] | null,
  random: () => ReturnType<typeof randomStream>,
): readonly (readonly [string, unknown])[] {
  const isComputed = forecast.kind === "distribution";
  const decimal = (value: number | undefined) =>
    value === undefined || !Number.isFinite(value) ? null : isComputed ? Number(value.toPrecision(DIGITS)) : value;
  const point = pointOf(forecast);
  const listed = levels ?? (forecast.kind === "quantiles" ? forecast.levels : usualLevels);
  const drawn = (distribution: Extract<Forecast, { kind: "distribution" }>["distribution"]) =>
    paths?.map(decimal) ?? Array.from({ length: samples }, () => decimal(sampleOf(distribution, random())));
  const deviation = isComputed ? (paths === null ? forecast.distribution.deviation : deviationOf(paths)) : 0;
  const level = (wanted: number) => (paths === null ? levelOf(forecast, wanted) : quantileOfValues(paths, wanted));
  return [
    ...(point === undefined ? [] : [[key, decimal(point)] as const]),
    ...(isComputed ? [[`${key}_std`, decimal(deviation)] as const] : []),
    ...listed.map((wanted) => [`${key}_${wanted}`, decimal(level(wanted))] as const),
    ...(isComputed && samples > 0 ? [[`${key}_samples`, drawn(forecast.distribution)] as const] : []),
  ];
}

/** The standard deviation of a sample; NaN for one value. */
function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** The quantile of a sample, linear between its sorted values (R. Hyndman and Y. Fan, 1996, definition 7). */
function quantileOfValues(values: readonly number[], level: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * level;
  const [below, above] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN];
  return below + (above - below) * (place - Math.floor(place));
}
