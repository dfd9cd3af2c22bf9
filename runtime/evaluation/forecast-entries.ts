/** The forecasts of evaluated examples next to their targets, one by one, in the units of the data. */
import { isProbabilistic } from "../../schema/kinds/forecasts.js";
import { targetKindOf } from "../../schema/kinds/losses.js";
import { type ModelOutput, targetPort } from "../../schema/kinds/outputs.js";
import { metadataOf } from "../data/metadata.js";
import { scalerOf, unscaleValue } from "../data/scaler.js";
import type { Batch, DataSource } from "../data/source.js";
import { type Forecast, forecastsOf, pointOf, unscaledForecast } from "../forecast/forecasts.js";
import { elementCount, type NumericArray } from "../tensors/array.js";
import { nestedRows } from "../tensors/rows.js";

/** Digits of a number that is computed from float32 outputs. */
const DIGITS = 7;

export interface ForecastEntry {
  readonly example: number;
  /** The time step of the output in the window, of a model with an output at every step; else 0. */
  readonly step: number;
  /** The place of the predicted row in the horizon. */
  readonly place: number;
  /** The column of the target. */
  readonly column: number;
  readonly forecast: Forecast;
  readonly target: number;
}

/**
 * The forecasts of a batch of a table, in the order of its examples, their steps, the rows to be predicted and the columns.
 *
 * @param examples those of the batch.
 * @param output of the model for the batch.
 */
export function* forecastEntries(
  source: Pick<DataSource, "metadata">,
  { loss }: Pick<ModelOutput, "loss">,
  examples: ArrayLike<number>,
  arrays: Batch,
  output: NumericArray,
): Generator<ForecastEntry> {
  const metadata = metadataOf(source.metadata, loss.target);
  const targets = arrays.get(targetPort(loss.target));
  if (targets === undefined || metadata.type !== "table") return;
  const { target: columns, scaler } = metadata;
  const isScaled = targetKindOf(loss) === "numbers";
  const scalers = columns.map((name) => (isScaled ? scalerOf(scaler, name) : undefined));
  const outputWidth = output.shape.at(-1) ?? 1;
  const rows = output.data.length / outputWidth;
  const targetWidth = targets.data.length / rows;
  const steps = rows / examples.length;
  for (let row = 0; row < rows; row++) {
    const outputs = output.data.slice(row * outputWidth, (row + 1) * outputWidth);
    const forecasts = forecastsOf(loss, outputs as ArrayLike<number>, targetWidth);
    for (const [index, forecast] of forecasts.entries()) {
      const column = index % columns.length;
      const target = Number(targets.data[row * targetWidth + index]);
      const own = scalers[column];
      yield {
        example: examples[Math.floor(row / steps)] ?? 0,
        step: row % steps,
        place: Math.floor(index / columns.length),
        column,
        forecast: unscaledForecast(forecast, own),
        target: own === undefined ? target : unscaleValue(target, own),
      };
    }
  }
}

/**
 * The outputs [batch, …, numbers] of a batch by rows: of each target its quantiles by ascending level, or the mean of its
 * distribution, in the units of the data; the outputs of other losses as they are.
 */
export function forecastRows(
  source: Pick<DataSource, "metadata" | "batch">,
  { loss }: Pick<ModelOutput, "loss">,
  examples: Uint32Array,
  output: NumericArray,
): readonly unknown[] {
  if (metadataOf(source.metadata, loss.target).type !== "table" || !isProbabilistic(loss)) return nestedRows(output);
  const entries = forecastEntries(source, { loss }, examples, source.batch(examples), output);
  const values = [...entries].flatMap(({ forecast }) =>
    forecast.kind === "quantiles" ? forecast.values : [pointOf(forecast) ?? Number.NaN],
  );
  const axes = output.shape.slice(0, -1);
  const data = Float64Array.from(values, (value) => Number(value.toPrecision(DIGITS)));
  return nestedRows({ shape: [...axes, values.length / elementCount(axes)], data });
}
