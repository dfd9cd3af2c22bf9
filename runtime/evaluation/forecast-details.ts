/** Errors of the forecasts of a split: by column, by step, by series, next to those of the baselines. */
import { metadataOf } from "../data/metadata.js";
import type { Season } from "../data/series-rows.js";
import type { Indices } from "../data/splits.js";
import { pointOf } from "../forecast/forecasts.js";
import { formatCount } from "../format.js";
import { type Baseline, baselinesOf, type ColumnErrors, type Errors, sumColumnErrors, sumErrors } from "./baselines.js";
import { forecastEntries } from "./forecast-entries.js";
import { seasonalErrors } from "./forecast-metrics.js";
import type { PredictionContext } from "./prediction-summary.js";

/** The errors of a column in one of several series. */
export interface SeriesErrors extends Errors {
  readonly series: string;
  readonly column: string;
  readonly examples: number;
  /** The mean absolute error by that of the seasonal naive forecast on the training split; null where that is 0. */
  readonly mase: number | null;
}

export interface ForecastDetails {
  /** In the units of the data. */
  readonly columns: readonly ColumnErrors[];
  /** Of rows in time: the errors of forecasts without a model. */
  readonly baselines?: readonly Baseline[];
  /** The season of the seasonal naive forecast, where there is one. */
  readonly season?: Season;
  /** Of a table of several series. */
  readonly series?: readonly SeriesErrors[];
  /** The reasons why a baseline or an error is left out. */
  readonly omissions?: readonly string[];
}

const BATCH_SIZE = 256;

/** The errors of an output that is a forecast of a table. @param training the training split, null for other data. */
export async function forecastDetails(
  context: PredictionContext,
  examples: Indices,
  training: Indices | null,
): Promise<ForecastDetails> {
  const { evaluator, parameters, spec, source, output } = context;
  const { data } = spec;
  const metadata = metadataOf(source.metadata, output.loss.target);
  const names = metadata.type === "table" ? metadata.target : [];
  const horizon = data.type === "table" ? data.horizon : [1];
  const sums = names.map(() => sumColumnErrors(horizon));
  const bySeries = seriesSums(context, names);
  for await (const { batch, output: values } of evaluator.outputs(parameters, examples, BATCH_SIZE, output.port)) {
    const arrays = source.batch(batch);
    for (const { example, place, column, forecast, target } of forecastEntries(source, output, batch, arrays, values)) {
      const predicted = pointOf(forecast) ?? Number.NaN;
      sums[column]?.add(target, predicted, place);
      bySeries?.add(example, column, target, predicted);
    }
  }
  const { baselines, notices } = baselinesOf(context, examples, training);
  const isSeasonal = baselines.some(({ baseline }) => baseline === "seasonal naive");
  const season = isSeasonal ? (source.series?.season ?? null) : null;
  const ofSeries = bySeries?.errors();
  const unscaled = ofSeries?.filter(({ mase }) => mase === null).length ?? 0;
  const omissions = [...notices, ...(unscaled === 0 ? [] : [unscaledNotice(unscaled, source.series?.season ?? null)])];
  return {
    columns: names.map((name, index) => (sums[index] as (typeof sums)[number]).errors(name)),
    ...(baselines.length > 0 && { baselines }),
    ...(season !== null && { season }),
    ...(ofSeries && { series: ofSeries }),
    ...(omissions.length > 0 && { omissions }),
  };
}

function unscaledNotice(count: number, season: Season | null): string {
  const rows = formatCount(season?.rows ?? 1, "row");
  return `${formatCount(count, "series", "series")} without mase: no two different values of its training split are ${rows} apart.`;
}

/** Sums by series and column; undefined for one series. */
function seriesSums({ source, output }: PredictionContext, names: readonly string[]) {
  const { series } = source;
  if (series === undefined || series.names.length < 2) return undefined;
  const scaleOf = seasonalErrors(output, source, null);
  const found = new Map<
    number,
    { readonly examples: Set<number>; readonly sums: readonly ReturnType<typeof sumErrors>[] }
  >();
  return {
    add(example: number, column: number, target: number, predicted: number) {
      const index = series.seriesOf(example);
      const own = found.get(index) ?? { examples: new Set(), sums: names.map(sumErrors) };
      found.set(index, own);
      own.examples.add(example);
      own.sums[column]?.add(target, predicted);
    },
    errors: (): readonly SeriesErrors[] =>
      [...found].flatMap(([index, { examples, sums }]) =>
        names.map((column, position) => {
          const errors = (sums[position] as (typeof sums)[number]).errors();
          const [example = 0] = examples;
          const scale = scaleOf({ example, column: position });
          const mase = scale === null ? null : errors.mae / scale;
          return { series: series.names[index] ?? "", column, examples: examples.size, ...errors, mase };
        }),
      ),
  };
}
