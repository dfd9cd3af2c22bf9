/** Files of rows by their extension: CSV and other delimited text, lines of JSON, Parquet and Arrow; several files by a pattern. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { quote } from "../../../schema/diagnostics/suggest.js";
import { formatCount, listFirst } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { type CsvFormat, type Row, type RowVisitor, readCsv } from "./csv.js";
import { withoutGz } from "./file-chunks.js";
import { expandPattern, firstName, isPattern } from "./file-list.js";
import { readJsonTable } from "./json-table.js";
import { visitTypedRows } from "./typed-table.js";
import type { NamedFile } from "./utf8-reader.js";

export type TableFormat = "text" | "json" | "parquet" | "arrow";

/** The format of a file by its extension; `text` for any other one. */
export function tableFormatOf(file: string): TableFormat {
  const [, extension = ""] = /\.(\w+)$/.exec(withoutGz(firstName(file))) ?? [];
  if (/^(?:jsonl|ndjson)$/i.test(extension)) return "json";
  if (/^(?:parquet|pq)$/i.test(extension)) return "parquet";
  return /^(?:arrow|arrows|feather|ipc)$/i.test(extension) ? "arrow" : "text";
}

/** True for a file whose rows have typed columns: no text, and no delimiter. */
export function isTyped(file: string): boolean {
  return ["parquet", "arrow"].includes(tableFormatOf(file));
}

/**
 * Reads a file, or the files of a pattern one after the other, and returns the problems. The line of a row in a file
 * without lines is its number, from 1.
 *
 * @param note receives notices: the order of several files, and lines skipped as comments.
 */
export async function readTableFile(
  source: NamedFile,
  format: CsvFormat,
  visitor: RowVisitor,
  note: (notice: string) => void = () => undefined,
): Promise<readonly RunProblem[]> {
  const { file, folder } = source;
  if (!isPattern(file) || existsSync(resolve(folder, file))) return readOne(source, format, visitor, note);
  const files = expandPattern(file, folder);
  if (files.length === 0) {
    const message = `No file has a name like "${file}".`;
    return [{ code: "file-missing", path: source.path, file, message, hint: "Check the folder and the pattern." }];
  }
  if (files.length > 1)
    note(`"${file}" is ${formatCount(files.length, "file")}, read in this order: ${listFirst(files, 6)}.`);
  let first: { readonly file: string; readonly names: readonly string[] } | undefined;
  for (const each of files) {
    visitor.file?.(each);
    /** A problem of the rows has the name of the file that has them. */
    const located = (problems: readonly RunProblem[]) => problems.map((problem) => inFile(problem, file, each));
    const inEach: RowVisitor = {
      columns(names, row) {
        if (first !== undefined) return otherColumns(source.path, first, each, names, row);
        first = { file: each, names };
        return located(visitor.columns(names, row));
      },
      row: (row) => located(visitor.row(row)),
    };
    const problems = await readOne({ ...source, file: each }, format, inEach, note);
    if (problems.length > 0) return problems;
  }
  return [];
}

function readOne(
  source: NamedFile,
  format: CsvFormat,
  visitor: RowVisitor,
  note: (notice: string) => void,
): Promise<readonly RunProblem[]> {
  switch (tableFormatOf(source.file)) {
    case "json":
      return readJsonTable(source, format, visitor);
    case "parquet":
      return visitTypedRows(source, format, visitor, async () => (await import("./parquet.js")).openParquet(source));
    case "arrow":
      return visitTypedRows(source, format, visitor, async () => (await import("./arrow.js")).openArrow(source));
    default:
      return readCsv(source, format, visitor, note);
  }
}

function inFile(problem: RunProblem, pattern: string, file: string): RunProblem {
  if (problem.file !== pattern) return problem;
  return { ...problem, file, message: problem.message.replace(pattern, file) };
}

/** The problem of a file whose columns are not those of the first. */
function otherColumns(
  path: string,
  first: { readonly file: string; readonly names: readonly string[] },
  file: string,
  names: readonly string[],
  { line }: Row,
): readonly RunProblem[] {
  const place = names.findIndex((name, index) => name !== first.names[index]);
  if (place < 0 && names.length === first.names.length) return [];
  const what =
    names.length === first.names.length
      ? `column ${place + 1} is ${quote(names[place] ?? "")}, not ${quote(first.names[place] ?? "")} as in "${first.file}"`
      : `it has ${formatCount(names.length, "column")}, not ${first.names.length} as "${first.file}"`;
  const message = `${file}:${line}: The columns differ: ${what}.`;
  return [
    { code: "table-columns", path, file, line, message, hint: "Give all files the same columns in the same order." },
  ];
}
