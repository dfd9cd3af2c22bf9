/** Several series in one file: rows whose dates repeat, once for each value of another column. */
import { readTableFile } from "../../../../runtime/data/formats/table-file.js";
import type { ColumnFacts, FileFacts } from "./file-facts.js";

export interface Panel {
  readonly time: ColumnFacts;
  /** The column that names the series of a row. */
  readonly group: ColumnFacts;
  readonly series: number;
  /** Rows of the shortest series. */
  readonly shortest: number;
}

/** Starts the lines of a table that are left out. */
const COMMENT = "#";
/** Rows that each series needs. */
const MIN_ROWS = 10;

/**
 * The date and the column that names the series: no date is twice in a series. Null for a file without these, or of
 * JSON lines.
 */
export async function findPanel(
  source: { readonly file: string; readonly folder: string },
  facts: FileFacts,
  targetName: string | null,
): Promise<Panel | null> {
  const { columns, format, hasHeader, delimiter } = facts;
  if (format === "json") return null;
  const times = columns.filter(
    ({ tableKind, isOrderedDate, missing }) => tableKind?.type === "date" && !isOrderedDate && missing === 0,
  );
  const groups = columns
    .filter((column) => column.name !== targetName && namesSeries(column))
    .sort((a, b) => (a.values?.size ?? 0) - (b.values?.size ?? 0));
  if (times.length === 0 || groups.length === 0) return null;
  let remaining = times.flatMap((time) => groups.map((group) => ({ time, group, seen: new Set<string>() })));
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
        remaining = remaining.filter(({ time, group, seen }) => {
          const key = `${field(time)}\u0000${field(group)}`;
          const isNew = !seen.has(key);
          seen.add(key);
          return isNew;
        });
        return [];
      },
    },
  );
  const [found] = remaining;
  if (found === undefined || problems.length > 0) return null;
  const counts = [...(found.group.values?.values() ?? [])];
  return { time: found.time, group: found.group, series: counts.length, shortest: Math.min(...counts) };
}

/** True for names or integers, each in at least `MIN_ROWS` rows. */
function namesSeries({ tableKind, values, missing }: ColumnFacts): boolean {
  if (values === null || values.size < 2 || missing > 0) return false;
  const isName = tableKind?.type === "category" || [...values.keys()].every((value) => /^\d+$/.test(value));
  return isName && [...values.values()].every((count) => count >= MIN_ROWS);
}
