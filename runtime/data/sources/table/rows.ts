/** Reads the rows of a table: the selected columns of a CSV file as numbers, and labels as text. */

import type { NormalTableData } from "../../../../schema/normal/index.js";
import { formatInteger } from "../../../format.js";
import { keepOrder } from "../../../ordered-json.js";
import type { RunProblem } from "../../../problem.js";
import { fail, ok, type Result } from "../../../result.js";
import { makeUnique, shorten } from "../../formats/columns.js";
import type { Row } from "../../formats/csv.js";
import { type FieldReader, fieldReader } from "../../formats/field-readers.js";
import { readTableFile } from "../../formats/table-file.js";
import type { TableMetadata } from "../../metadata.js";
import { collectFloats } from "../../spill/float-list.js";
import { collectIds, idAt } from "../../spill/id-list.js";
import { numbersHint, rangeHint, type TargetUse } from "../../target-values.js";
import { trackAbsent } from "./absent-values.js";
import {
  type Column,
  type ColumnSelection,
  chooseColumns,
  hasLabels,
  type SelectedTarget,
  selectionNotice,
  textHint,
} from "./columns.js";
import type { TableRows } from "./contents.js";
import { checkNotation, tableFormat } from "./format.js";
import { numbersAsRowNotice, numbersInHeader } from "./header.js";
import {
  addedLabelProblem,
  type ColumnPolicy,
  firstRowHint,
  interpolationNotice,
  missingHint,
  missingPolicies,
  mostlyMissing,
  untargetedNotice,
  withEmptyColumns,
} from "./missing.js";
import { orderTable } from "./order.js";
import { findFoldGroup, findGroups, trackSeries } from "./row-series.js";
import { checkSeries, type SeriesCheck } from "./series-boundaries.js";
import { openTimeColumn, type TimeColumn } from "./time-column.js";

/**
 * @param uses of the targets by the model; null where only inputs are read.
 * @param keepUnread true to keep the fields that are not read.
 * @param fitted the times of a trained model.
 */
