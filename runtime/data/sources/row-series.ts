/** The series of each row of a table: the rows with equal values of the columns that name them. */
import { makeUnique } from "../formats/columns.js";
import { intern } from "../labels.js";

export interface RowSeries {
  /** Adds the next row of the file. */
  add(fields: readonly string[]): void;
  /** By row, in the order of the first rows of the series. */
  readonly ids: readonly number[];
  /** The columns that name the series of a row, by name. */
  groupOf(row: number): Readonly<Record<string, string>>;
}

/** @param group the columns that name the series; none: the rows are one series. @param names of all columns. */
export function trackSeries(group: readonly number[], names: readonly string[]): RowSeries {
  const uniqueNames = makeUnique(names);
  const keys = new Map<string, number>();
  const groups: (readonly string[])[] = [];
  const ids: number[] = [];
  return {
    ids,
    add(fields) {
      if (group.length === 0) return;
      const values = group.map((index) => fields[index] ?? "");
      const id = intern(keys, JSON.stringify(values));
      if (id === groups.length) groups.push(values);
      ids.push(id);
    },
    groupOf(row) {
      const values = groups[ids[row] ?? 0] ?? [];
      return Object.fromEntries(group.map((index, position) => [uniqueNames[index] ?? "", values[position] ?? ""]));
    },
  };
}
