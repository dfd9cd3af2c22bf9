/** Several series in one file: rows whose dates or counts repeat, once for each value of another column. */
import { isMissing } from "../../../../runtime/data/formats/number-notation.js";
import { readTableFile } from "../../../../runtime/data/formats/table-file.js";
import type { ColumnFacts, FileFacts } from "./file-facts.js";

export interface Panel {
  readonly time: ColumnFacts;
  /** The column that names the series of a row. */
  readonly group: ColumnFacts;
  readonly series: number;
  /** Rows of the shortest series. */
  readonly shortest: number;
  /** The columns without a value in the first row of a series, which has no previous one. */
  readonly firstMissing: readonly ColumnFacts[];
}

/** Starts the lines of a table that are left out. */
const COMMENT = "#";
/** Rows that each series needs. */
const MIN_ROWS = 10;

/**
 * The time and the column that names the series: no date is twice in a series, and integers count its rows. Null for a
 * file without these, or of JSON lines.
 */
export async function findPanel(
  source: { readonly file: string; readonly folder: string },
  facts: FileFacts,
  targetName: string | null,
): Promise<Panel | null> {
  const { columns, format, hasHeader, delimiter } = facts;
  if (format === "json") return null;
  const times = columns.filter((column) => column.name !== targetName && isTime(column));
  const groups = columns
    .filter((column) => column.name !== targetName && namesSeries(column))
    .sort((a, b) => (a.values?.size ?? 0) - (b.values?.size ?? 0));
  if (times.length === 0 || groups.length === 0) return null;
  let remaining = times.flatMap((time) =>
    groups.map((group) => ({ time, group, hasNext: checkTimes(time), firstMissing: collectFirstMissing(columns) })),
  );
  const places = new Map(columns.map((column, index) => [column, index]));
  const problems = await readTableFile(
    { ...source, path: "" },
    {
      delimiter: delimiter ?? (format === "tsv" ? "\t" : ","),
      isDelimiterSet: true,
      delimiterHint: () => "",
      comment: COMMENT,
      header: hasHeader,
    },
    {
      columns: () => [],
      row({ fields }) {
        const field = (column: ColumnFacts) => fields[places.get(column) ?? -1] ?? "";
        remaining = remaining.filter(({ time, group, hasNext }) => hasNext(field(time), field(group)));
        for (const { group, firstMissing } of remaining) firstMissing.add(field(group), field);
        return [];
      },
    },
  );
  const [found] = remaining;
  if (found === undefined || problems.length > 0) return null;
  const counts = [...(found.group.values?.values() ?? [])];
  const { time, group, firstMissing } = found;
  return {
    ...{ time, group, series: counts.length, shortest: Math.min(...counts) },
    firstMissing: columns.filter((column) => firstMissing.columns.has(column)),
  };
}

/** The columns without a value in the first row of a series. */
function collectFirstMissing(columns: readonly ColumnFacts[]) {
  const incomplete = columns.filter(({ missing }) => missing > 0);
  const groups = new Set<string>();
  const found = new Set<ColumnFacts>();
  return {
    columns: found,
    add(group: string, field: (column: ColumnFacts) => string) {
      if (groups.has(group)) return;
      groups.add(group);
      for (const column of incomplete) if (isMissing(field(column))) found.add(column);
    },
  };
}

/** True for dates, and for integers, such as the hours of each series from 1. */
function isTime({ kind, tableKind, isOrderedDate, isRowNumber, missing, numbers }: ColumnFacts): boolean {
  if (missing > 0) return false;
  const isCount =
    kind === "numbers" && !isRowNumber && Number.isInteger(numbers?.min) && Number.isInteger(numbers?.max);
  return isCount || (tableKind?.type === "date" && !isOrderedDate);
}

/** A check of the times of each series, row by row: dates are there once, and integers are consecutive. */
function checkTimes({ kind }: ColumnFacts): (time: string, group: string) => boolean {
  if (kind === "numbers") {
    const last = new Map<string, number>();
    return (time, group) => {
      const [before, now] = [last.get(group), Number(time)];
      last.set(group, now);
      return before === undefined || now === before + 1;
    };
  }
  const seen = new Set<string>();
  return (time, group) => {
    const key = `${time}\u0000${group}`;
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  };
}

/** True for names or integers, each in at least `MIN_ROWS` rows. */
function namesSeries({ kind, tableKind, values, missing }: ColumnFacts): boolean {
  if (values === null || values.size < 2 || missing > 0) return false;
  const isName =
    kind === "text" || tableKind?.type === "category" || [...values.keys()].every((value) => /^\d+$/.test(value));
  return isName && [...values.values()].every((count) => count >= MIN_ROWS);
}
