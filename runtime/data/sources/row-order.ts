/** The order of the rows of a table, and values that are repeated from row to row. */
import type { FloatList } from "../batching/windows.js";
import { collectFloats } from "../spill/float-list.js";
import { CHUNK_LENGTH } from "../spill/spill-store.js";

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

/** The rows at some indices. */
function* rowsAt(values: FloatList<Float64Array>, width: number, order: Uint32Array): Generator<Float64Array> {
  for (const index of order) {
    const row = new Float64Array(width);
    values.copy(row, 0, index * width, (index + 1) * width);
    yield row;
  }
}

/** The rows of each series together, in the order of the file or reversed, and the first row of each series. */
export function seriesOrder(
  seriesOfRow: readonly number[],
  reverse: boolean,
): { readonly order: Uint32Array; readonly starts: readonly number[] } {
  const rows = Array.from(seriesOfRow, (_, row) => (reverse ? seriesOfRow.length - 1 - row : row));
  const order = Uint32Array.from(rows.sort((a, b) => (seriesOfRow[a] ?? 0) - (seriesOfRow[b] ?? 0)));
  const starts = Array.from(order.keys()).filter(
    (row) => row === 0 || seriesOfRow[order[row] ?? 0] !== seriesOfRow[order[row - 1] ?? 0],
  );
  return { order, starts };
}

/**
 * The rows in order of time; in repeated columns each NaN is replaced by the previous row's value. `gap` is such a column
 * whose first row has none.
 *
 * @param order of the rows, or true for those from the last to the first. @param starts the first row of each series.
 */
export function sortByTime(
  values: FloatList<Float64Array>,
  width: number,
  order: Uint32Array | boolean,
  isRepeated: readonly boolean[],
  starts: readonly number[],
): { readonly values: FloatList<Float64Array>; readonly gap?: { readonly row: number; readonly column: number } } {
  if (order === false && !isRepeated.includes(true)) return { values };
  const ordered = collectFloats.float64();
  const isStart = new Set(starts);
  let previousRow: Float64Array | undefined;
  let index = 0;
  for (const row of typeof order === "boolean" ? iterateRows(values, width, order) : rowsAt(values, width, order)) {
    if (isStart.has(index)) previousRow = undefined;
    for (const [column, value] of row.entries()) {
      const isGap = Number.isNaN(value) && isRepeated[column] === true;
      if (isGap && previousRow === undefined) return { values, gap: { row: index, column } };
      if (isGap) row[column] = previousRow?.[column] ?? Number.NaN;
      ordered.push(row[column] ?? 0);
    }
    previousRow = row;
    index += 1;
  }
  return { values: ordered.finish() };
}
