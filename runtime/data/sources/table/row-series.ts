/** The series of each row of a table: the rows with equal values of the columns that name them. */
import type { Column, NormalTableData } from "../../../../schema/normal/index.js";
import { entriesInOrder, keepOrder } from "../../../ordered-json.js";
import type { RunProblem } from "../../../problem.js";
import { fail, ok, type Result } from "../../../result.js";
import { findColumn, makeUnique } from "../../formats/columns.js";
import { intern } from "../../labels.js";

/** The indices of the columns that name the series. */
export function findGroups({ file, group }: NormalTableData, names: readonly string[]): Result<readonly number[]> {
  const columns = (group ?? []).map((wanted, position) => [wanted, `/data/group/${position}`] as const);
  return findPlaces(file, columns, names);
}

/** The index of the column whose rows of one value stay in one fold; none without one. */
export function findFoldGroup({ file, split }: NormalTableData, names: readonly string[]): Result<readonly number[]> {
  return findPlaces(file, split.group === null ? [] : [[split.group, "/data/split/group"]], names);
}

function findPlaces(
  file: string,
  columns: readonly (readonly [Column, string])[],
  names: readonly string[],
): Result<readonly number[]> {
  const problems: RunProblem[] = [];
  const indices = columns.flatMap(([wanted, path]) => {
    const place = findColumn(wanted, names);
    if (place.ok) return [place.value];
    const { fault, hint } = place.error;
    problems.push({ code: "table-column", path, message: `"${file}" ${fault}.`, hint });
    return [];
  });
  return problems.length > 0 ? fail(problems) : ok(indices);
}

export interface RowSeries {
  /** Adds the next row of the file. */
  add(fields: readonly string[]): void;
  /** By row, in the order of the first rows of the series. */
  readonly ids: readonly number[];
  /** The group of each row in order; null without columns that name it. */
  foldGroups(rows: number, indexInFile: (row: number) => number): readonly string[] | null;
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
    foldGroups(rows, indexInFile) {
      if (group.length === 0) return null;
      return Array.from({ length: rows }, (_, row) => `${ids[indexInFile(row)] ?? 0}`);
    },
    groupOf(row) {
      const values = groups[ids[row] ?? 0] ?? [];
      return keepOrder(group.map((index, position) => [uniqueNames[index] ?? "", values[position] ?? ""] as const));
    },
  };
}

/** The values of the columns that name a series, in the order of data.group: names such as "10" are no keys in order. */
export function namesOf(group: ReturnType<RowSeries["groupOf"]>): readonly string[] {
  return entriesInOrder(group).map(([, value]) => `${value}`);
}
