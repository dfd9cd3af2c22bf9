/** Values of columns in place of missing ones: zeros and means, with notices. */
import { formatCount } from "../../../format.js";
import { createScaler } from "../../scaler.js";
import type { TableRows } from "./contents.js";
import { iterateRows } from "./row-order.js";

type FilledRows = Pick<TableRows, "columns" | "values" | "policies" | "missing">;

/** The values in place of missing ones by column: zero, or the mean of the marked rows. */
export function fitFill(
  { columns, values, policies }: FilledRows,
  marks: Uint8Array,
): Readonly<Record<string, number>> {
  const filled = columns.flatMap((name, column) => {
    const policy = policies[column];
    return policy === "zero" || policy === "mean" ? [{ name, column, policy, scaler: createScaler("standard") }] : [];
  });
  const means = filled.filter(({ policy }) => policy === "mean");
  let row = 0;
  if (means.length > 0)
    for (const numbers of iterateRows(values, columns.length)) {
      if (marks[row] === 1)
        for (const { column, scaler } of means) {
          const value = numbers[column] ?? 0;
          if (!Number.isNaN(value)) scaler.update(value);
        }
      row += 1;
    }
  return Object.fromEntries(
    filled.map(({ name, policy, scaler }) => [name, policy === "zero" ? 0 : scaler.parameters().offset]),
  );
}

/** The notices of the values that are read in place of missing ones. */
export function fillNotices(
  { columns, missing }: FilledRows,
  fill: Readonly<Record<string, number>>,
): readonly string[] {
  return columns.flatMap((name, column) => {
    const count = missing[column] ?? 0;
    const value = Object.hasOwn(fill, name) ? fill[name] : undefined;
    if (count === 0 || value === undefined) return [];
    const read = Number(value.toPrecision(6));
    return [
      `${formatCount(count, "row")} without a value of column "${name}" ${count === 1 ? "is" : "are"} read as ${read}.`,
    ];
  });
}
