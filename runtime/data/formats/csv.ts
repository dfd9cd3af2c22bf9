/** CSV files, row by row: where the names of columns are found, and what is wrong with a file as a table. */
import { pipeline } from "node:stream/promises";
import type { CsvError, Options } from "csv-parse";
import type { RunProblem } from "../../problem.js";
import { type NamedFile, readingProblem, readTextChunks } from "./utf8-reader.js";

export interface CsvFormat {
  readonly delimiter: string;
  /** Lines that begin so are skipped; empty: none are. */
  readonly comment: string;
  /** Where the names are: in the first row, in the last comment before it, nowhere, or "auto": wherever they seem to be. */
  readonly header: boolean | "comment" | "auto";
}

export interface Row {
  readonly fields: readonly string[];
  /** From 1, in the file. */
  readonly line: number;
}

/** Told of a file's contents as they are read; problems with the columns end the reading at once. */
export interface RowVisitor {
  /** Before all rows: the names of the columns (their numbers from 1 where they have none) and the first row. */
  columns(names: readonly string[], first: Row): readonly RunProblem[];
  row(row: Row): readonly RunProblem[];
}

/** No line of a table is longer, in characters: an unclosed quote must not read a whole file into one field. */
const MAX_ROW_LENGTH = 2 ** 20;
/** More say no more. */
const MAX_PROBLEMS = 20;

/** Reads a file; the answer is what is wrong with it, nothing when all is well. */
export async function readCsv(
  source: NamedFile,
  format: CsvFormat,
  visitor: RowVisitor,
): Promise<readonly RunProblem[]> {
  const problems: RunProblem[] = [];
  const report = (code: string, message: string, hint: string, line?: number) => {
    problems.push({ code, path: source.path, file: source.file, ...(line !== undefined && { line }), message, hint });
  };
  const { comment, delimiter } = format;
  const [{ CsvError, parse }, { parse: parseLine }] = await Promise.all([
    import("csv-parse"),
    import("csv-parse/sync"),
  ]);
  const state = { comments: "", pastComments: comment === "", stopped: false };
  let names: readonly string[] | undefined;
  /** The row of names, until the first row of values is there. */
  let headerRow: readonly string[] | undefined;
  let lastLine = 0;

  const parseComment = (): readonly string[] => {
    const last = state.comments.split(/\r?\n/).findLast((line) => line.trim() !== "") ?? "";
    const [fields = []]: readonly (readonly string[])[] = parseLine(last.trim().slice(comment.length), {
      delimiter,
      trim: true,
      relax_quotes: true,
    });
    return fields;
  };
  /** False when nothing further should be read. */
  const handleRow = (row: Row): boolean => {
    if (names === undefined) {
      const columnNames = headerRow ?? inferColumnNames(row.fields, parseComment(), format.header);
      if (columnNames === undefined) {
        headerRow = row.fields;
        return true;
      }
      names = columnNames.map((name, index) => (name === "" ? `${index + 1}` : name));
      if (row.fields.length === names.length) {
        problems.push(...visitor.columns(names, row));
        if (problems.length > 0) return false;
      }
    }
    if (row.fields.length === names.length) problems.push(...visitor.row(row));
    else {
      const message = `Line ${row.line} of "${source.file}" has ${formatFieldCount(row.fields.length)}, and the table has ${formatFieldCount(names.length)}.`;
      report("table-row", message, `Fields are separated by ${formatDelimiter(format.delimiter)}.`, row.line);
      // Without a first row nobody knows what to read.
      if (lastLine === 0) return false;
    }
    return problems.length < MAX_PROBLEMS;
  };

  const options: Options = {
    delimiter,
    comment: comment === "" ? null : comment,
    comment_no_infix: true,
    max_record_size: MAX_ROW_LENGTH,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    // Rows are taken where they are made: an error later in the file must not overtake them.
    on_record(fields: readonly string[], { lines }) {
      if (state.stopped) return null;
      state.stopped = !handleRow({ fields, line: lines });
      lastLine = lines;
      return null;
    },
  };
  try {
    await pipeline(captureLeadingComments(readTextChunks(source), comment, state), parse(options).resume());
  } catch (error) {
    if (error instanceof CsvError) {
      const { message, hint, line } = describeCsvError(error, source.file, lastLine + 1);
      if (!state.stopped) report("table-format", message, hint, line);
    } else problems.push(readingProblem(source, error));
  }
  if (problems.length === 0 && names === undefined) {
    const what = headerRow === undefined ? "no rows" : "no rows after its header";
    report("table-empty", `"${source.file}" has ${what}.`, headerRow === undefined ? "" : noHeader);
  }
  return problems;
}

