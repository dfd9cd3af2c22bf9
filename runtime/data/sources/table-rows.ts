/** Reads the rows of a table: the selected columns of a CSV file as numbers, and labels as text. */

import type { NormalTableData } from "../../../schema/normal/index.js";
import { formatCount } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import type { FloatList } from "../batching/windows.js";
import { isMissing, parseNumber, type Row, readCsv } from "../formats/csv.js";
import { collectFloats } from "../spill/float-list.js";
import { collectIds, idAt } from "../spill/id-list.js";
import { CHUNK_LENGTH } from "../spill/spill-store.js";

export interface TableRows {
  readonly rows: number;
  /** The names of the columns of `values`: inputs first, then targets that are not inputs. */
  readonly columns: readonly string[];
  /** [rows, columns] in order of time, without missing entries. A column of labels is 0. */
  readonly values: FloatList<Float64Array>;
  /** Indices in `columns`. */
  readonly inputs: readonly number[];
  readonly targets: readonly number[];
  /** The line of a row in the file, from 1. */
  readonly lineOf: (row: number) => number;
  /** The target of each row if targets are classes; else empty. */
  readonly labels: readonly string[];
}

/** A selected column: its name and its index in the file. */
interface Column {
  readonly name: string;
  readonly index: number;
}

interface ColumnSelection {
  readonly columns: readonly Column[];
  readonly inputs: readonly number[];
  readonly targets: readonly number[];
}

export async function readRows(data: NormalTableData, folder: string, withLabels: boolean): Promise<Result<TableRows>> {
  const { file } = data;
  let selection: ColumnSelection = { columns: [], inputs: [], targets: [] };
  let rows = 0;
  const values = collectFloats.float64();
  const lines = collectIds();
  const labels: string[] = [];
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
  const row = ({ fields, line }: Row): readonly RunProblem[] => {
    const problems: RunProblem[] = [];
    let isComplete = true;
    const numbers = selection.columns.map((column, index) => {
      const field = fields[column.index] ?? "";
      const isLabel = withLabels && selection.targets[0] === index;
      const value = isLabel ? 0 : parseNumber(field);
      // A label such as "None" is text.
      const isAbsent = isLabel ? field.trim() === "" : isMissing(field);
      if (isAbsent && (data.missing === "drop" || (data.missing === "previous" && !isLabel))) {
        isComplete = false;
        return Number.NaN;
      }
      if (isAbsent && isLabel) problems.push(problemAt(line, column, "has no label", labelHint));
      else if (isAbsent) problems.push(problemAt(line, column, "has no value", missingHint));
      else if (!Number.isFinite(value)) {
        const what = `has "${shorten(field)}", which is ${Number.isNaN(value) ? "not a number" : "too large"}`;
        problems.push(problemAt(line, column, what, columnsHint));
      }
      return value;
    });
    if (!isComplete && data.missing === "drop") return problems;
    const [target = 0] = selection.targets;
    if (withLabels) {
      const label = fields[selection.columns[target]?.index ?? 0] ?? "";
      if (!internedLabels.has(label)) internedLabels.set(label, label);
      labels.push(internedLabels.get(label) ?? label);
    }
    for (const number of numbers) values.push(number);
    lines.push(line);
    rows += 1;
    return problems;
  };

  const delimiter = data.delimiter ?? (/\.tsv$/i.test(file) ? "\t" : ",");
  const csvProblems = await readCsv(
    { file, folder, path: "/data/file" },
    { delimiter, comment: data.comment, header: data.header },
    {
      columns(names, first) {
        const selected = chooseColumns(data, names, first, withLabels);
        if (!selected.ok) return selected.error;
        selection = selected.value;
        return [];
      },
      row,
    },
  );
  if (csvProblems.length > 0) return fail(csvProblems);
  const { columns, inputs, targets } = selection;
  const lineList = lines.finish();
  const lineOf = (row: number) => idAt(lineList, data.reverse ? rows - 1 - row : row);
  if (data.reverse) labels.reverse();
  const ordered = sortByTime(values.finish(), columns.length, data);
  const gapColumn = columns[ordered.gap ?? -1];
  if (gapColumn !== undefined) {
    const hint = 'The first row has no previous value. Set data.missing to "drop".';
    return fail([problemAt(lineOf(0), gapColumn, "has no value", hint)]);
  }
  const names = columns.map(({ name }) => name);
  return ok({ rows, columns: names, values: ordered.values, inputs, targets, lineOf, labels });
}

const missingHint = 'Set data.missing to "drop" (skip such rows) or "previous" (repeat the value of the previous row).';
const labelHint = 'Write the label, remove the row, or set data.missing to "drop" (skip such rows).';
const columnsHint = "Remove the column from data.columns, or correct the file.";

