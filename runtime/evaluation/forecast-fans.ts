/** Forecasts of several rows of a few windows, after the rows that the model read. */
import { isProbabilistic } from "../../schema/kinds/forecasts.js";
import type { ModelOutput } from "../../schema/kinds/outputs.js";
import type { DataSource } from "../data/source.js";
import type { Indices } from "../data/splits.js";
import type { ForecastFan } from "../events.js";
import { type Forecast, levelOf, pointOf } from "../forecast/forecasts.js";
import type { ForecastEntry } from "./forecast-entries.js";

/** Windows of one column, and of each of several. */
const [MAX_FANS, MAX_COLUMNS] = [4, 3];
/** Rows before the forecast, as a multiple of the rows to be predicted. */
const HISTORY = 3;

export interface FanCollector {
  add(entry: ForecastEntry): void;
  /** The fans of a column of the target, in the order of the examples. */
  of(column: number): readonly ForecastFan[];
}

/** The ends of the interval of a forecast: the outer quantiles, of a distribution those of 80 %. */
export function intervalOf(forecast: Forecast): readonly [low: number, high: number] {
  const [low, high] =
    forecast.kind === "quantiles" ? [forecast.levels[0] ?? 0, forecast.levels.at(-1) ?? 1] : [0.1, 0.9];
  return [levelOf(forecast, low) ?? Number.NaN, levelOf(forecast, high) ?? Number.NaN];
}

/** Collects the forecasts of windows at equal distances; null for forecasts of one row. @param columns of the target. */
export function collectFans(
  { series }: Pick<DataSource, "series">,
  { loss }: Pick<ModelOutput, "loss">,
  examples: Indices,
  columns: number,
): FanCollector | null {
  if (series === undefined || series.horizon.length < 2) return null;
  const { window, horizon } = series;
  const count = Math.min(columns > MAX_COLUMNS ? 1 : MAX_FANS, examples.length);
  const chosen = Array.from(
    { length: count },
    (_, index) => examples[Math.floor((index * examples.length) / count)] ?? 0,
  );
  /** Row by row of the horizon, of each column and example; of an output at every step those of the last one. */
  const entries = new Map(
    chosen.map((example) => [example, Array.from({ length: columns }, (): ForecastEntry[] => [])]),
  );
  return {
    add(entry) {
      const own = entries.get(entry.example)?.[entry.column];
      if (own !== undefined) own[entry.place] = entry;
    },
    of: (column) =>
      [...entries].flatMap(([example, ofColumns]) => {
        const own = ofColumns[column] ?? [];
        if (own.length < horizon.length) return [];
        const end = series.rowOf(example) + window;
        const read = Math.min(window, HISTORY * Math.max(...horizon));
        const intervals = own.map(({ forecast }) => intervalOf(forecast));
        return [
          {
            series: series.names[series.seriesOf(example)] ?? "",
            history: Array.from(series.column(loss.target, column).subarray(end - read, end)),
            steps: horizon,
            target: own.map(({ target }) => target),
            predicted: own.map(({ forecast }) => pointOf(forecast) ?? Number.NaN),
            ...(isProbabilistic(loss) && {
              interval: { low: intervals.map(([low]) => low), high: intervals.map(([, high]) => high) },
            }),
          },
        ];
      }),
  };
}
