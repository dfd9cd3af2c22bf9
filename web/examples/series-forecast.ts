/** The outputs of a forecaster as numbers in the units of the data: the point forecast and the levels of each target. */
import type { TableMetadata } from "../../runtime/data/metadata.js";
import { scalerOf, unscaleValues } from "../../runtime/data/scaler.js";
import { entriesInOrder } from "../../runtime/ordered-json.js";
import { defaultRequest, forecastMembers } from "../../runtime/predict/forecast-members.js";
import type { Scores } from "../../runtime/predict/format-predictions.js";
import { isProbabilistic } from "../../schema/kinds/forecasts.js";
import type { NormalLoss } from "../../schema/normal/index.js";

/** The forecast of a target in each row to be predicted. */
export interface TargetForecast {
  readonly name: string;
  /** Null for quantiles without a median. */
  readonly points: readonly (number | null)[];
  /** Ascending; none for a model of single numbers. */
  readonly levels: readonly { readonly level: number; readonly values: readonly (number | null)[] }[];
}

/** @param scores of the last step of a window. @param metadata of the targets of the loss. */
export function targetForecasts(
  loss: NormalLoss,
  { data }: Scores,
  { target, scaler }: TableMetadata,
  rows: number,
): readonly TargetForecast[] {
  const size = rows * target.length;
  if (!isProbabilistic(loss)) {
    const values = unscaleValues(data.slice(-size), (index) => scalerOf(scaler, target[index % target.length]));
    return target.map((name, place) => ({
      name,
      points: Array.from({ length: rows }, (_, row) => values[row * target.length + place] ?? null),
      levels: [],
    }));
  }
  // The names of members come from the places of the targets, which hold no marks of levels.
  const keys = target.map((_, place) => `${place}`);
  const format = { loss, keys, rows, seed: 0, request: defaultRequest };
  const scalerAt = (index: number) => scalerOf(scaler, target[index]);
  const members = forecastMembers({ ...format, scalerAt }, 0, { shape: [data.length], data });
  const numberOf = (row: number, key: string) => {
    const value = new Map(entriesInOrder(members[row] ?? {})).get(key);
    return typeof value === "number" ? value : null;
  };
  const valuesOf = (key: string) => members.map((_, row) => numberOf(row, key));
  return target.map((name, place) => {
    const found = entriesInOrder(members[0] ?? {}).flatMap(([key]) => {
      const [own, level] = key.split("_");
      return own === `${place}` && Number(level) > 0 ? [{ level: Number(level), values: valuesOf(key) }] : [];
    });
    return { name, points: valuesOf(`${place}`), levels: found.sort((a, b) => a.level - b.level) };
  });
}
