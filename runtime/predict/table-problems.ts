/** Problems of a table to predict from: missing columns, empty fields before the rows to be predicted, too many of these, and numbers beyond float32. */
import { keysOf } from "../../schema/json-pointer.js";
import type { TableMetadata } from "../data/metadata.js";
import type { TableRows } from "../data/sources/table/contents.js";
import { seriesRanges } from "../data/sources/table/series.js";
import { formatCount, listFirst } from "../format.js";
import type { RunProblem } from "../problem.js";

/** The problems of a file, with its missing columns as one. @param isKeyed true for columns by name in the spec. */
export function describeMissing(
  problems: readonly RunProblem[],
  file: string,
  { columns, target }: TableMetadata,
  isKeyed: boolean,
): readonly RunProblem[] {
  const isMissing = ({ code }: RunProblem) => code === "column-missing";
  const missing = problems.filter(isMissing);
  const [first] = missing;
  if (first === undefined) return problems;
  const names = missing.map(({ path }) => {
    const key = keysOf(path).at(-1) ?? "";
    return isKeyed ? key : (columns[Number(key)] ?? "");
  });
  const isOne = names.length === 1;
  const list = listFirst(
    names.map((name) => JSON.stringify(name)),
    8,
  );
  const targets = names.filter((name) => target.includes(name));
  const past = targets.length === 0 ? "" : "A target among them is read in the rows before the predicted one. ";
  const message = `"${file}" has no ${isOne ? "column" : "columns"} ${list}, which ${isOne ? "is an input" : "are inputs"} of the model.`;
  return [{ ...first, message, hint: `${past}${first.hint ?? ""}` }, ...problems.filter((one) => !isMissing(one))];
}

/** The hint for a field that the model cannot read. @param hasKinds true for columns that may be no numbers. */
export function missingValueHint({ line }: RunProblem, columns: readonly string[], hasKinds: boolean): string {
  const value = hasKinds ? "a value" : "a number";
  const wayOut = line === undefined ? "" : ", or remove the line, such as one of totals or units";
  return `Write ${value} in each row of the model's columns: ${listFirst(columns, 8)}${wayOut}.`;
}

export function emptyPastProblem(file: string, line: number, name: string, futureRows: number): RunProblem {
  const message = `${file}:${line}: Column "${name}" has no value.`;
  const hint = `The last ${formatCount(futureRows, "row")} of each series are those to be predicted: only they may lack it.`;
  return { code: "table-value", path: "", file, line, message, hint };
}

/**
 * The problem of the first series that ends with more rows to be predicted than the model predicts, whose values would be filled; null
 * for none. Such a row lacks the targets that the model reads, or else all numbers that are not known ahead.
 */
export function findLongFuture(
  file: string,
  read: Pick<TableRows, "starts" | "rows" | "columns" | "absent" | "policies" | "lineOf">,
  targets: readonly string[],
  futureRows: number,
): RunProblem | null {
  const filled = [...read.absent].filter(([index]) => read.policies[index] !== "future");
  const ofTargets = filled.filter(([index]) => targets.includes(read.columns[index] ?? ""));
  const marks = (ofTargets.length > 0 ? ofTargets : filled).map(([, own]) => own);
  if (futureRows === 0 || marks.length === 0) return null;
  for (const [start, end] of seriesRanges(read.starts, read.rows)) {
    let first = end;
    while (first > start && marks.every((own) => own[first - 1] === 1)) first--;
    if (end - first > futureRows) return longFutureProblem(file, read.lineOf(first), end - first, futureRows);
  }
  return null;
}

function longFutureProblem(file: string, line: number, rows: number, futureRows: number): RunProblem {
  const message = `${file}:${line}: The series ends with ${formatCount(rows, "row")} to be predicted, but the model predicts ${formatCount(futureRows, "row")}.`;
  const hint = `Keep the first ${formatCount(futureRows, "row")} of them, or train with a larger data.horizon.`;
  return { code: "table-value", path: "", file, line, message, hint };
}

export function tooLargeProblem(file: string, line: number, name: string): RunProblem {
  const message = `${file}:${line}: Column "${name}" has a number that is too large for float32.`;
  return { code: "table-value", path: "", file, line, message, hint: "" };
}
