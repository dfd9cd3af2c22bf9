/** Selects the columns of a table that are inputs and targets, by name or place, or by the numbers of the first row. */
import { joinWithAnd } from "../../../schema/diagnostics/suggest.js";
import { ONLY_TARGET } from "../../../schema/kinds/outputs.js";
import type { NormalTableData } from "../../../schema/normal/index.js";
import { formatCount, formatInteger, listFirst } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { findColumn, makeUnique, shorten } from "../formats/columns.js";
import type { Row } from "../formats/csv.js";
import { isMissing, notationOf, parseNumber } from "../formats/number-notation.js";
import type { TargetUse } from "../target-values.js";

/** A selected column: its name and its index in the file. */
export interface Column {
  readonly name: string;
  readonly index: number;
}

/** A target: its columns, as positions in a selection, and its use. */
export interface SelectedTarget {
  readonly name: string;
  readonly columns: readonly number[];
  /** Null where the target is not read. */
  readonly use: TargetUse | null;
}

/** True for a target of classes, whose one column has labels. */
export function hasLabels({ use }: Pick<SelectedTarget, "use">): boolean {
  return use?.targets === "classes";
}

export interface ColumnSelection {
  readonly columns: readonly Column[];
  readonly inputs: readonly number[];
  readonly targets: readonly SelectedTarget[];
  /** Without data.columns: the columns that are no inputs because their first value is no number. */
  readonly leftOut: readonly (Column & { readonly first: string })[];
  /** Names of the targets in data.columns that are no inputs because of a horizon of 0. */
  readonly sameRowTargets: readonly string[];
}

/** Selects the columns that are read, as inputs and as targets. */
export function chooseColumns(
  data: NormalTableData,
  names: readonly string[],
  firstRow: Row,
  uses: ReadonlyMap<string, TargetUse> | null,
): Result<ColumnSelection> {
  const problems: RunProblem[] = [];
  const uniqueNames = makeUnique(names);
  const report = (pointer: string, what: string, hint: string, code = "table-column") =>
    problems.push({ code, path: pointer, message: `"${data.file}" ${what}.`, hint });
  const find = (key: string, wanted: readonly (string | number)[]) => {
    const found: number[] = [];
    for (const [position, name] of wanted.entries()) {
      const pointer = `/data/${key}/${position}`;
      const place = findColumn(name, names);
      const columnIndex = place.ok ? place.value : undefined;
      if (!place.ok) {
        const { fault, hint, code } = place.error;
        report(pointer, fault, hint, code === "column-missing" ? code : "table-column");
      } else if (found.includes(place.value)) {
        const shown = typeof name === "number" ? `column ${name}` : `column "${name}"`;
        const message = `data.${key.replace("/", ".")} has ${shown} twice.`;
        problems.push({ code: "table-column", path: pointer, message, hint: "Remove one of them." });
      }
      found.push(columnIndex ?? -1);
    }
    return found.filter((columnIndex) => columnIndex >= 0);
  };
  const targets = targetColumns(data.target).map(([name, wanted]) => ({
    name,
    use: uses?.get(name) ?? null,
    found: wanted === null ? undefined : find(name === ONLY_TARGET ? "target" : `target/${name}`, wanted),
  }));
  const namedTargets = data.target === null ? undefined : targets.flatMap(({ found = [] }) => found);
  const labelColumns = new Set(targets.flatMap((target) => (hasLabels(target) ? (target.found ?? []) : [])));
  const numeric = names.flatMap((_, columnIndex) => {
    const field = firstRow.fields[columnIndex] ?? "";
    const isTarget =
      labelColumns.has(columnIndex) || (data.horizon === 0 && namedTargets?.includes(columnIndex) === true);
    return !isTarget && (isMissing(field) || !Number.isNaN(parseNumber(field))) ? [columnIndex] : [];
  });
  const leftOut = uniqueNames.flatMap((name, index) =>
    data.columns !== null || numeric.includes(index) || namedTargets?.includes(index)
      ? []
      : [{ name, index, first: firstRow.fields[index] ?? "" }],
  );
  for (const { name, index, first } of leftOut) {
    const notation = notationOf(first);
    if (notation === undefined) continue;
    const place = { path: "/data/file", file: data.file, line: firstRow.line, column: index + 1 };
    const what = `has "${shorten(first)}", which is not a number but looks like ${notation.name}`;
    const message = `${data.file}:${firstRow.line}: Column "${name}" ${what}.`;
    const hint = `Write ${shorten(notation.plain)}, or name the input columns in data.columns.`;
    problems.push({ code: "table-value", ...place, message, hint });
  }
  const namedInputs = data.columns === null ? numeric : find("columns", data.columns);
  const isOfSameRow = uses !== null && data.horizon === 0;
  const inputs = isOfSameRow ? namedInputs.filter((index) => !namedTargets?.includes(index)) : namedInputs;
  const sameRowTargets = namedInputs
    .filter((index) => !inputs.includes(index))
    .map((index) => uniqueNames[index] ?? "");
  if (isOfSameRow && (namedTargets === undefined || (inputs.length === 0 && namedInputs.length > 0)))
    problems.push(noInputLeft(data));
  else if (problems.length === 0 && inputs.length === 0) {
    const message = `"${data.file}" has no numeric column.`;
    problems.push({ code: "table-column", path: "/data/file", file: data.file, message, hint: formatHint });
  }
  for (const target of targets.filter(hasLabels)) {
    const { name, found = inputs } = target;
    const [label = 0] = found;
    if (found.length !== 1) {
      const pointer = name === ONLY_TARGET ? "target" : `target/${name}`;
      const count = formatCount(found.length, "target column");
      problems.push({
        code: "table-target",
        path: data.target === null ? "/data" : `/data/${pointer}`,
        message: `The loss predicts classes and needs one target column, but ${name === ONLY_TARGET ? "the table" : `data.target.${name}`} has ${count}.`,
        hint: "Name one column of classes in data.target, or use a loss for numbers, such as squared_error.",
      });
    } else if (inputs.includes(label)) {
      problems.push({
        code: "table-target",
        path: "/data/columns",
        message: `Column "${names[label]}" contains the classes and cannot be an input.`,
        hint: "Remove it from data.columns.",
      });
    }
  }
  const repeated = namedTargets?.find((index, position) => namedTargets.indexOf(index) !== position);
  if (problems.length === 0 && repeated !== undefined) {
    const owners = targets.flatMap(({ name, found }) => (found?.includes(repeated) ? [name] : []));
    const message = `Column "${names[repeated]}" is in the targets ${joinWithAnd(owners)}.`;
    const hint = 'Keep it in one of them, which several losses can read by "target".';
    problems.push({ code: "table-target", path: "/data/target", message, hint });
  }
  if (problems.length > 0) return fail(problems);
  const columnIndices = [...new Set([...inputs, ...(namedTargets ?? inputs)])];
  const columns = columnIndices.map((columnIndex) => ({
    name: uniqueNames[columnIndex] ?? `${columnIndex + 1}`,
    index: columnIndex,
  }));
  const positionsOf = (wanted: readonly number[]) => wanted.map((columnIndex) => columnIndices.indexOf(columnIndex));
  const selected = targets.map(({ name, use, found = inputs }) => ({ name, use, columns: positionsOf(found) }));
  return ok({ columns, inputs: positionsOf(inputs), targets: selected, leftOut, sameRowTargets });
}

