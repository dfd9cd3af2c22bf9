/** Reads the rows of a table: the selected columns of a CSV file as numbers, and labels as text. */

import type { NormalColumnKind, NormalTableData } from "../../../schema/normal/index.js";
import { formatInteger } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import type { FloatList } from "../batching/windows.js";
import { makeUnique, shorten } from "../formats/columns.js";
import type { Row } from "../formats/csv.js";
import { type FieldReader, fieldReader } from "../formats/field-readers.js";
import { readTableFile } from "../formats/table-file.js";
import { collectFloats } from "../spill/float-list.js";
import { collectIds, idAt } from "../spill/id-list.js";
import { numbersHint, rangeHint, type TargetUse } from "../target-values.js";
import { seriesOrder, sortByTime } from "./row-order.js";
import { trackSeries } from "./row-series.js";
import { checkSeries, type SeriesCheck } from "./series-boundaries.js";
import {
  type Column,
  type ColumnSelection,
  chooseColumns,
  hasLabels,
  mostlyMissing,
  type SelectedTarget,
  selectionNotice,
  textHint,
} from "./table-columns.js";
import { checkNotation, tableFormat } from "./table-format.js";
import { numbersAsRowNotice, numbersInHeader } from "./table-header.js";
import { type ColumnPolicy, missingHint, missingPolicies, untargetedNotice } from "./table-missing.js";
import { findGroups } from "./table-series.js";

/** A target: its columns, as indices, and the label of each row if it has classes; else no labels. */
export interface RowTarget extends SelectedTarget {
  readonly labels: readonly string[];
}

export interface TableRows {
  readonly rows: number;
  /** The names of the columns of `values`: inputs first, then targets that are not inputs. */
  readonly columns: readonly string[];
  /** [rows, columns] in order of time, without missing entries. A column of labels is 0. */
  readonly values: FloatList<Float64Array>;
  /** The names of the columns in the spec, and their kinds; null where the spec has none. */
  readonly specNames: readonly (string | null)[];
  readonly kinds: readonly (NormalColumnKind | null)[];
  /** The treatment of missing values of each column, and their number. Values of "zero" and "mean" are NaN. */
  readonly policies: readonly ColumnPolicy[];
  readonly missing: readonly number[];
  /** By column: the texts of categories, whose index is the value. */
  readonly texts: ReadonlyMap<number, readonly string[]>;
  /** The first row of each series. */
  readonly starts: readonly number[];
  /** Indices in `columns`. */
  readonly inputs: readonly number[];
  readonly targets: readonly RowTarget[];
  /** The line of a row in the file, from 1. */
  readonly lineOf: (row: number) => number;
  /** The columns that name the series of a row, by name; none for one series. */
  readonly groupOf: (row: number) => Readonly<Record<string, string>>;
  /** The fields of a row that are not read, by the name of their column; empty unless they are kept. */
  readonly unreadOf: (row: number) => Readonly<Record<string, string>>;
  /** The choice of columns, and signs of several series. */
  readonly notices: readonly string[];
  /** Rows without a value, which data.missing "drop" leaves out. */
  readonly dropped: number;
}

/**
 * @param uses of the targets by the model; null where only inputs are read.
 * @param keepUnread true to keep the fields that are not read.
 */
