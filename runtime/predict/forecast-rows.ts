/** Predictions of several rows after a window: one record for each row, with its number in the series. */
import { entriesInOrder, keepOrder, mergeInOrder } from "../ordered-json.js";
import type { Prediction } from "./format-predictions.js";
import { withInput } from "./input-members.js";

/** The values of a member of a prediction, one for each row to be predicted. */
export class RowValues {
  constructor(readonly values: readonly unknown[]) {}
}

/** A window that is forecast from. */
export interface Origin {
  /** The line of its last row. */
  readonly line: number;
  /** The columns that name its series. */
  readonly series: Prediction;
  /** The fields that the model does not read of the row some rows after it; none where the file has no such row. */
  readonly inputOf: (rows: number) => Prediction;
  /** The members that name the row some rows after it. */
  readonly rowAfter: (rows: number) => Prediction;
}

/** True for the names of a forecast's members that are not its result. */
export function isForecastName(name: string): boolean {
  return name === "row" || name === "step";
}

/** @param horizon the rows to be predicted, after the window. */
export function forecastRows(
  { line, series, inputOf, rowAfter }: Origin,
  horizon: readonly number[],
  prediction: Prediction,
): readonly Prediction[] {
  return horizon.map((step, place) => {
    const members = entriesInOrder(prediction).map(
      ([key, value]) => [key, value instanceof RowValues ? value.values[place] : value] as const,
    );
    const names = mergeInOrder(horizon.length > 1 ? { step } : {}, rowAfter(step));
    return withInput(line, mergeInOrder(series, inputOf(step)), mergeInOrder(names, keepOrder(members)));
  });
}
