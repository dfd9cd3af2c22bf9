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

/**
 * The rows in order of time; in repeated columns each NaN is replaced by the previous row's value. `gap` is such a column
 * whose first row has none.
 */
export function sortByTime(
  values: FloatList<Float64Array>,
  width: number,
  reverse: boolean,
  isRepeated: readonly boolean[],
): { readonly values: FloatList<Float64Array>; readonly gap?: number } {
  if (!reverse && !isRepeated.includes(true)) return { values };
  const ordered = collectFloats.float64();
  let previousRow: Float64Array | undefined;
  for (const row of iterateRows(values, width, reverse)) {
    for (const [column, value] of row.entries()) {
      const isGap = Number.isNaN(value) && isRepeated[column] === true;
      if (isGap && previousRow === undefined) return { values, gap: column };
      if (isGap) row[column] = previousRow?.[column] ?? Number.NaN;
      ordered.push(row[column] ?? 0);
    }
    previousRow = row;
  }
  return { values: ordered.finish() };
}
