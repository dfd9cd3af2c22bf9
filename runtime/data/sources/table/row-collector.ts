/** The rows of a table file as they come: numbers and labels of the selected columns, and the fields that are wrong. */
import type { NormalTableData } from "../../../../schema/normal/index.js";
import type { RunProblem } from "../../../problem.js";
import { shorten } from "../../formats/columns.js";
import type { Row } from "../../formats/csv.js";
import { fieldReader } from "../../formats/field-readers.js";
import { collectFloats } from "../../spill/float-list.js";
import { collectIds } from "../../spill/id-list.js";
import { numbersHint, rangeHint } from "../../target-values.js";
import { trackAbsent } from "./absent-values.js";
import { type Column, hasLabels, textHint } from "./columns.js";
import { missingHint } from "./missing.js";
import type { RowLayout } from "./row-layout.js";

const tooLarge = { what: "which is too large", hint: undefined };
export const headerHint = "If the first row has the names of the columns, set data.header to true.";
const labelHint = 'Write the label, remove the row, or set data.missing to "drop" (skip such rows).';

/** @param what continues "Column x ". */
export function valueProblem(
  { file }: Pick<NormalTableData, "file">,
  line: number,
  { name, index }: Column,
  what: string,
  hint: string,
): RunProblem {
  const message = `${file}:${line}: Column "${name}" ${what}.`;
  return { code: "table-value", path: "/data/file", file, line, column: index + 1, message, hint };
}

/** A field of a row. Its value is NaN where it is absent and not wrong. */
interface ReadField {
  readonly value: number;
  readonly isAbsent: boolean;
  readonly problem?: RunProblem;
}

/** Reads a field of a selected column. @param isFirst true in the first row of the file. */
function readField(data: NormalTableData, layout: RowLayout, index: number, row: Row, isFirst: boolean): ReadField {
  const { selection, readers, policies, targetOf } = layout;
  const column = selection.columns[index];
  const reader = readers[index];
  if (column === undefined || reader === undefined) throw new Error(`no column ${index} of the selection`);
  const field = row.fields[column.index] ?? "";
  const target = targetOf.get(index);
  const isLabel = target !== undefined && hasLabels(target);
  const wrong = (value: number, what: string, hint: string): ReadField => ({
    value,
    isAbsent: false,
    problem: valueProblem(data, row.line, column, what, hint),
  });
  // A label such as "None" is text.
  if (isLabel ? field.trim() === "" : reader.isMissing(field)) {
    if (policies[index] !== "error") return { value: Number.NaN, isAbsent: true };
    const [what, hint] = isLabel ? ["has no label", labelHint] : ["has no value", missingHint(data, column.kind)];
    return { ...wrong(Number.NaN, what, hint), isAbsent: true };
  }
  if (isLabel) return { value: 0, isAbsent: false };
  const value = row.areNumbers?.[column.index] === true ? reader.readNumber(field) : reader.read(field);
  if (!Number.isFinite(value)) {
    const isText = Number.isNaN(value);
    const fault = isText ? reader.faultOf(field) : tooLarge;
    const isTargetOnly = target?.use != null && !selection.inputs.includes(index);
    const valueHint = isText && isTargetOnly ? numbersHint(target.use) : textHint(data);
    const hint = fault?.hint ?? (isText && data.header === false && isFirst ? headerHint : valueHint);
    return wrong(value, `has "${shorten(field)}", ${fault?.what ?? "which is not a number"}`, hint);
  }
  const range = target?.use == null ? undefined : rangeHint(target.use, value);
  if (range !== undefined) return wrong(value, `has the target ${value}`, range);
  return { value, isAbsent: false };
}

/** @param keepUnread true to keep the fields that are not read. */
export function collectRows(data: NormalTableData, layout: RowLayout, keepUnread: boolean) {
  const { selection, policies, unread, series, folds, time, seriesCheck } = layout;
  const values = collectFloats.float64();
  const lines = collectIds();
  const labelTargets = selection.targets.filter(hasLabels);
  const labels = new Map(selection.targets.map(({ name }) => [name, [] as string[]]));
  /** Equal labels share one string. */
  const internedLabels = new Map<string, string>();
  const unreadFields: (readonly string[])[] = [];
  const absent = trackAbsent(data, selection);
  /** Rows without a value in each column of the selection. */
  const missingCounts = selection.columns.map(() => 0);
  const leftOutReader = fieldReader(null, data);
  /** Numbers in each column that is left out. */
  const leftOutNumbers = selection.leftOut.map(() => 0);
  let [fileRows, rows, dropped, untargeted] = [0, 0, 0, 0];

  const keep = (fields: readonly string[], numbers: readonly number[], absentColumns: readonly number[]) => {
    for (const { name, columns } of labelTargets) {
      const label = fields[selection.columns[columns[0] ?? 0]?.index ?? 0] ?? "";
      if (!internedLabels.has(label)) internedLabels.set(label, label);
      labels.get(name)?.push(internedLabels.get(label) ?? label);
    }
    for (const index of absentColumns) absent.add(index, rows);
    series.add(fields);
    folds.add(fields);
    time?.add(fields);
    for (const number of numbers) values.push(number);
    if (keepUnread) unreadFields.push(unread.map(({ index }) => fields[index] ?? ""));
    rows += 1;
  };
  const count = (counts: number[], index: number) => {
    counts[index] = (counts[index] ?? 0) + 1;
  };

  return {
    /** Adds the next row of the file, and returns its problems. */
    add(row: Row): readonly RunProblem[] {
      const { fields, line } = row;
      const problems: RunProblem[] = [];
      fileRows += 1;
      const untimed = time?.check({ fields, line });
      if (untimed !== undefined) problems.push(untimed);
      seriesCheck?.update({ fields, line });
      for (const [position, { index }] of selection.leftOut.entries())
        if (!Number.isNaN(leftOutReader.read(fields[index] ?? ""))) count(leftOutNumbers, position);
      const absentColumns: number[] = [];
      const numbers = selection.columns.map((_, index) => {
        const { value, isAbsent, problem } = readField(data, layout, index, row, fileRows === 1);
        if (problem !== undefined) problems.push(problem);
        if (isAbsent) count(missingCounts, index);
        if (isAbsent && problem === undefined) absentColumns.push(index);
        return value;
      });
      const isUntargeted = absentColumns.some((index) => policies[index] === "drop_untargeted");
      if (isUntargeted || absentColumns.some((index) => policies[index] === "drop")) {
        dropped += 1;
        if (isUntargeted) untargeted += 1;
        return problems;
      }
      keep(fields, numbers, absentColumns);
      lines.push(line);
      return problems;
    },
    finish: () => ({
      ...{ rows, fileRows, dropped, untargeted, missingCounts, leftOutNumbers, labels, unreadFields, absent },
      values: values.finish(),
      lines: lines.finish(),
    }),
  };
}