const noHeader = 'With "header": false the first row is values too.';

/**
 * The names of the columns where they do not stand in the first row; undefined where they do. `commented` are the fields of
 * the last comment before it.
 */
function inferColumnNames(
  firstRow: readonly string[],
  commentFields: readonly string[],
  header: CsvFormat["header"],
): readonly string[] | undefined {
  const numbers = firstRow.map((_, index) => `${index + 1}`);
  if (header === true) return undefined;
  if (header === false) return numbers;
  if (header === "comment") return commentFields.length > 0 ? commentFields : numbers;
  if (!firstRow.every((field) => isMissing(field) || Number.isFinite(parseNumber(field)))) return undefined;
  return commentFields.length === firstRow.length ? commentFields : numbers;
}

/** Passes a text on until the reading is stopped, and keeps the comments that lead it. */
async function* captureLeadingComments(
  chunks: AsyncIterable<string>,
  comment: string,
  state: { comments: string; pastComments: boolean; stopped: boolean },
): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    if (state.stopped) return;
    if (!state.pastComments) {
      const lines = (rest + chunk).split("\n");
      // The last line may go on in the next piece.
      rest = lines.pop() ?? "";
      const rowIndex = lines.findIndex((line) => line.trim() !== "" && !line.trimStart().startsWith(comment));
      const leadingLines = rowIndex < 0 ? lines : lines.slice(0, rowIndex);
      state.comments = [state.comments, ...leadingLines].join("\n").slice(-MAX_ROW_LENGTH);
      state.pastComments = rowIndex >= 0 || rest.length > MAX_ROW_LENGTH;
    }
    yield chunk;
  }
}

/** `next` is the line after the last row that was read. */
function describeCsvError(error: CsvError, file: string, nextLine: number) {
  const line = error.code === "CSV_QUOTE_NOT_CLOSED" || typeof error.lines !== "number" ? nextLine : error.lines;
  const location = `Line ${line} of "${file}"`;
  switch (error.code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return { line, message: `${location}, or one after it, opens a quote that is never closed.`, hint: quoteHint };
    case "CSV_MAX_RECORD_SIZE":
      return {
        line,
        message: `${location} is in a row of more than ${MAX_ROW_LENGTH} characters.`,
        hint: "Perhaps a quote is never closed.",
      };
    case "INVALID_OPENING_QUOTE":
      return { line, message: `${location} has a quote inside a field that does not begin with one.`, hint: quoteHint };
    case "CSV_INVALID_CLOSING_QUOTE":
    case "CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE":
      return {
        line,
        message: `${location} has text between a closing quote and the end of its field.`,
        hint: quoteHint,
      };
    default:
      return { line, message: `${location} cannot be read: ${error.message}.`, hint: "" };
  }
}

// Unambiguous for every character, so long fields cause no backtracking.
const numberPattern = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const missingMarkers = new Set(["", "na", "n/a", "nan", "null", "none"]);

/** The number that a field holds; NaN when it holds none. */
export function parseNumber(field: string): number {
  return numberPattern.test(field) ? Number(field) : Number.NaN;
}

/** True for the usual markers of a missing value. */
export function isMissing(field: string): boolean {
  return missingMarkers.has(field.toLowerCase());
}

const quoteHint = 'A quote inside a quoted field is written twice: "".';

function formatFieldCount(count: number): string {
  return count === 1 ? "1 field" : `${count} fields`;
}

function formatDelimiter(delimiter: string): string {
  return delimiter === "\t" ? "tabs" : `"${delimiter}"`;
}

/** One row without its line end, as RFC 4180 quotes it. A quoted first field is never taken for a comment. */
export function formatCsvRow(fields: readonly string[], delimiter = ",", quoteAll = false): string {
  const format = (field: string) =>
    quoteAll || /[",\r\n]|^\s|\s$/.test(field) || field.includes(delimiter)
      ? `"${field.replaceAll('"', '""')}"`
      : field;
  return fields.map(format).join(delimiter);
}
