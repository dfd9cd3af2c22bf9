/** Scalers of the columns of a table, and the rows that they are fitted on. */
import { rowsOfExample } from "../../../../schema/kinds/columns.js";
import { rowsAhead } from "../../../../schema/kinds/horizon.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import { createScaler, type ScalerParameters } from "../../scaler.js";
import type { TableRows } from "./contents.js";
import { iterateRows } from "./row-order.js";
import type { TableWindows } from "./series.js";

/** Scalers of the columns at `columnIndices`, fitted on the marked rows. */
export function fitScalers(
  { scale }: NormalTableData,
  { columns, values }: Pick<TableRows, "columns" | "values">,
  columnIndices: ReadonlySet<number>,
  marks: Uint8Array,
): readonly (readonly [string, ScalerParameters])[] {
  if (scale?.per !== "column" || scale.type === "log") return [];
  const { type } = scale;
  const scalers = columns.flatMap((name, columnIndex) =>
    columnIndices.has(columnIndex) ? [{ name, columnIndex, scaler: createScaler(type) }] : [],
  );
  let index = 0;
  for (const row of iterateRows(values, columns.length))
    if (marks[index++] === 1)
      for (const { columnIndex, scaler } of scalers) {
        const value = row[columnIndex] ?? 0;
        if (!Number.isNaN(value)) scaler.update(value);
      }
  return scalers.map(({ name, scaler }) => [name, scaler.parameters()]);
}

/** Marks the rows that the training examples cover, including their targets. */
export function markedRows({ firstRows, splits }: TableWindows, data: NormalTableData, rows: number): Uint8Array {
  const length = rowsOfExample(data) + rowsAhead(data);
  const marks = new Uint8Array(rows);
  for (const example of splits.train) {
    const first = firstRows[example] ?? 0;
    marks.fill(1, first, first + length);
  }
  return marks;
}
