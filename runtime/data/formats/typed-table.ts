/** Files of rows with names and types of their own: what their readers share. */
import type { RunProblem } from "../../problem.js";
import { unreadableFile } from "../../storage/system-errors.js";
import type { CsvFormat, RowVisitor } from "./csv.js";
import { createProblemList } from "./problem-list.js";
import type { NamedFile } from "./utf8-reader.js";

/** The rows of a file, from its first: fields by column. */
export interface TypedRows {
  readonly names: readonly string[];
  readonly rows: AsyncIterable<readonly string[]>;
}

/** Thrown for a file that is damaged, or of another format; the message continues "the file cannot be read: ". */
export class FormatError extends Error {
  constructor(
    reason: string,
    readonly hint = "",
  ) {
    super(reason);
  }
}

/** Reads with a library of a format, such as Parquet. Throws its errors of a damaged file as a `FormatError`. */
export async function readFormat<T>(format: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Error && "code" in error) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError(`it is no complete ${format} file (${reason})`, "Write it again.");
  }
}

/**
 * Hands the rows of a file to a visitor and returns the problems. The line of a row is its number, from 1.
 *
 * @param open the file; throws a `FormatError`, or the error of the file system.
 */
export async function visitTypedRows(
  source: NamedFile,
  format: CsvFormat,
  visitor: RowVisitor,
  open: () => Promise<TypedRows>,
): Promise<readonly RunProblem[]> {
  const { file, path } = source;
  const problem = (code: string, message: string, hint: string): RunProblem => ({ code, path, file, message, hint });
  if (format.isDelimiterSet)
    return [
      problem("table-format", `"${file}" has typed columns, which no delimiter separates.`, "Remove data.delimiter."),
    ];
  if (format.header === false)
    return [problem("table-format", `"${file}" has the names of its columns.`, 'Remove "header": false.')];
  const problems = createProblemList();
  try {
    const { names, rows } = await open();
    let line = 0;
    for await (const fields of rows) {
      line += 1;
      const row = { fields, line };
      if (line === 1) {
        problems.add(visitor.columns(names, row));
        if (problems.size > 0) break;
      }
      problems.add(visitor.row(row));
      if (problems.isFull) break;
    }
    if (line === 0)
      problems.add([problem("table-empty", `"${file}" has no rows.`, "Write at least one row of values.")]);
  } catch (error) {
    if (error instanceof FormatError)
      problems.add([problem("file-format", `"${file}" cannot be read: ${error.message}.`, error.hint)]);
    else problems.add([unreadableFile(path, file, error)]);
  }
  return problems.list();
}
