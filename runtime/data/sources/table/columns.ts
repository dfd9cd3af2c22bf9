/** Selects the columns of a table that are inputs and targets, by name or place, or by the numbers of the first row. */
import { joinWithAnd, quote } from "../../../../schema/diagnostics/suggest.js";
import { child } from "../../../../schema/json-pointer.js";
import { hasKinds } from "../../../../schema/kinds/columns.js";
import { describeHorizon, predictsOwnRow } from "../../../../schema/kinds/horizon.js";
import { ONLY_TARGET } from "../../../../schema/kinds/outputs.js";
import type { Column as ColumnName, NormalColumnKind, NormalTableData } from "../../../../schema/normal/index.js";
import { formatCount, listFirst } from "../../../format.js";
import type { RunProblem } from "../../../problem.js";
import { fail, ok, type Result } from "../../../result.js";
import { findColumn, makeUnique, shorten } from "../../formats/columns.js";
import type { Row } from "../../formats/csv.js";
import { fieldReader } from "../../formats/field-readers.js";
import { wayOut } from "../../formats/number-marks.js";
import { isMissing, notationOf } from "../../formats/number-notation.js";
import type { TargetUse } from "../../target-values.js";

/** A selected column: its name and its index in the file. */
export interface Column {
  readonly name: string;
  readonly index: number;
}

/** A column with its name in the spec, and its kind; without a kind it has numbers, or the labels of a target. */
export interface SelectedColumn extends Column {
  readonly specName: string | null;
  readonly kind: NormalColumnKind | null;
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
  readonly columns: readonly SelectedColumn[];
  readonly inputs: readonly number[];
  readonly targets: readonly SelectedTarget[];
  /** Without data.columns: the columns that are no inputs because their first value is no number. */
  readonly leftOut: readonly (Column & { readonly first: string })[];
  /** Names of the targets in data.columns that are no inputs because of a horizon of [0]. */
  readonly sameRowTargets: readonly string[];
  /** Of `columns` with kinds: the columns of the file that it does not have. */
  readonly unlisted: readonly string[];
}

