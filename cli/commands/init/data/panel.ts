/** Several series in one file: rows whose dates or counts repeat, once for each value of one or two other columns. */
import { isMissing } from "../../../../runtime/data/formats/number-notation.js";
import { readTableFile } from "../../../../runtime/data/formats/table-file.js";
import type { ColumnFacts, FileFacts } from "./file-facts.js";
import { timeUnitOf } from "./time-numbers.js";

export interface Panel {
  readonly time: ColumnFacts;
  /** The columns that name the series of a row: one, or two, such as a shop and an article. */
  readonly groups: readonly ColumnFacts[];
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
/** Columns whose pairs are tried. */
const MAX_PAIRED = 8;

/**
 * The time and the columns that name the series, as few as possible: no date is twice in a series, and integers count
 * its rows. Null for a file without these, or of JSON lines.
 */
export async function findPanel(
  source: { readonly file: string; readonly folder: string },
  facts: FileFacts,
  targetName: string | null,
): Promise<Panel | null> {
  const { columns, format, hasHeader, delimiter } = facts;
  if (format === "json") return null;
  const times = columns.filter((column) => column.name !== targetName && isTime(column));
  const singles = columns
    .filter((column) => column.name !== targetName && namesSeries(column))
    .sort((a, b) => sizeOf(a) - sizeOf(b));
  if (times.length === 0 || singles.length === 0) return null;
  const paired = singles.slice(0, MAX_PAIRED);
  const pairs = paired
    .flatMap((one, index) => paired.slice(index + 1).map((other) => inFileOrder(columns, [one, other])))
    .sort(([a, b], [c, d]) => sizeOf(a) * sizeOf(b) - sizeOf(c) * sizeOf(d));
  let remaining = [...singles.map((group) => [group]), ...pairs].flatMap((groups) =>
    times.map((time) => ({
      ...{ time, groups, counts: new Map<string, number>() },
      ...{ hasNext: checkTimes(time), firstMissing: collectFirstMissing(columns) },
    })),
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
        remaining = remaining.filter(({ time, groups, counts, hasNext, firstMissing }) => {
          const series = groups.map(field).join("\u0000");
          if (!hasNext(field(time), series)) return false;
          counts.set(series, (counts.get(series) ?? 0) + 1);
          firstMissing.add(series, field);
          return true;
        });
        return [];
      },
    },
  );
  const shortestOf = (counts: ReadonlyMap<string, number>) => Math.min(...counts.values());
  const found = remaining.find(({ counts }) => shortestOf(counts) >= MIN_ROWS);
  if (found === undefined || problems.length > 0) return null;
  const { time, groups, counts, firstMissing } = found;
  return {
    ...{ time, groups, series: counts.size, shortest: shortestOf(counts) },
    firstMissing: columns.filter((column) => firstMissing.columns.has(column)),
  };
}

function sizeOf({ values }: ColumnFacts): number {
  return values?.size ?? 0;
}

function inFileOrder(columns: readonly ColumnFacts[], [one, other]: readonly [ColumnFacts, ColumnFacts]) {
  const isInOrder = columns.indexOf(one) < columns.indexOf(other);
  return isInOrder ? ([one, other] as const) : ([other, one] as const);
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

/** True for dates, and for integers, such as the hours of each series from 1, or seconds since 1970. */
function isTime({ kind, tableKind, isOrderedDate, isRowNumber, missing, numbers }: ColumnFacts): boolean {
  if (missing > 0) return false;
  const isCount =
    kind === "numbers" && !isRowNumber && Number.isInteger(numbers?.min) && Number.isInteger(numbers?.max);
  return isCount || (tableKind?.type === "date" && !isOrderedDate);
}

/** A check of the times of each series, row by row: dates and seconds are there once, and other integers are consecutive. */
function checkTimes({ kind, numbers }: ColumnFacts): (time: string, group: string) => boolean {
  const unit = numbers === null ? null : timeUnitOf([`${numbers.min}`, `${numbers.max}`]);
  if (kind === "numbers" && (unit === null || unit === "years")) {
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
