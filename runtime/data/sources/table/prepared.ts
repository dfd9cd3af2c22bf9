/** The rows of a table as arrays of the model, and what was fitted to them. */
import type { Signature } from "../../../../compiler/signature.js";
import type { TableMetadata } from "../../metadata.js";
import type { ScalerParameters } from "../../scaler.js";
import type { FutureInputs } from "./future.js";
import type { TableInputs } from "./inputs.js";
import type { SeriesScaling } from "./series-scaling.js";
import type { StaticInputs } from "./static.js";
import { type PreparedTarget, targetsMetadata } from "./targets.js";

/** The rows as scaled inputs and targets. */
export interface Prepared {
  readonly inputs: TableInputs;
  readonly targets: readonly PreparedTarget[];
  readonly inputNames: readonly string[];
  /** By name of a scaled column. */
  readonly scalers: ReadonlyMap<string, ScalerParameters>;
  /** By name of a column, in place of its missing values. */
  readonly fill: Readonly<Record<string, number>>;
  /** Null without columns that are known ahead. */
  readonly future: FutureInputs | null;
  readonly scaling: Signature["window_scaling"] | undefined;
  readonly rollout: Signature["rollout"];
  /** Null without columns of one value in each series. */
  readonly constant: StaticInputs | null;
  /** Null without scales of series. */
  readonly series: SeriesScaling | null;
  /** Null where rows are in the order of the file. */
  readonly time: NonNullable<TableMetadata["time"]> | null;
  /** Columns without a scaler that lose values in float32. */
  readonly notices: readonly string[];
}

/** The metadata that later data and predictions read. */
export function metadataOf(
  { inputs, targets, inputNames, scalers, fill, time, future, series, constant }: Prepared,
  horizon: readonly number[],
): TableMetadata {
  return {
    type: "table",
    columns: inputNames,
    target: targets.flatMap(({ columns }) => columns),
    ...(inputs.ids.length > 0 && {
      ids: Object.fromEntries(inputs.ids.map(({ name, column }) => [name, column])),
    }),
    ...(inputs.texts.length > 0 && {
      texts: Object.fromEntries(inputs.texts.map(({ name, column }) => [name, column])),
    }),
    scaler: Object.fromEntries(scalers),
    ...(Object.keys(fill).length > 0 && { fill }),
    ...(time !== null && { time }),
    ...(future !== null && { known_future: future.features.map((place) => inputNames[place] ?? "") }),
    ...(constant !== null && { static: constant.features.map((place) => inputNames[place] ?? "") }),
    ...(series !== null && { series: series.table }),
    ...targetsMetadata(targets, horizon),
  };
}