/** The columns of the targets by name; null for those of the inputs. */
export function targetColumns(
  target: NormalTableData["target"],
): readonly (readonly [string, readonly (string | number)[] | null])[] {
  if (target === null || isList(target)) return [[ONLY_TARGET, target]];
  return Object.entries(target);
}

function isList(target: NonNullable<NormalTableData["target"]>): target is readonly (string | number)[] {
  return Array.isArray(target);
}

/** The problem of a horizon of 0 that leaves no column as an input, as far as the spec shows it. */
export function checkHorizon(data: Pick<NormalTableData, "columns" | "target" | "horizon">): readonly RunProblem[] {
  const { columns, target, horizon } = data;
  const named = targetColumns(target).flatMap(([, wanted]) => wanted ?? []);
  const isEmpty = target === null || columns?.every((column) => named.includes(column)) === true;
  return horizon === 0 && isEmpty ? [noInputLeft(data)] : [];
}

function noInputLeft({ target }: Pick<NormalTableData, "target">): RunProblem {
  const of = target === null ? "data.target is null, so all columns are targets" : "all inputs are target columns";
  return {
    code: "table-target",
    path: "/data/horizon",
    message: `With the horizon 0 the columns to predict are no inputs, and none is left: ${of}.`,
    hint: "Name the columns to predict in data.target, and others in data.columns; or set data.horizon to 1.",
  };
}

/** The columns that are inputs if some are left out, and the targets that are none; null otherwise. */
export function selectionNotice({ columns, inputs, leftOut, sameRowTargets }: ColumnSelection): string | null {
  if (sameRowTargets.length > 0)
    return `With the horizon 0 the target columns are no inputs: ${listFirst(sameRowTargets, 8)}.`;
  if (leftOut.length === 0) return null;
  const chosen = inputs.map((position) => columns[position]?.name ?? "");
  const others = leftOut.map(({ name, first }) => `${name} ("${shorten(first, 20)}")`);
  return `The inputs are the columns of numbers: ${listFirst(chosen, 8)}. Left out: ${listFirst(others, 8)}.`;
}

/** A column without a value in most rows. */
export interface MissingColumn {
  readonly column: Column;
  readonly what: string;
  readonly hint: string;
}

/** @param counts the rows without a value in each column of the selection. @param isTraining false for a trained model. */
export function mostlyMissing(
  { columns }: ColumnSelection,
  counts: readonly number[],
  rows: number,
  isTraining: boolean,
): readonly MissingColumn[] {
  if (!isTraining) return [];
  const isMostly = columns.map((_, index) => (counts[index] ?? 0) * 2 > rows);
  const others = columns.filter((_, index) => !isMostly[index]).map(({ name }) => JSON.stringify(name));
  const example = others.length === 0 ? "" : `, such as [${listFirst(others, 4)}]`;
  const hint = `To leave it out, name the other columns in data.columns${example}.`;
  return columns.flatMap((column, index) => {
    const what = `has no value in ${formatInteger(counts[index] ?? 0)} of the first ${formatCount(rows, "row")}`;
    return isMostly[index] ? [{ column, what, hint }] : [];
  });
}

/** The hint for a field that is no number, by its likely notation. */
export function numberHint(field: string, { columns }: NormalTableData): string {
  const notation = notationOf(field);
  if (notation !== undefined) return `It looks like ${notation.name}. Write ${shorten(notation.plain)}.`;
  return columns === null
    ? "Correct the file, or name the input columns in data.columns."
    : "Remove the column from data.columns, or convert its values to numbers.";
}

const formatHint = "Check data.delimiter and data.header.";