/** Selects the columns that are read, as inputs and as targets. */
function chooseColumns(
  data: NormalTableData,
  names: readonly string[],
  firstRow: Row,
  withLabels: boolean,
): Result<ColumnSelection> {
  const problems: RunProblem[] = [];
  const uniqueNames = makeUnique(names);
  const report = (pointer: string, what: string, hint: string) =>
    problems.push({ code: "table-column", path: pointer, message: `"${data.file}" ${what}.`, hint });
  const find = (key: "columns" | "target", wanted: readonly (string | number)[]) => {
    const found: number[] = [];
    for (const [position, name] of wanted.entries()) {
      const pointer = `/data/${key}/${position}`;
      const shown = typeof name === "number" ? `column ${name}` : `column "${name}"`;
      const [columnIndex, ...others] = placesOf(name, names, uniqueNames);
      const earlier = columnIndex === undefined ? -1 : found.indexOf(columnIndex);
      if (columnIndex === undefined)
        report(
          pointer,
          `has no ${shown}`,
          `${formatCount(names.length, "column")}: ${shorten(names.join(", "), 300)}.`,
        );
      else if (others.length > 0) {
        const places = [columnIndex, ...others].map((index) => index + 1).join(" or ");
        report(pointer, `has more than one ${shown}`, `Name the column by its number: ${places}.`);
      } else if (earlier >= 0) {
        const message = `${key === "columns" ? "data.columns" : "data.target"} has ${shown} twice.`;
        problems.push({ code: "table-column", path: pointer, message, hint: "Remove one of them." });
      }
      found.push(columnIndex ?? -1);
    }
    return found.filter((columnIndex) => columnIndex >= 0);
  };
  const namedTargets = data.target === null ? undefined : find("target", data.target);
  const numeric = names.flatMap((_, columnIndex) => {
    const field = firstRow.fields[columnIndex] ?? "";
    const isTarget = (withLabels || data.horizon === 0) && namedTargets?.includes(columnIndex) === true;
    return !isTarget && (isMissing(field) || !Number.isNaN(parseNumber(field))) ? [columnIndex] : [];
  });
  const inputs = data.columns === null ? numeric : find("columns", data.columns);
  const targets = namedTargets ?? inputs;
  if (problems.length === 0 && inputs.length === 0) {
    const message = `"${data.file}" has no numeric column.`;
    problems.push({ code: "table-column", path: "/data/file", file: data.file, message, hint: formatHint });
  }
  if (withLabels && targets.length !== 1) {
    const count = formatCount(targets.length, "target column");
    problems.push({
      code: "table-target",
      path: data.target === null ? "/data" : "/data/target",
      message: `The loss predicts classes and needs one target column, but the table has ${count}.`,
      hint: "Name one column of classes in data.target, or use a loss for numbers, such as squared_error.",
    });
  } else if (withLabels && inputs.some((columnIndex) => targets.includes(columnIndex))) {
    problems.push({
      code: "table-target",
      path: "/data/columns",
      message: `Column "${names[targets[0] ?? 0]}" contains the classes and cannot be an input.`,
      hint: "Remove it from data.columns.",
    });
  }
  if (problems.length > 0) return fail(problems);
  const columnIndices = [...new Set([...inputs, ...targets])];
  const columns = columnIndices.map((columnIndex) => ({
    name: uniqueNames[columnIndex] ?? `${columnIndex + 1}`,
    index: columnIndex,
  }));
  const positionsOf = (wanted: readonly number[]) => wanted.map((columnIndex) => columnIndices.indexOf(columnIndex));
  return ok({ columns, inputs: positionsOf(inputs), targets: positionsOf(targets) });
}

/** Indices of the columns with a name, or at a place (from 1). */
function placesOf(
  wanted: string | number,
  names: readonly string[],
  uniqueNames: readonly string[],
): readonly number[] {
  if (typeof wanted === "number") return wanted <= names.length ? [wanted - 1] : [];
  const places = names.flatMap((name, index) => (name === wanted ? [index] : []));
  const uniquePlace = uniqueNames.indexOf(wanted);
  return places.length === 0 && uniquePlace >= 0 ? [uniquePlace] : places;
}

/** The names with their places added where two columns have one name: scalers and predictions are by name. */
function makeUnique(names: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return names.map((name, index) => {
    let unique = name;
    while ((counts.get(unique) ?? 0) > (unique === name ? 1 : 0)) unique = `${unique} (column ${index + 1})`;
    return unique;
  });
}

const formatHint = "Check data.delimiter and data.header.";

/** The rows of a table; a row is valid until the next one. */
export function* iterateRows(values: FloatList<Float64Array>, width: number, reverse = false): Generator<Float64Array> {
  const maxRows = Math.max(1, Math.floor(CHUNK_LENGTH / width));
  const rows = values.length / width;
  for (let firstRow = 0; firstRow < rows; firstRow += maxRows) {
    const count = Math.min(maxRows, rows - firstRow);
    const block = new Float64Array(count * width);
    const from = reverse ? rows - firstRow - count : firstRow;
    values.copy(block, 0, from * width, (from + count) * width);
    for (let row = 0; row < count; row++) {
      const index = reverse ? count - 1 - row : row;
      yield block.subarray(index * width, (index + 1) * width);
    }
  }
}

/**
 * The rows in order of time, each NaN replaced by the previous row's value; `gap` is a column whose first row has none.
 */
function sortByTime(
  values: FloatList<Float64Array>,
  width: number,
  { reverse, missing }: NormalTableData,
): { readonly values: FloatList<Float64Array>; readonly gap?: number } {
  if (!reverse && missing !== "previous") return { values };
  const ordered = collectFloats.float64();
  let previousRow: Float64Array | undefined;
  for (const row of iterateRows(values, width, reverse)) {
    for (const [column, value] of row.entries()) {
      if (Number.isNaN(value)) row[column] = previousRow?.[column] ?? Number.NaN;
      if (previousRow === undefined && Number.isNaN(row[column])) return { values, gap: column };
      ordered.push(row[column] ?? 0);
    }
    previousRow = row;
  }
  return { values: ordered.finish() };
}

function shorten(text: string, maxLength = 40): string {
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
}
