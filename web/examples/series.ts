/** A file of series as inputs of a forecaster: the last window of each series, and its rows that are known ahead. */
import { makeUnique } from "../../runtime/data/formats/columns.js";
import { dateFeature } from "../../runtime/data/formats/date-values.js";
import { type FieldReader, fieldReader } from "../../runtime/data/formats/field-readers.js";
import { describeStep, stepsBetween, timeAfter } from "../../runtime/data/formats/time-step.js";
import { timeReader, writeTime } from "../../runtime/data/formats/time-values.js";
import type { TableMetadata } from "../../runtime/data/metadata.js";
import { scalerOf, scaleValue } from "../../runtime/data/scaler.js";
import type { Batch } from "../../runtime/data/source.js";
import { ok, type Result } from "../../runtime/result.js";
import type { NumericArray } from "../../runtime/tensors/array.js";
import type { SeriesTable } from "../../runtime/web/page-manifest.js";
import { SERIES_INPUT } from "../../schema/kinds/columns.js";
import { futureInput, staticInput } from "../../schema/kinds/horizon.js";
import { type CsvRow, csvRows } from "./csv-rows.js";
import { invalid } from "./parse-lines.js";

/** The rows of a series in order of time. */
export interface SeriesRows {
  /** The values of the columns that name the series. */
  readonly name: readonly string[];
  readonly rows: readonly SeriesRow[];
  /** The number of rows up to the last one of the window. */
  readonly past: number;
}

interface SeriesRow {
  readonly line: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly time: number;
  /** By column; NaN for a missing number. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** The series of a text with enough rows for a window. */
export function readSeries(text: string, table: SeriesTable, metadata: TableMetadata): Result<readonly SeriesRows[]> {
  const { group, window, ahead, reverse } = table;
  const [header, ...lines] = csvRows(text, table.delimiter, table.comment);
  const names = makeUnique(header?.fields ?? []);
  const wanted = [...table.columns.map(({ name }) => name), ...group, ...(metadata.time ? [metadata.time.column] : [])];
  const absent = [...new Set(wanted)].filter((name) => !names.includes(name));
  if (absent.length > 0)
    return invalid(`The first line has no column ${absent.join(", ")}.`, `It has ${names.join(", ")}.`);
  const readers = table.columns.map(({ name, kind }) => ({ name, kind, reader: fieldReader(kind, table) }));
  const timeOf = metadata.time === undefined ? () => 0 : timeReader(metadata.time.notation);
  const bySeries = new Map<string, { readonly name: readonly string[]; readonly rows: SeriesRow[] }>();
  for (const row of lines) {
    const fields = fieldsOf(names, row);
    if (row.fields.length !== names.length)
      return invalid(`Line ${row.line} has ${row.fields.length} fields, but the first line has ${names.length}.`);
    const read = readRow(row, fields, readers, table, metadata);
    if (!read.ok) return read;
    const time = timeOf(fields[metadata.time?.column ?? ""] ?? "");
    if (Number.isNaN(time)) return invalid(`Line ${row.line} has no time in ${metadata.time?.column}.`);
    if (read.value === null) continue;
    const name = group.map((column) => fields[column] ?? "");
    const key = JSON.stringify(name);
    const series = bySeries.get(key) ?? { name, rows: [] };
    bySeries.set(key, series);
    series.rows.push({ line: row.line, fields, time, numbers: read.value });
  }
  const all = [...bySeries.values()].map(({ name, rows }): SeriesRows => {
    const ordered = reverse ? rows.toReversed() : rows;
    return { name, rows: ordered.sort((a, b) => a.time - b.time), past: rows.length - ahead };
  });
  for (const { rows } of all) {
    const again = metadata.time && rows.find((row, index) => index > 0 && row.time === rows[index - 1]?.time);
    if (again) return invalid(`Line ${again.line} has a time that its series has already.`);
  }
  const long = all.filter(({ past }) => past >= window);
  if (long.length > 0) return ok(long);
  const needed = ahead === 0 ? `${window}` : `${window}, and ${ahead} to be predicted`;
  return invalid(`No series has enough rows: the model reads ${needed}.`);
}

function fieldsOf(names: readonly string[], { fields }: CsvRow): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name, index) => [name, fields[index] ?? ""]));
}

type ColumnReader = SeriesTable["columns"][number] & { readonly reader: FieldReader };

/** The numbers of a row; null for one that the spec drops because a value is missing. */
function readRow(
  { line }: CsvRow,
  fields: Readonly<Record<string, string>>,
  readers: readonly ColumnReader[],
  table: SeriesTable,
  { fill = {} }: TableMetadata,
): Result<Readonly<Record<string, number>> | null> {
  const numbers: Record<string, number> = {};
  for (const { name, kind, reader } of readers) {
    if (kind?.type === "category") continue;
    const field = fields[name] ?? "";
    const isEmpty = reader.isMissing(field);
    const number = isEmpty ? Number.NaN : reader.read(field);
    if (!isEmpty && !Number.isFinite(number))
      return invalid(`Line ${line}: ${name} is "${field}", ${reader.faultOf(field)?.what ?? "which is no number"}.`);
    const isFilled = Object.hasOwn(fill, name) || policyOf(kind, table) === "previous";
    if (isEmpty && !isFilled && table.ahead === 0 && policyOf(kind, table) === "drop") return ok(null);
    numbers[name] = number;
  }
  return ok(numbers);
}

function policyOf(kind: ColumnReader["kind"], { missing }: SeriesTable): string {
  return (kind?.type === "number" || kind?.type === "boolean" ? kind.missing : null) ?? missing;
}