export async function readRows(
  data: NormalTableData,
  folder: string,
  uses: ReadonlyMap<string, TargetUse> | null,
  keepUnread = false,
  fitted: TableMetadata["time"] | null = null,
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
  /** The groups of rows that stay in one fold. */
  let foldSeries = trackSeries([], []);
  let timeColumn: TimeColumn | null = null;
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
  let absent = trackAbsent(data, selection);
  let headerNotice: string | null = null;
  let fileNames: readonly string[] | null = null;
  /** Numbers in each column that is left out. */
  let leftOutNumbers: number[] = [];
  const row = ({ fields, line, areNumbers }: Row): readonly RunProblem[] => {
    const problems: RunProblem[] = [];
    fileRows += 1;
    const untimed = timeColumn?.check({ fields, line });
    if (untimed !== undefined) problems.push(untimed);
    seriesCheck?.update({ fields, line });
    for (const [position, { index }] of selection.leftOut.entries())
      if (!Number.isNaN(leftOutReader.read(fields[index] ?? "")))
        leftOutNumbers[position] = (leftOutNumbers[position] ?? 0) + 1;
    let [isDropped, isUntargeted] = [false, false];
    const absentColumns: number[] = [];
    const numbers = selection.columns.map((column, index) => {
      const field = fields[column.index] ?? "";
      const target = targetOf.get(index);
      const isLabel = target !== undefined && hasLabels(target);
      const reader = readers[index] as FieldReader;
      const policy = policies[index] ?? "error";
      // A label such as "None" is text.
      const isAbsent = isLabel ? field.trim() === "" : reader.isMissing(field);
      const isNumber = areNumbers?.[column.index] === true;
      const value = isLabel ? 0 : isNumber ? reader.readNumber(field) : reader.read(field);
      if (isAbsent) missingCounts[index] = (missingCounts[index] ?? 0) + 1;
      if (isAbsent && policy !== "error") {
        isDropped ||= policy === "drop" || policy === "drop_untargeted";
        isUntargeted ||= policy === "drop_untargeted";
        absentColumns.push(index);
        return Number.NaN;
      }
      if (isAbsent && isLabel) problems.push(problemAt(line, column, "has no label", labelHint));
      else if (isAbsent) problems.push(problemAt(line, column, "has no value", missingHint(data, column.kind)));
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
    for (const index of absentColumns) absent.add(index, rows);
    rowSeries.add(fields);
    foldSeries.add(fields);
    timeColumn?.add(fields);
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
        const time = openTimeColumn(data, names, first, fitted?.notation ?? null);
        if (!time.ok) return time.error;
        timeColumn = time.value;
        const selected = chooseColumns(data, names, first, uses, timeColumn?.index);
        if (!selected.ok) return selected.error;
        selection = selected.value;
        absent = trackAbsent(data, selection);
        readers = selection.columns.map(({ kind }) => fieldReader(kind, data));
        targetOf = new Map(selection.targets.flatMap((target) => target.columns.map((index) => [index, target])));
        policies = missingPolicies(data, selection);
        const groups = findGroups(data, names);
        if (!groups.ok) return groups.error;
        rowSeries = trackSeries(groups.value, names);
        const foldGroup = uses === null ? ok([]) : findFoldGroup(data, names);
        if (!foldGroup.ok) return foldGroup.error;
        foldSeries = trackSeries(foldGroup.value, names);
        for (const { name } of selection.targets) labels.set(name, []);
        const read = new Set(selection.columns.map(({ index }) => index));
        unreadColumns = makeUnique(names).flatMap((name, index) => (read.has(index) ? [] : [{ name, index }]));
        leftOutNumbers = selection.leftOut.map(() => 0);
        firstLine = first.line;
        const labelColumns = selection.targets
          .filter(hasLabels)
          .flatMap((target) => target.columns.map((index) => selection.columns[index]?.index ?? 0));
        if (timeColumn === null) seriesCheck = checkSeries(data, names, first, labelColumns, groups.value);
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
  const at = (line: number | undefined, ...rest: [Column, string, string]) => problemAt(line ?? firstLine, ...rest);
  const problems = [...withEmptyColumns(fileProblems, emptyColumns, at), ...mostlyNumbers];
  if (problems.length > 0) return fail(problems);
  const { columns, inputs, targets } = selection;
  const lineList = lines.finish();
  const ordered = orderTable(
    data,
    {
      rows,
      values: values.finish(),
      columns,
      policies,
      series: rowSeries,
      times: timeColumn,
      fittedStep: fitted?.step,
      timeColumn: columns.findIndex(({ index }) => index === timeColumn?.index),
      lineOf: (row) => idAt(lineList, row),
    },
    (line, column) => problemAt(line, column, "has no value", firstRowHint(data)),
  );
  if (!ordered.ok) return ordered;
  const { fileRowOf, isAdded } = ordered.value;
  const madeUp = ordered.value.added === 0 ? undefined : targets.find(hasLabels);
  if (madeUp !== undefined) return fail([addedLabelProblem(data, columns[madeUp.columns[0] ?? 0]?.name ?? "")]);
  const unreadOf = (row: number) => {
    const fields = isAdded(row) ? [] : (unreadFields[fileRowOf(row)] ?? []);
    return keepOrder(fields.map((field, position) => [unreadColumns[position]?.name ?? "", field] as const));
  };
  for (const [name, list] of labels)
    labels.set(
      name,
      list.map((_, row) => list[fileRowOf(row)] ?? ""),
    );
  const names = columns.map(({ name }) => name);
  const isFilled = (index: number) => ordered.value.added > 0 || (missingCounts[index] ?? 0) > 0;
  const interpolated =
    uses === null ? [] : inputs.filter((index) => ordered.value.isInterpolated(index) && isFilled(index));
  const notices = [
    ...fileNotices,
    headerNotice,
    fileNames === null ? null : numbersAsRowNotice(data, fileNames, ordered.value.values, names),
    selectionNotice(selection),
    untargetedNotice(data, untargeted),
    ...ordered.value.notices,
    interpolationNotice(interpolated.map((index) => names[index] ?? "")),
    seriesCheck?.notice() ?? null,
    ...emptyColumns.map(({ column, what, hint }) => `Column "${column.name}" of "${file}" ${what}. ${hint}`),
  ].filter((notice) => notice !== null);
  return ok({
    rows: ordered.value.rows,
    columns: names,
    values: ordered.value.values,
    specNames: columns.map(({ specName }) => specName),
    kinds: columns.map(({ kind }) => kind),
    missing: columns.map((_, index) => missingCounts[index] ?? 0),
    policies,
    absent: absent.marks(ordered.value),
    starts: ordered.value.starts,
    foldGroups: foldSeries.foldGroups(ordered.value.rows, fileRowOf),
    time: ordered.value.time,
    texts: new Map(readers.map((reader, index) => [index, reader.texts()])),
    inputs,
    targets: targets.map((target) => ({ ...target, labels: labels.get(target.name) ?? [] })),
    lineOf: (row) => idAt(lineList, fileRowOf(row)),
    groupOf: (row) => rowSeries.groupOf(fileRowOf(row)),
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

const mixedColumnHint = "Leave the field empty (data.missing), or name the input columns in data.columns.";
const labelHint = 'Write the label, remove the row, or set data.missing to "drop" (skip such rows).';
