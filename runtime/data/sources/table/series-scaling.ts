/** Scales of the columns of each series of a table, learned from its rows of the training split. */
import type { Signature } from "../../../../compiler/signature.js";
import { SERIES_INPUT } from "../../../../schema/kinds/columns.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import { listFirst } from "../../../format.js";
import type { RunProblem } from "../../../problem.js";
import { fail, ok, type Result } from "../../../result.js";
import type { NumericArray } from "../../../tensors/array.js";
import type { TableMetadata } from "../../metadata.js";
import { createScaler, type Scaler } from "../../scaler.js";
import type { TableRows } from "./contents.js";
import { type Feature, featuresOf } from "./inputs.js";
import { iterateRows } from "./row-order.js";
import { namesOf } from "./row-series.js";
import { seriesRanges } from "./series.js";
import { isScaledFeature } from "./window-scaling.js";

/** The series by id. */
type SeriesTable = NonNullable<TableMetadata["series"]>;

export interface SeriesScaling {
  readonly table: SeriesTable;
  /** The id of the series of a row. */
  readonly idOf: (row: number) => number;
}

type Rows = Pick<TableRows, "rows" | "columns" | "inputs" | "kinds" | "values" | "starts" | "groupOf">;

/**
 * Null without scales of series.
 *
 * @param marks rows of the training split. @param fitted the scales of a run, in place of those of these rows.
 * @param firstRows rows of the series that need a scale.
 */
export function seriesScaling(
  data: Pick<NormalTableData, "scale" | "file">,
  read: Rows,
  marks: Uint8Array | null,
  fitted: SeriesTable | undefined,
  firstRows: ArrayLike<number>,
): Result<SeriesScaling | null> {
  if (data.scale?.per !== "series") return ok(null);
  const starts = read.starts;
  const nameOf = (series: number) => namesOf(read.groupOf(starts[series] ?? 0));
  const seriesOf = (row: number) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= row) low = middle;
      else high = middle;
    }
    return low;
  };
  const table = fitted ?? fitTable(data.scale.type, read, marks, nameOf);
  const idOfName = new Map(table.names.map((name, id) => [JSON.stringify(name), id]));
  const ids = Int32Array.from(starts, (_, series) => idOfName.get(JSON.stringify(nameOf(series))) ?? -1);
  const used = [...new Set(Array.from(firstRows, seriesOf))];
  const unknown = used.filter((series) => (ids[series] ?? -1) < 0);
  if (unknown.length > 0) return fail([unknownProblem(data.file, unknown.map(nameOf), fitted !== undefined)]);
  return ok({ table, idOf: (row) => ids[seriesOf(row)] ?? 0 });
}

/** The series with rows of the training split, and the scales of their features. */
function fitTable(
  type: NonNullable<NormalTableData["scale"]>["type"],
  read: Rows,
  marks: Uint8Array | null,
  nameOf: (series: number) => readonly string[],
): SeriesTable {
  const features = featuresOf(read);
  const isScaled = isScaledFeature(read);
  const [names, location, scale]: [(readonly string[])[], number[][], number[][]] = [[], [], []];
  const ranges = seriesRanges(read.starts, read.rows);
  let [row, series] = [0, 0];
  let scalers: readonly Scaler[] | null = null;
  const isLog = type === "log";
  const finish = () => {
    if (scalers !== null) {
      const parameters = scalers.map((scaler, place) =>
        isScaled(features[place] as Feature) ? scaler.parameters() : { offset: 0, factor: 1 },
      );
      names.push(nameOf(series));
      location.push(parameters.map(({ offset }) => offset));
      scale.push(parameters.map(({ factor }) => (isLog ? 1 : 1 / factor)));
    }
    scalers = null;
  };
  for (const values of iterateRows(read.values, read.columns.length)) {
    if (row === ranges[series]?.[1]) {
      finish();
      series += 1;
    }
    if (marks === null || marks[row] === 1) {
      scalers ??= features.map(() => createScaler(type === "log" ? "standard" : type));
      for (const [place, { column }] of features.entries()) {
        const value = values[column] ?? 0;
        if (!Number.isNaN(value)) scalers[place]?.update(isLog ? Math.log(value) : value);
      }
    }
    row += 1;
  }
  finish();
  return { names, location, scale };
}

/** The ids of the series of windows, [batch]. */
export function seriesArray({ idOf }: SeriesScaling, firstRows: ArrayLike<number>): readonly [string, NumericArray] {
  return [SERIES_INPUT, { dtype: "int32", shape: [firstRows.length], data: Int32Array.from(firstRows, idOf) }];
}

/** The signature with the ids of series. */
export function withSeries(signature: Signature): Signature {
  const array = { dtype: "int32", shape: ["batch"] } as const;
  return { ...signature, side_inputs: { ...signature.side_inputs, [SERIES_INPUT]: array } };
}

function unknownProblem(file: string, names: readonly (readonly string[])[], isFitted: boolean): RunProblem {
  const shown = listFirst(
    names.map((name) => JSON.stringify(name.join(", "))),
    8,
  );
  const reason = isFitted ? "which the training data lacks" : "without a window in the training split";
  const message = `No scale is known of the series ${shown} of "${file}", ${reason}.`;
  const hint = isFitted
    ? 'Remove them, or train with them, or with "per": "window" in data.scale, which needs no scales of series.'
    : 'Write "per": "window" in data.scale, or remove these series.';
  return { code: "series-scale", path: "/data/scale/per", file, message, hint };
}

/** The ratio of sizes of series that is stated. */
const LARGE_RATIO = 10;

/** A notice of series of very different sizes that one scale is learned for. */
export function pooledNotices(
  { scale, file }: Pick<NormalTableData, "scale" | "file">,
  read: Rows & Pick<TableRows, "targets">,
  marks: Uint8Array,
): readonly string[] {
  if (scale?.per !== "column" || read.starts.length < 2) return [];
  const columns = read.targets.flatMap(({ columns: own, use }) => (use?.targets === "numbers" ? own : []));
  const [column] = columns;
  if (column === undefined) return [];
  const sizes: number[] = [];
  const ranges = seriesRanges(read.starts, read.rows);
  let [row, series, sum, count] = [0, 0, 0, 0];
  const finish = () => {
    if (count > 0 && sum > 0) sizes.push(sum / count);
    [sum, count] = [0, 0];
  };
  for (const values of iterateRows(read.values, read.columns.length)) {
    if (row === ranges[series]?.[1]) {
      finish();
      series += 1;
    }
    const value = Math.abs(values[column] ?? 0);
    if (marks[row] === 1 && !Number.isNaN(value)) {
      sum += value;
      count += 1;
    }
    row += 1;
  }
  finish();
  const [least, most] = sizes.reduce(
    ([low, high], size) => [Math.min(low, size), Math.max(high, size)],
    [Number.POSITIVE_INFINITY, 0],
  );
  if (sizes.length < 2 || most < LARGE_RATIO * least) return [];
  const ratio = Number((most / least).toPrecision(2));
  return [
    `The series of "${read.columns[column]}" of "${file}" differ in size by a factor of ${ratio}, but share one scale, in which small ones are nearly constant: "per": "series" or "window" in data.scale scales each by itself.`,
  ];
}