/** The inputs of the last window of a series. @param horizon the rows to be predicted. */
export function seriesBatch(
  { name, rows, past }: SeriesRows,
  table: SeriesTable,
  metadata: TableMetadata,
  horizon: readonly number[],
): Result<Batch> {
  const { columns, ids = {}, known_future: known = [], static: constant = [], scaler, fill = {} } = metadata;
  const first = past - table.window;
  const window = rows.slice(first, past);
  const ahead = table.ahead === 0 ? [] : horizon.map((step) => rows[past - 1 + step] as SeriesRow);
  const gap = metadata.time?.step ? findGap(rows.slice(first), metadata, table) : undefined;
  if (gap !== undefined) return invalid(gap);
  const kindOf = new Map(table.columns.map((column) => [column.name, column.kind]));
  const problems: string[] = [];
  const feature = (row: SeriesRow, featureName: string): number => {
    const column = Object.hasOwn(row.numbers, featureName) ? featureName : featureName.replace(/ \(missing\)$/, "");
    let value = row.numbers[column] ?? Number.NaN;
    if (column !== featureName) return Number(Number.isNaN(value));
    const isPrevious = policyOf(kindOf.get(column) ?? null, table) === "previous";
    for (let at = rows.indexOf(row); Number.isNaN(value) && isPrevious && at > 0; at--)
      value = rows[at - 1]?.numbers[column] ?? Number.NaN;
    if (Number.isNaN(value)) value = fill[column] ?? Number.NaN;
    if (Number.isNaN(value)) problems.push(`Line ${row.line} has no value in ${column}.`);
    const scaling = scalerOf(scaler, featureName);
    return scaling === undefined ? value : scaleValue(value, scaling);
  };
  const idOf = (row: SeriesRow, input: string): number => {
    const column = ids[input];
    if (column === undefined) return 0;
    if ("categories" in column) {
      const text = row.fields[column.column] ?? "";
      const id = column.categories.indexOf(text);
      // After the categories come the id of an empty field and that of other values.
      return id >= 0 ? id : column.categories.length + (text === "" ? 0 : 1);
    }
    const time = row.numbers[column.column] ?? Number.NaN;
    if (Number.isNaN(time)) problems.push(`Line ${row.line} has no date in ${column.column}.`);
    return dateFeature(time, column.feature);
  };
  const batch = new Map<string, NumericArray>();
  const addNumbers = (
    input: string,
    list: readonly SeriesRow[],
    names: readonly string[],
    shape: readonly number[],
  ) => {
    const data = Float32Array.from(list.flatMap((row) => names.map((each) => feature(row, each))));
    batch.set(input, { dtype: "float32", shape: [1, ...shape, names.length], data });
  };
  const addIds = (input: string, list: readonly SeriesRow[], source: string, shape: readonly number[]) => {
    const data = Int32Array.from(list, (row) => idOf(row, source));
    batch.set(input, { dtype: "int32", shape: [1, ...shape], data });
  };
  if (columns.length > 0) addNumbers("inputs", window, columns, [window.length]);
  for (const [index, input] of Object.keys(ids).entries())
    addIds(columns.length === 0 && index === 0 ? "inputs" : input, window, input, [window.length]);
  if (ahead.length > 0) {
    if (known.length > 0) addNumbers(futureInput(null), ahead, known, [ahead.length]);
    for (const [input, column] of Object.entries(ids))
      if ("feature" in column || table.known_future?.includes(column.column) === true)
        addIds(futureInput(input), ahead, input, [ahead.length]);
  }
  const [start] = window;
  if (table.static !== null && start !== undefined) {
    if (constant.length > 0) addNumbers(staticInput(null), [start], constant, []);
    for (const [input, column] of Object.entries(ids))
      if (table.static.includes(column.column)) addIds(staticInput(input), [start], input, []);
  }
  if (table.scales_series) {
    const id = (metadata.series?.names ?? []).findIndex((each) => JSON.stringify(each) === JSON.stringify(name));
    if (id < 0) return invalid(`The training data lacks the series ${name.join(", ")}, whose scale is not known.`);
    batch.set(SERIES_INPUT, { dtype: "int32", shape: [1], data: Int32Array.of(id) });
  }
  const [problem] = problems;
  return problem === undefined ? ok(batch) : invalid(problem);
}

/** The rows that a series skips, where the spec fills them. */
function findGap(rows: readonly SeriesRow[], { time }: TableMetadata, { missing }: SeriesTable): string | undefined {
  if (!time?.step || (missing !== "previous" && missing !== "interpolate")) return undefined;
  for (const [index, row] of rows.slice(1).entries()) {
    const steps = stepsBetween(rows[index]?.time ?? 0, row.time, time.step);
    if (steps !== 1)
      return `Line ${row.line} is not ${describeStep(time.step)} after the row before: the page adds no rows, as rnnx predict does.`;
  }
  return undefined;
}

/** The time of each row to be predicted, as the file writes times; null for rows that the file lacks without a regular step. */
export function predictedTimes(
  { rows, past }: SeriesRows,
  { time }: TableMetadata,
  horizon: readonly number[],
): readonly string[] | null {
  const last = rows[past - 1];
  if (time === undefined || last === undefined) return null;
  const { column, step, notation } = time;
  const times = horizon.map((after) => rows[past - 1 + after]?.time ?? (step && timeAfter(last.time, after, step)));
  if (!times.every((each) => each !== null)) return null;
  const rowOf = (index: number) => rows[past - 1 + (horizon[index] ?? 0)] ?? last;
  return times.map((each, index) => writeTime(each, notation, rowOf(index).fields[column]));
}
