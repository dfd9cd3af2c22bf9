/** Notices of single rows of a held-out split that the training split has too. */
import { duplicateNotices } from "../../duplicates.js";
import type { Splits } from "../../splits.js";
import type { TableRows } from "./contents.js";
import { iterateRows } from "./row-order.js";

/** Rows that are compared with one another. */
const MAX_ROWS = 200_000;

/** Rows with equal values of all columns that are read, targets included. */
export function leakNotices({ rows, columns, values, targets, lineOf }: TableRows, splits: Splits): readonly string[] {
  if (rows > MAX_ROWS) return [];
  const keys = Array.from(iterateRows(values, columns.length), (row, index) =>
    JSON.stringify([...row, ...targets.map(({ labels }) => labels[index] ?? null)]),
  );
  return duplicateNotices(splits, (row) => keys[row] ?? "", lineOf);
}
