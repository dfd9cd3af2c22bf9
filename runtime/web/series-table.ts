/** The page of a forecaster of dated, grouped or mixed columns: the columns that it reads, and rows to start from. */
import { hasKinds, inputKinds, rowsOfExample } from "../../schema/kinds/columns.js";
import { hasPointForecast, isProbabilistic } from "../../schema/kinds/forecasts.js";
import { predictsOwnRow, rowsAhead } from "../../schema/kinds/horizon.js";
import { targetKindOf } from "../../schema/kinds/losses.js";
import type { NormalSpec, NormalTableData } from "../../schema/normal/index.js";
import { findColumn, makeUnique } from "../data/formats/columns.js";
import { formatCsvRow } from "../data/formats/csv.js";
import { readTableFile } from "../data/formats/table-file.js";
import { timeReader } from "../data/formats/time-values.js";
import type { Metadata, TableMetadata } from "../data/metadata.js";
import { tableFormat } from "../data/sources/table/format.js";
import { fedBackNotices } from "../forecast/fed-back-notices.js";
import { fail, ok, type Result } from "../result.js";
import type { SampleData, SeriesTable } from "./page-manifest.js";

/** True for a table of windows with more than columns of numbers: dates, groups, rows that are known ahead, a distribution. */
export function isSeriesTable({ data, losses }: Pick<NormalSpec, "data" | "losses">): boolean {
  if (data.type !== "table" || data.window === null) return false;
  const { columns, group, time, known_future: known } = data;
  return hasKinds(columns) || group !== null || time !== null || known !== null || losses.some(isProbabilistic);
}

/** The reason why a page has no forecasts of such a table, as a clause; undefined for none. */
export function seriesFault({ data, losses }: Pick<NormalSpec, "data" | "losses">): string | undefined {
  if (data.type !== "table") return undefined;
  const { columns, group, target, header, time } = data;
  const named = [Array.isArray(columns) ? columns : [], group ?? [], Array.isArray(target) ? target : []].flat();
  const isNumbered = named.some((name) => typeof name === "number") || typeof time?.column === "number";
  if (header === false || header === "comment" || isNumbered)
    return "finds columns by the names in the first row of a file";
  if (hasKinds(columns) && Object.values(columns).some(({ type }) => type === "text"))
    return "reads no columns of texts in windows";
  if (predictsOwnRow(data)) return "shows predictions of later rows, but the horizon is the row itself";
  const isShown = losses.every(
    (loss) => targetKindOf(loss) !== "classes" && (isProbabilistic(loss) || hasPointForecast(loss)),
  );
  return isShown ? undefined : "shows forecasts of numbers, but the loss has others";
}

export function seriesTable({ data, losses }: TableSpec, { columns: names }: TableMetadata): SeriesTable {
  const { decimal, thousands, group, known_future, reverse, comment, missing } = data;
  const kinds = inputKinds(data);
  const plain = names.filter((name) => !/ \(missing\)$/.test(name)).map((name) => ({ name, kind: null }));
  return {
    ...{ decimal, thousands, reverse, comment, missing, known_future, static: data.static },
    group: (group ?? []).map(String),
    window: rowsOfExample(data),
    ahead: known_future === null ? 0 : rowsAhead(data),
    delimiter: tableFormat(data).delimiter,
    scales_series: data.scale?.per === "series",
    notices: fedBackNotices({ data, losses }, 0),
    columns: kinds === null ? plain : [...kinds].map(([name, kind]) => ({ name, kind })),
  };
}

/** A spec of a table. */
type TableSpec = Pick<NormalSpec, "losses"> & { readonly data: NormalTableData };

/** Rows before the window, series, and characters of a sample. */
const [EXTRA_ROWS, MAX_SERIES, MAX_CHARACTERS] = [48, 8, 400_000];

/** The last rows of some series, as they are written: those of the window, of the rows ahead, and some before. */
export async function seriesRows(
  { data, losses }: TableSpec,
  metadata: Metadata,
  folder: string,
): Promise<Result<SampleData>> {
  if (metadata.type !== "table") throw new Error("The run's data is no table.");
  const table = seriesTable({ data, losses }, metadata);
  const { column, notation } = metadata.time ?? {};
  const wanted = [
    ...(column === undefined ? [] : [column]),
    ...table.group,
    ...table.columns.map(({ name }) => name),
    ...metadata.target,
  ];
  const names = [...new Set(wanted)];
  const count = EXTRA_ROWS + table.window + table.ahead;
  const read = notation === undefined ? () => 0 : timeReader(notation);
  const bySeries = new Map<string, string[][]>();
  let places: readonly number[] = [];
  const timeOf = (row: readonly string[]) => read(row[0] ?? "");
  const lastRows = (rows: string[][]) => {
    if (column !== undefined) rows.sort((a, b) => timeOf(a) - timeOf(b));
    return table.reverse ? rows.slice(0, count) : rows.slice(-count);
  };
  const problems = await readTableFile({ file: data.file, folder, path: "/data/file" }, tableFormat(data), {
    columns(found) {
      const unique = makeUnique(found);
      places = names.map((name) => {
        const place = findColumn(name, found);
        return unique.includes(name) || !place.ok ? unique.indexOf(name) : place.value;
      });
      return [];
    },
    row({ fields }) {
      const row = places.map((place) => fields[place] ?? "");
      const series = table.group.map((name) => row[names.indexOf(name)] ?? "").join("\u0000");
      const rows = bySeries.get(series);
      if (rows === undefined && bySeries.size < MAX_SERIES) bySeries.set(series, [row]);
      else if (rows !== undefined) {
        rows.push(row);
        if (rows.length > 8 * count && !table.reverse) bySeries.set(series, lastRows(rows));
      }
      return [];
    },
  });
  if (problems.length > 0) return fail(problems);
  const lines = (rows: readonly (readonly string[])[]) =>
    rows.map((row) => `${formatCsvRow(row, table.delimiter)}\n`).join("");
  const parts = [...bySeries.values()].map((rows) => lines(lastRows(rows)));
  const total = parts.reduce((sum, { length }) => sum + length, 0);
  const kept = total <= MAX_CHARACTERS ? parts : parts.slice(0, 1);
  return ok({ type: "series", text: lines([names]) + kept.join("") });
}