/** Selects the columns that are read, as inputs and as targets. @param timeColumn is an input only by name. */
export function chooseColumns(
  data: NormalTableData,
  names: readonly string[],
  firstRow: Row,
  uses: ReadonlyMap<string, TargetUse> | null,
  timeColumn = -1,
): Result<ColumnSelection> {
  const problems: RunProblem[] = [];
  const uniqueNames = makeUnique(names);
  const report = (pointer: string, what: string, hint: string, code = "table-column") =>
    problems.push({ code, path: pointer, message: `"${data.file}" ${what}.`, hint });
  const find = (key: string, wanted: readonly (string | number)[], isKeyed = false) => {
    const found: number[] = [];
    for (const [position, name] of wanted.entries()) {
      const pointer = child(`/data/${key}`, isKeyed ? name : position);
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
  const { read, readNumber } = fieldReader(null, data);
  const numberIn = (index: number, field: string) => (firstRow.areNumbers?.[index] ? readNumber : read)(field);
  const numeric = names.flatMap((_, columnIndex) => {
    const field = firstRow.fields[columnIndex] ?? "";
    const isTarget =
      labelColumns.has(columnIndex) || (predictsOwnRow(data) && namedTargets?.includes(columnIndex) === true);
    return !isTarget && columnIndex !== timeColumn && (isMissing(field) || !Number.isNaN(numberIn(columnIndex, field)))
      ? [columnIndex]
      : [];
  });
  const leftOut = uniqueNames.flatMap((name, index) =>
    data.columns !== null || index === timeColumn || numeric.includes(index) || namedTargets?.includes(index)
      ? []
      : [{ name, index, first: firstRow.fields[index] ?? "" }],
  );
  for (const { name, index, first } of leftOut) {
    const notation = notationOf(first);
    if (notation === undefined) continue;
    const place = { path: "/data/file", file: data.file, line: firstRow.line, column: index + 1 };
    const what = `has "${shorten(first)}", which is not a number but looks like ${notation.name}`;
    const message = `${data.file}:${firstRow.line}: Column "${name}" ${what}.`;
    const hint = `${wayOut(notation)}, or name the input columns in data.columns.`;
    problems.push({ code: "table-value", ...place, message, hint });
  }
  const kinds = hasKinds(data.columns) ? data.columns : null;
  const keys = kinds === null ? [] : Object.keys(kinds).map((key) => columnOfKey(key, names));
  const keyed = find("columns", keys, true);
  const namedInputs =
    kinds !== null ? keyed : data.columns === null ? numeric : find("columns", data.columns as readonly ColumnName[]);
  const keyOf = new Map(keyed.map((index, position) => [index, Object.keys(kinds ?? {})[position] ?? ""]));
  const isOfSameRow = uses !== null && predictsOwnRow(data);
  const inputs = isOfSameRow ? namedInputs.filter((index) => !namedTargets?.includes(index)) : namedInputs;
  const sameRowTargets = namedInputs
    .filter((index) => !inputs.includes(index))
    .map((index) => uniqueNames[index] ?? "");
  if (isOfSameRow && (namedTargets === undefined || (inputs.length === 0 && namedInputs.length > 0)))
    problems.push(noInputLeft(data));
  else if (problems.length === 0 && inputs.length === 0) {
    const message = `"${data.file}" has no numeric column.`;
    problems.push({ code: "table-column", path: "/data/file", file: data.file, message, hint: kindsHint(leftOut) });
  }
  problems.push(...checkClassHorizon(data, uses));
  const isNumber = (index: number) => kinds?.[keyOf.get(index) ?? ""]?.type === "number";
  /** Of a target that is not named: the inputs of numbers. */
  const numberInputs = kinds === null ? inputs : inputs.filter(isNumber);
  for (const target of targets.filter(hasLabels)) {
    const { name, found = numberInputs } = target;
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
  if (kinds !== null) problems.push(...kindProblems(data, targets, (index) => kinds[keyOf.get(index) ?? ""], names));
  if (kinds !== null && uses !== null && data.target === null && numberInputs.length === 0)
    problems.push(noNumberTarget);
  if (problems.length > 0) return fail(problems);
  const columnIndices = [...new Set([...inputs, ...(namedTargets ?? inputs)])];
  const columns = columnIndices.map((columnIndex) => {
    const specName = keyOf.get(columnIndex) ?? null;
    const name = uniqueNames[columnIndex] ?? `${columnIndex + 1}`;
    return { name, index: columnIndex, specName, kind: kinds?.[specName ?? ""] ?? null };
  });
  const ofGroups = [...(data.group ?? []), data.split.group ?? []].flat().map((name) => {
    const place = findColumn(name, names);
    return place.ok ? place.value : -1;
  });
  const unlisted =
    kinds === null || uses === null
      ? []
      : uniqueNames.filter((_, index) => ![timeColumn, ...ofGroups, ...columnIndices].includes(index));
  const positionsOf = (wanted: readonly number[]) => wanted.map((columnIndex) => columnIndices.indexOf(columnIndex));
  const selected = targets.map(({ name, use, found = numberInputs }) => ({ name, use, columns: positionsOf(found) }));
  return ok({ columns, inputs: positionsOf(inputs), targets: selected, leftOut, sameRowTargets, unlisted });
}

/** A key of an object of columns: the name of a column, or else its number. */
function columnOfKey(key: string, names: readonly string[]): ColumnName {
  return !names.includes(key) && /^[1-9]\d{0,5}$/.test(key) ? Number(key) : key;
}

/** Problems of targets of numbers whose columns have another kind. */
function kindProblems(
  data: NormalTableData,
  targets: readonly { readonly use: TargetUse | null; readonly found: readonly number[] | undefined }[],
  kindOf: (index: number) => NormalColumnKind | undefined,
  names: readonly string[],
): readonly RunProblem[] {
  return targets.flatMap((target) => {
    const { use, found = [] } = target;
    if (use === null || hasLabels(target)) return [];
    return found.flatMap((index): readonly RunProblem[] => {
      const kind = kindOf(index)?.type;
      if (kind !== "category" && kind !== "date" && kind !== "text") return [];
      const message = `Column "${names[index]}" of "${data.file}" has the kind ${kind}, but ${use.loss} needs numbers as targets.`;
      const hint = kind !== "date" ? "For classes use cross_entropy." : "Name another column in data.target.";
      return [{ code: "table-target", path: "/data/target", message, hint }];
    });
  });
}

const noNumberTarget: RunProblem = {
  code: "table-target",
  path: "/data",
  message: "Without data.target the columns of numbers are predicted, but data.columns has none.",
  hint: "Name the columns to predict in data.target.",
};

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

/** The problem of a horizon of [0] that leaves no column as an input, as far as the spec shows it. */
export function checkHorizon(data: Pick<NormalTableData, "columns" | "target" | "horizon">): readonly RunProblem[] {
  const { columns, target } = data;
  const named = targetColumns(target).flatMap(([, wanted]) => wanted ?? []);
  const inputs = hasKinds(columns) ? Object.keys(columns) : columns;
  const isEmpty = target === null || inputs?.every((column) => named.map(String).includes(`${column}`)) === true;
  return predictsOwnRow(data) && isEmpty ? [noInputLeft(data)] : [];
}

/** The problems of targets of classes in several rows. */
export function checkClassHorizon(
  data: Pick<NormalTableData, "horizon">,
  uses: ReadonlyMap<string, TargetUse> | null,
): readonly RunProblem[] {
  const last = data.horizon.at(-1) ?? 1;
  const use = [...(uses?.values() ?? [])].find((each) => hasLabels({ use: each }));
  if (use === undefined || data.horizon.length === 1) return [];
  const message = `The classes of ${use.loss} are of one row, but the horizon is ${describeHorizon(data)}.`;
  const hint = `For one of them write "horizon": [${last}].`;
  return [{ code: "table-target", path: "/data/horizon", message, hint }];
}

function noInputLeft({ target }: Pick<NormalTableData, "target">): RunProblem {
  const of = target === null ? "data.target is null, so all columns are targets" : "all inputs are target columns";
  return {
    code: "table-target",
    path: "/data/horizon",
    message: `With the horizon [0] the columns to predict are no inputs, and none is left: ${of}.`,
    hint: "Name the columns to predict in data.target, and others in data.columns; or set data.horizon to 1.",
  };
}

/** The columns that are inputs if some are left out, and the targets that are none; null otherwise. */
export function selectionNotice(selection: ColumnSelection): string | null {
  const { columns, inputs, leftOut, sameRowTargets, unlisted } = selection;
  if (unlisted.length > 0) return `Left out, since data.columns has no kind for them: ${listFirst(unlisted, 8)}.`;
  if (sameRowTargets.length > 0)
    return `With the horizon [0] the target columns are no inputs: ${listFirst(sameRowTargets, 8)}.`;
  if (leftOut.length === 0) return null;
  const chosen = inputs.map((position) => columns[position]?.name ?? "");
  const others = leftOut.map(({ name, first }) => `${name} ("${shorten(first, 20)}")`);
  return `The inputs are the columns of numbers: ${listFirst(chosen, 8)}. Left out: ${listFirst(others, 8)}.`;
}

/** The hint for a text in a column of numbers. */
export function textHint({ columns }: NormalTableData): string {
  if (hasKinds(columns)) return 'Correct the file, or give the column another kind, such as "category".';
  return columns === null
    ? "Correct the file, or name the input columns in data.columns."
    : "Remove the column from data.columns, or convert its values to numbers.";
}

/** The way out of a table without numbers: kinds of the columns that have texts. */
function kindsHint([first]: ColumnSelection["leftOut"]): string {
  const check = "Check data.delimiter and data.header";
  return first === undefined
    ? `${check}.`
    : `${check}, or give columns kinds: "columns": { ${quote(first.name)}: "category" }.`;
}