export async function readRows(
  data: NormalTableData,
  folder: string,
  uses: ReadonlyMap<string, TargetUse> | null,
  keepUnread = false,
): Promise<Result<TableRows>> {
  const notationProblems = checkNotation(data);
  if (notationProblems.length > 0) return fail(notationProblems);
  const { file } = data;
  let selection: ColumnSelection = emptySelection;
  let rows = 0;
  const values = collectFloats.float64();
  const lines = collectIds();
  /** By target. */
  const labels = new Map<string, string[]>();
  /** By column of the selection. */
  let readers: readonly FieldReader[] = [];
  const leftOutReader = fieldReader(null, data);
  let unreadColumns: readonly Column[] = [];
  const unreadFields: (readonly string[])[] = [];
  let rowSeries = trackSeries([], []);
  /** Equal labels share one string. */
  const internedLabels = new Map<string, string>();

  const problemAt = (line: number, { name, index: columnIndex }: Column, what: string, hint: string): RunProblem => ({
    code: "table-value",
    path: "/data/file",
    file,
    line,
    column: columnIndex + 1,
    message: `${file}:${line}: Column "${name}" ${what}.`,
    hint,
  });
  /** By column of the selection, for a column that is a target. */
  let targetOf = new Map<number, SelectedTarget>();
  let seriesCheck: SeriesCheck | undefined;
  let [fileRows, firstLine] = [0, 1];
  let [dropped, untargeted] = [0, 0];
  /** By column of the selection. */
  let policies: readonly ColumnPolicy[] = [];
  /** Rows without a value in each column of the selection. */
  const missingCounts: number[] = [];
  let headerNotice: string | null = null;
  let fileNames: readonly string[] | null = null;
  /** Numbers in each column that is left out. */
  let leftOutNumbers: number[] = [];
  const row = ({ fields, line }: Row): readonly RunProblem[] => {
    const problems: RunProblem[] = [];
    fileRows += 1;
    seriesCheck?.update({ fields, line });
    for (const [position, { index }] of selection.leftOut.entries())
      if (!Number.isNaN(leftOutReader.read(fields[index] ?? "")))
        leftOutNumbers[position] = (leftOutNumbers[position] ?? 0) + 1;
    let [isDropped, isUntargeted] = [false, false];
    const numbers = selection.columns.map((column, index) => {
      const field = fields[column.index] ?? "";
      const target = targetOf.get(index);
      const isLabel = target !== undefined && hasLabels(target);
      const reader = readers[index] as FieldReader;
      const policy = policies[index] ?? "error";
      // A label such as "None" is text.
      const isAbsent = isLabel ? field.trim() === "" : reader.isMissing(field);
      const value = isLabel ? 0 : reader.read(field);
      if (isAbsent) missingCounts[index] = (missingCounts[index] ?? 0) + 1;
      if (isAbsent && policy !== "error") {
        isDropped ||= policy === "drop" || policy === "drop_untargeted";
        isUntargeted ||= policy === "drop_untargeted";
        return Number.NaN;
      }
      if (isAbsent && isLabel) problems.push(problemAt(line, column, "has no label", labelHint));
      else if (isAbsent) problems.push(problemAt(line, column, "has no value", missingHint(data)));
      else if (!Number.isFinite(value)) {
        const isText = Number.isNaN(value);
        const fault = isText ? reader.faultOf(field) : tooLarge;
        const isTargetOnly = target?.use != null && !selection.inputs.includes(index);
        const isFirst = isText && data.header === false && fileRows === 1;
        const valueHint = isText && isTargetOnly ? numbersHint(target.use) : textHint(data);
        const hint = fault?.hint ?? (isFirst ? headerHint : valueHint);
        problems.push(
          problemAt(line, column, `has "${shorten(field)}", ${fault?.what ?? "which is not a number"}`, hint),
        );
      } else if (target?.use != null) {
        const hint = rangeHint(target.use, value);
        if (hint !== undefined) problems.push(problemAt(line, column, `has the target ${value}`, hint));
      }
      return value;
    });
    if (isDropped) {
      dropped += 1;
      if (isUntargeted) untargeted += 1;
      return problems;
    }
    for (const { name, columns } of selection.targets.filter(hasLabels)) {
      const label = fields[selection.columns[columns[0] ?? 0]?.index ?? 0] ?? "";
      if (!internedLabels.has(label)) internedLabels.set(label, label);
      labels.get(name)?.push(internedLabels.get(label) ?? label);
    }
    rowSeries.add(fields);
    for (const number of numbers) values.push(number);
    if (keepUnread) unreadFields.push(unreadColumns.map(({ index }) => fields[index] ?? ""));
    lines.push(line);
    rows += 1;
    return problems;
  };

  const fileNotices: string[] = [];
  const fileProblems = await readTableFile(
    { file, folder, path: "/data/file" },
    tableFormat(data),
    {
      columns(names, first) {
        headerNotice = numbersInHeader(data, names);
        fileNames = names;
        const selected = chooseColumns(data, names, first, uses);
        if (!selected.ok) return selected.error;
        selection = selected.value;
        readers = selection.columns.map(({ kind }) => fieldReader(kind, data));
        targetOf = new Map(selection.targets.flatMap((target) => target.columns.map((index) => [index, target])));
        policies = missingPolicies(data, selection);
        const groups = findGroups(data, names);
        if (!groups.ok) return groups.error;
        rowSeries = trackSeries(groups.value, names);
        for (const { name } of selection.targets) labels.set(name, []);
        const read = new Set(selection.columns.map(({ index }) => index));
        unreadColumns = makeUnique(names).flatMap((name, index) => (read.has(index) ? [] : [{ name, index }]));
        leftOutNumbers = selection.leftOut.map(() => 0);
        firstLine = first.line;
        const labelColumns = selection.targets
          .filter(hasLabels)
          .flatMap((target) => target.columns.map((index) => selection.columns[index]?.index ?? 0));
        seriesCheck = checkSeries(data, names, first, labelColumns, groups.value);
        return [];
      },
      row,
    },
    (notice) => fileNotices.push(notice),
  );
  const mostlyNumbers = selection.leftOut.flatMap((column, position) => {
    const count = leftOutNumbers[position] ?? 0;
    if (count * 2 <= fileRows) return [];
    const what = `has "${shorten(column.first)}", which is not a number, but ${formatInteger(count)} of its ${formatInteger(fileRows)} values are`;
    return [problemAt(firstLine, column, what, data.header === false ? headerHint : mixedColumnHint)];
  });
  const emptyColumns = mostlyMissing(selection, missingCounts, fileRows, uses !== null);
  /** One problem for a column without values, in place of one for each row. */
  const emptyProblems = emptyColumns.flatMap(({ column, what, hint }) => {
    const first = fileProblems.find((problem) => isMissingValue(problem) && problem.column === column.index + 1);
    return first === undefined ? [] : [problemAt(first.line ?? firstLine, column, what, `${hint} ${skipHint}`)];
  });
  const emptyPlaces = new Set(emptyProblems.map(({ column }) => column));
  const otherProblems = fileProblems.filter((problem) => !(isMissingValue(problem) && emptyPlaces.has(problem.column)));
  const problems = [...emptyProblems, ...otherProblems, ...mostlyNumbers];
  if (problems.length > 0) return fail(problems);
  const { columns, inputs, targets } = selection;
  const lineList = lines.finish();
  const series = data.group === null ? null : seriesOrder(rowSeries.ids, data.reverse);
  const indexInFile = (row: number) => series?.order[row] ?? (data.reverse ? rows - 1 - row : row);
  const lineOf = (row: number) => idAt(lineList, indexInFile(row));
  const unreadOf = (row: number) => {
    const fields = unreadFields[indexInFile(row)] ?? [];
    return Object.fromEntries(fields.map((field, position) => [unreadColumns[position]?.name ?? "", field]));
  };
  for (const [name, list] of labels)
    labels.set(
      name,
      list.map((_, row) => list[indexInFile(row)] ?? ""),
    );
  const ordered = sortByTime(
    values.finish(),
    columns.length,
    series?.order ?? data.reverse,
    policies.map((policy) => policy === "previous"),
    series?.starts ?? [],
  );
  const gapColumn = columns[ordered.gap?.column ?? -1];
  if (gapColumn !== undefined) {
    const first = series === null ? "The first row" : "The first row of a series";
    const hint = `${first} has no previous value. Set data.missing to "drop".`;
    return fail([problemAt(lineOf(ordered.gap?.row ?? 0), gapColumn, "has no value", hint)]);
  }
  const names = columns.map(({ name }) => name);
  const notices = [
    ...fileNotices,
    headerNotice,
    fileNames === null ? null : numbersAsRowNotice(data, fileNames, ordered.values, names),
    selectionNotice(selection),
    untargetedNotice(data, untargeted),
    seriesCheck?.notice() ?? null,
    ...emptyColumns.map(({ column, what, hint }) => `Column "${column.name}" of "${file}" ${what}. ${hint}`),
  ].filter((notice) => notice !== null);
  return ok({
    rows,
    columns: names,
    values: ordered.values,
    specNames: columns.map(({ specName }) => specName),
    kinds: columns.map(({ kind }) => kind),
    missing: columns.map((_, index) => missingCounts[index] ?? 0),
    policies,
    starts: series?.starts ?? [0],
    texts: new Map(readers.map((reader, index) => [index, reader.texts()])),
    inputs,
    targets: targets.map((target) => ({ ...target, labels: labels.get(target.name) ?? [] })),
    lineOf,
    groupOf: (row) => rowSeries.groupOf(indexInFile(row)),
    unreadOf,
    notices,
    dropped,
  });
}

const emptySelection: ColumnSelection = {
  columns: [],
  inputs: [],
  targets: [],
  leftOut: [],
  sameRowTargets: [],
  unlisted: [],
};
const tooLarge = { what: "which is too large", hint: undefined };
const headerHint = "If the first row has the names of the columns, set data.header to true.";

const skipHint = 'To skip such rows, set data.missing to "drop".';
const isMissingValue = ({ message }: RunProblem) => / has no value\.(?: The same on .*)?$/.test(message);
const mixedColumnHint = "Leave the field empty (data.missing), or name the input columns in data.columns.";
const labelHint = 'Write the label, remove the row, or set data.missing to "drop" (skip such rows).';
