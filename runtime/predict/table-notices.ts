/** Notices of the predictions of a table: rows, units, series without a window. */
import { isProbabilistic } from "../../schema/kinds/forecasts.js";
import { describeHorizon, predictsOwnRow } from "../../schema/kinds/horizon.js";
import { lossName } from "../../schema/kinds/losses.js";
import { outputsOf } from "../../schema/kinds/outputs.js";
import type { NormalSpec, NormalTableData } from "../../schema/normal/index.js";
import { metadataOf, type TableMetadata } from "../data/metadata.js";
import { scalerOf } from "../data/scaler.js";
import { usesOf } from "../data/source.js";
import { formatCount, listFirst } from "../format.js";

/** A notice for outputs that are no values of the scaled columns that they were trained on. */
export function scaledFeaturesNotices(spec: NormalSpec, metadata: TableMetadata): readonly string[] {
  return outputsOf(spec).flatMap((output) => {
    const own = metadataOf(metadata, output.loss.target);
    const columns = own.type === "table" ? own.target : [];
    const scaled = columns.filter((name) => scalerOf(metadata.scaler, name) !== undefined);
    if (isProbabilistic(output.loss)) return [];
    if (usesOf(spec, output).outputs !== "features" || scaled.length === 0) return [];
    const names = listFirst(
      scaled.map((name) => JSON.stringify(name)),
      8,
    );
    return [`The outputs of ${lossName(output.loss)} are in the scaled units of ${names}: data.json has the scale.`];
  });
}

/** A notice for series without a window. @param names of the columns that name each, with its own values. */
export function shortNotices(
  names: readonly object[],
  all: number,
  window: number,
  futureRows: number,
): readonly string[] {
  if (names.length === 0) return [];
  const listed = listFirst(
    names.map((name) => Object.values(name).join(", ")),
    8,
  );
  const ahead = futureRows === 0 ? "" : ` and the ${formatCount(futureRows, "row")} to be predicted`;
  return [
    `${names.length} of ${formatCount(all, "series", "series")} without a prediction, too short for a window of ${formatCount(window, "row")}${ahead}: ${listed}.`,
  ];
}

/** The rows that predictions are of; none where that is the row of their line. */
export function horizonNotices(data: Pick<NormalTableData, "horizon">, reverse: boolean): readonly string[] {
  if (predictsOwnRow(data)) return [];
  const order = reverse ? ", in order of time" : "";
  return [`A prediction is the forecast for ${describeHorizon(data)}${order}; "line" is the last line of its window.`];
}
