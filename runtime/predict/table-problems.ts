/** Problems of a table to predict from: missing columns, empty fields before the rows to be predicted, and numbers beyond float32. */
import { keysOf } from "../../schema/json-pointer.js";
import type { TableMetadata } from "../data/metadata.js";
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

export function emptyPastProblem(file: string, line: number, name: string, futureRows: number): RunProblem {
  const message = `${file}:${line}: Column "${name}" has no value.`;
  const hint = `The last ${formatCount(futureRows, "row")} of each series are those to be predicted: only they may lack it.`;
  return { code: "table-value", path: "", file, line, message, hint };
}

export function tooLargeProblem(file: string, line: number, name: string): RunProblem {
  const message = `${file}:${line}: Column "${name}" has a number that is too large for float32.`;
  return { code: "table-value", path: "", file, line, message, hint: "" };
}
