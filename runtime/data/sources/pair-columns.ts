/** The columns of a file of pairs, or the keys of its lines, that hold sources and targets. */
import { child } from "../../../schema/json-pointer.js";
import type { Column, NormalPairsData } from "../../../schema/normal/index.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { findColumn } from "../formats/columns.js";
import { withoutGz } from "../formats/file-chunks.js";
import { isTyped } from "../formats/table-file.js";

type PairColumns = Pick<NormalPairsData, "columns" | "header" | "file">;
type PairTable = Pick<NormalPairsData, "columns" | "header" | "delimiter">;

const path = "/data/columns";
const roles = ["source", "target"] as const;

/** Lines of JSON, rows of a table with a delimiter, or lines of two texts separated by a tab. */
export type PairFormat = "json" | "," | "\t" | "lines";

/**
 * The format of a file.
 *
 * @param isTabbed true for a file whose tab-separated columns have names, or are chosen by number.
 */
export function pairFormatOf(file: string, isTabbed: boolean): PairFormat {
  const name = withoutGz(file);
  if (/\.(?:jsonl?|ndjson)$/i.test(name)) return "json";
  if (/\.csv$/i.test(name) || isTyped(name)) return ",";
  return isTabbed ? "\t" : "lines";
}

/** True if the spec names the columns of a file or their delimiter, or lets its first row name them. */
export function hasColumns({ columns, header, delimiter }: PairTable): boolean {
  return header || delimiter !== null || columns.source !== null || columns.target !== null;
}

/** The problems of `data.columns`, `data.header` and `data.delimiter` that the spec shows without the file. */
export function checkPairColumns({ columns, header, delimiter, file, split }: NormalPairsData): readonly RunProblem[] {
  const problems: RunProblem[] = [];
  const report = (pointer: string, message: string, hint: string) =>
    problems.push({ code: "pair-columns", path: pointer, message, hint });
  const named = roles.flatMap((role) => (columns[role] === null ? [] : [{ role, column: columns[role] }]));
  const format = file === null ? undefined : pairFormatOf(file, true);
  const [first] = named;
  if (format === undefined && first !== undefined)
    report(path, "Pairs in the spec have no columns.", "Remove data.columns, or name a file in data.file.");
  if (columns.source !== null && columns.source === columns.target)
    report(path, `The column ${JSON.stringify(columns.source)} is both the source and the target.`, "Name another.");
  if (format === undefined && (split.by !== "fraction" || split.group !== null))
    report("/data/split", "Pairs in the spec have no columns and no files.", "Name a file in data.file.");
  if ((format === undefined || format === "json") && delimiter !== null)
    report("/data/delimiter", "Only a file with columns has a delimiter.", "Remove data.delimiter.");
  for (const { role, column } of named) {
    if (format === "json" && typeof column === "number")
      report(child(path, role), `Column ${column} has no meaning in lines of JSON.`, "Write the key.");
    else if (format !== "json" && format !== undefined && !header && typeof column === "string")
      report(child(path, role), "A file without a header has no names of columns.", "Write the column's number.");
  }
  return problems;
}

/** The keys of lines of JSON. A column that only has a number has its role's name there. */
export function pairKeys({ columns }: Pick<NormalPairsData, "columns">): Readonly<Record<"source" | "target", string>> {
  const keyOf = (role: "source" | "target") => {
    const column = columns[role];
    return typeof column === "string" ? column : role;
  };
  return { source: keyOf("source"), target: keyOf("target") };
}

export interface PairPlaces {
  readonly source: number;
  /** -1 for a prediction, whose file needs no targets. */
  readonly target: number;
  /** True if neither `data.columns` nor a name decides. */
  readonly isByPlace: boolean;
}

/** The indices of the columns in a file with these names. */
export function placePairs(
  data: PairColumns,
  file: string,
  names: readonly string[],
  withTargets: boolean,
): Result<PairPlaces> {
  const problems: RunProblem[] = [];
  const find = (role: "source" | "target", column: Column, pointer: string) => {
    const found = findColumn(column, names);
    if (found.ok) return found.value;
    const { fault, hint, code } = found.error;
    problems.push({
      code,
      path: pointer,
      file,
      line: 1,
      message: `"${file}" ${fault}.`,
      hint: `${hint}${wayOut(role)}`,
    });
    return -1;
  };
  const wayOut = (role: string) => (data.columns.source === null ? ` Name the ${role} in data.columns.` : "");
  const { source, target } = data.columns;
  const isByPlace =
    source === null &&
    target === null &&
    !names.includes("source") &&
    !names.includes("target") &&
    names.length === (withTargets ? 2 : Math.min(2, names.length));
  if (isByPlace) return ok({ source: 0, target: withTargets ? 1 : -1, isByPlace });
  const places = {
    source: find("source", source ?? "source", source === null ? "/data/file" : child(path, "source")),
    target: withTargets
      ? find("target", target ?? "target", target === null ? "/data/file" : child(path, "target"))
      : -1,
  };
  if (problems.length === 0 && places.source === places.target) {
    const message = `Column ${places.source + 1} of "${file}" is both the source and the target.`;
    problems.push({ code: "pair-columns", path, file, line: 1, message, hint: "Name another column." });
  }
  return problems.length > 0 ? fail(problems) : ok({ ...places, isByPlace });
}
