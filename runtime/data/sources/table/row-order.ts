/** The order of the rows of a table, and values that are repeated from row to row. */
import type { FloatList } from "../../batching/windows.js";
import { collectFloats } from "../../spill/float-list.js";
import { CHUNK_LENGTH } from "../../spill/spill-store.js";

/** The rows of a table; a row is valid until the next one. */
export function* iterateRows(values: FloatList<Float64Array>, width: number, reverse = false): Generator<Float64Array> {
  const maxRows = Math.max(1, Math.floor(CHUNK_LENGTH / width));
  const rows = values.length / width;
  for (let firstRow = 0; firstRow < rows; firstRow += maxRows) {
    const count = Math.min(maxRows, rows - firstRow);
    const block = new Float64Array(count * width);
    const from = reverse ? rows - firstRow - count : firstRow;
    values.copy(block, 0, from * width, (from + count) * width);
    for (let row = 0; row < count; row++) {
      const index = reverse ? count - 1 - row : row;
      yield block.subarray(index * width, (index + 1) * width);
    }
  }
}

/** The rows of a file at some indices; NaN for a row of index -1. */
function* rowsAt(values: FloatList<Float64Array>, width: number, order: Int32Array): Generator<Float64Array> {
  for (const index of order) {
    const row = new Float64Array(width).fill(Number.NaN);
    if (index >= 0) values.copy(row, 0, index * width, (index + 1) * width);
    yield row;
  }
}

/** The rows of each series together, in the order of the file or reversed, and the first row of each series. */
export function seriesOrder(
  seriesOfRow: readonly number[],
  reverse: boolean,
): { readonly order: Int32Array; readonly starts: readonly number[] } {
  const rows = Array.from(seriesOfRow, (_, row) => (reverse ? seriesOfRow.length - 1 - row : row));
  const order = Int32Array.from(rows.sort((a, b) => (seriesOfRow[a] ?? 0) - (seriesOfRow[b] ?? 0)));
  const starts = Array.from(order.keys()).filter(
    (row) => row === 0 || seriesOfRow[order[row] ?? 0] !== seriesOfRow[order[row - 1] ?? 0],
  );
  return { order, starts };
}

/** The value in place of a missing one: none, that of the row before, or one between those of its neighbors. */
export type GapFilling = "none" | "previous" | "interpolate";

export interface RowPlan {
  /** The rows of the file in order, or true for those from the last to the first. */
  readonly order: Int32Array | boolean;
  /** The first row of each series. */
  readonly starts: readonly number[];
  /** By row; null: rows are at equal distances. */
  readonly times: Float64Array | null;
  /** By column. */
  readonly filling: readonly GapFilling[];
}

/**
 * The rows in order of time, with values in place of missing ones (NaN). `gap` is a filled column whose first row in a
 * series has none. A value between neighbors is linear in time; after the last value of a series it is repeated.
 *
 * @param timeColumn the column of the times, if it is one of these.
 */
export function orderRows(
  values: FloatList<Float64Array>,
  width: number,
  { order, starts, times, filling }: RowPlan,
  timeColumn = -1,
): { readonly values: FloatList<Float64Array>; readonly gap?: { readonly row: number; readonly column: number } } {
  if (order === false && filling.every((each) => each === "none")) return { values };
  const ordered = collectFloats.float64();
  const isStart = new Set(starts);
  const timeOf = (row: number) => times?.[row] ?? row;
  /** The last row, and rows after it that lack a value of an interpolated column. */
  let previous: { readonly index: number; readonly row: Float64Array } | undefined;
  let waiting: { readonly index: number; readonly row: Float64Array }[] = [];
  const write = () => {
    for (const { row } of waiting) for (const value of row) ordered.push(value);
    waiting = [];
  };
  /** Fills a column of the waiting rows up to a row with a value. */
  const between = (column: number, to: { readonly index: number; readonly value: number } | undefined) => {
    const open = waiting.filter(({ row }) => Number.isNaN(row[column]));
    const before = open[0] === undefined ? undefined : lastBefore(open[0].index, column);
    for (const { index, row } of open) {
      const from = before?.row[column] ?? Number.NaN;
      const share = before === undefined || to === undefined ? 0 : shareOf(before.index, index, to.index);
      row[column] = to === undefined ? from : from + share * (to.value - from);
    }
  };
  const shareOf = (from: number, at: number, to: number) => (timeOf(at) - timeOf(from)) / (timeOf(to) - timeOf(from));
  const lastBefore = (index: number, column: number) =>
    [...waiting.filter((each) => each.index < index && !Number.isNaN(each.row[column]))].at(-1) ?? previous;
  const interpolated = filling.flatMap((each, column) => (each === "interpolate" ? [column] : []));
  const finish = () => {
    for (const column of interpolated) between(column, undefined);
    write();
  };
  let index = 0;
  for (const row of typeof order === "boolean" ? iterateRows(values, width, order) : rowsAt(values, width, order)) {
    if (isStart.has(index)) {
      finish();
      previous = undefined;
    }
    if (timeColumn >= 0 && Number.isNaN(row[timeColumn])) row[timeColumn] = timeOf(index);
    const rowBefore = waiting.at(-1)?.row ?? previous?.row;
    for (const [column, value] of row.entries()) {
      if (!Number.isNaN(value) || filling[column] === "none") continue;
      if (rowBefore === undefined) return { values, gap: { row: index, column } };
      if (filling[column] === "previous") row[column] = rowBefore[column] ?? Number.NaN;
    }
    const current = { index, row: Float64Array.from(row) };
    for (const column of interpolated)
      if (waiting.length > 0 && !Number.isNaN(current.row[column]))
        between(column, { index, value: current.row[column] ?? 0 });
    waiting.push(current);
    if (interpolated.every((column) => !Number.isNaN(current.row[column]))) {
      write();
      previous = current;
    }
    index += 1;
  }
  finish();
  return { values: ordered.finish() };
}
