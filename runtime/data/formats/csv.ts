/** CSV files: a reader that streams rows to a visitor and reports problems by line, and a writer of rows. */

import { pipeline } from "node:stream/promises";
import type { CsvError, Options } from "csv-parse";
import { formatCount, formatInteger } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { delimiters, detectDelimiter, formatDelimiter } from "./delimiter.js";
import { isMissing, parseNumber } from "./number-notation.js";
import { createProblemList } from "./problem-list.js";
import { type NamedFile, normalizeLineEnds, readingProblem, readTextChunks } from "./utf8-reader.js";

export interface CsvFormat {
  readonly delimiter: string;
  /** True if the spec sets the delimiter: it is not questioned where it splits the rows equally. */
  readonly isDelimiterSet: boolean;
  /** The hint for a file with another delimiter. */
  readonly delimiterHint: (delimiter: string) => string;
  /** Lines with this prefix are skipped; empty: no lines are skipped. */
  readonly comment: string;
  /** Column names: in the first row (true), in the last comment before it, absent (false), or detected ("auto"). */
  readonly header: boolean | "comment" | "auto";
}

export interface Row {
  readonly fields: readonly string[];
  /** The row's first line in the file, from 1. */
  readonly line: number;
  /** True for the fields that are numbers by their type, in no notation of the table. */
  readonly areNumbers?: readonly boolean[];
}

/** Receives the contents of a file in order; a problem with the columns ends the reading at once. */
export interface RowVisitor {
  /** Called with the name of each of several files, before its rows. */
  file?(name: string): void;
  /** Called before all rows with the names of the columns ("1", "2", … without names) and the first row. */
  columns(names: readonly string[], first: Row): readonly RunProblem[];
  row(row: Row): readonly RunProblem[];
}

/** Limit of a row in characters: an unclosed quote must not read a whole file into one field. */
const MAX_ROW_LENGTH = 2 ** 20;
/** Reads a file and returns its problems, each once. Line ends may be mixed; in quoted fields they become LF. */
export async function readCsv(
  source: NamedFile,
  format: CsvFormat,
  visitor: RowVisitor,
  note: (notice: string) => void = () => undefined,
): Promise<readonly RunProblem[]> {
  const problems = createProblemList();
  const report = (code: string, message: string, hint: string, line?: number) => {
    problems.add([{ code, path: source.path, file: source.file, ...(line !== undefined && { line }), message, hint }]);
  };
  const { comment, delimiter } = format;
  const [{ CsvError, parse }, { parse: parseLine }] = await Promise.all([
    import("csv-parse"),
    import("csv-parse/sync"),
  ]);
  const state = { comments: "", pastComments: comment === "", stopped: false, start: "" };
  let names: readonly string[] | undefined;
  /** The row of names, kept until the first row of values. */
  let headerRow: readonly string[] | undefined;
  let lastLine = 0;
  /** The lines of rows without any value, which are read where another row follows: spreadsheets end with such lines. */
  let blankLines: number[] = [];

  const parseComment = (): readonly string[] => {
    const last = state.comments.split("\n").findLast((line) => line.trim() !== "") ?? "";
    const [fields = []]: readonly (readonly string[])[] = parseLine(last.trim().slice(comment.length), {
      delimiter,
      trim: true,
      relax_quotes: true,
    });
    return fields;
  };
  const reportDelimiter = (detected: string, line: number) => {
    const [shown, other] = [delimiter, detected].map(formatDelimiter);
    const message = `${source.file}:${line}: The fields seem to be separated by ${other}, not by ${shown}.`;
    report("table-delimiter", message, format.delimiterHint(detected), line);
  };
  /** Returns false when reading should stop. */
  const handleRow = (row: Row): boolean => {
    const separator = row.line === 1 ? separatorOf(state.start) : undefined;
    if (separator !== undefined) {
      const isOther = separator !== delimiter && !format.isDelimiterSet;
      if (isOther) reportDelimiter(separator, 1);
      return !isOther;
    }
    if (names === undefined) {
      const columnNames = headerRow ?? inferColumnNames(row.fields, parseComment(), format.header);
      if (columnNames === undefined) {
        headerRow = row.fields;
        return true;
      }
      const detected = detectDelimiter(headerRow ?? row.fields, row.fields, format);
      if (detected !== undefined) {
        reportDelimiter(detected, row.line);
        return false;
      }
      names = columnNames.map((name, index) => (name === "" ? `${index + 1}` : name));
      if (row.fields.length === names.length) {
        problems.add(visitor.columns(names, row));
        if (problems.size > 0) return false;
      }
    }
    if (row.fields.length === names.length) {
      if (names.length > 1 && row.fields.every((field) => field === "")) {
        blankLines.push(row.line);
        return true;
      }
      for (const line of blankLines) problems.add(visitor.row({ fields: names.map(() => ""), line }));
      blankLines = [];
      problems.add(visitor.row(row));
    } else {
      const [actual, expected] = [row.fields, names].map(({ length }) => formatCount(length, "field"));
      const message = `${source.file}:${row.line}: The row has ${actual}, but the table has ${expected}.`;
      report("table-row", message, `Fields are separated by ${formatDelimiter(delimiter)}.`, row.line);
      // Without a complete first row the columns are unknown.
      if (lastLine === 0) return false;
    }
    return !problems.isFull;
  };

  const options: Options = {
    delimiter,
    record_delimiter: "\n",
    comment: comment === "" ? null : comment,
    comment_no_infix: true,
    max_record_size: MAX_ROW_LENGTH,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    // Rows are handled as they are parsed, before an error later in the file.
    on_record(fields: readonly string[], { lines }) {
      if (state.stopped) return null;
      state.stopped = !handleRow({ fields, line: lines - countLineBreaks(fields) });
      lastLine = lines;
      return null;
    },
  };
  try {
    const chunks = normalizeLineEnds(readTextChunks(source));
    const parser = parse(options).resume();
    await pipeline(captureLeadingComments(chunks, comment, state), parser);
    const [blankLine] = blankLines;
    if (blankLine !== undefined)
      note(
        `"${source.file}": ${formatCount(blankLines.length, "line")} without a value at the end ${blankLines.length === 1 ? "is" : "are"} left out, from line ${blankLine}.`,
      );
    const skipped = parser.info.comment_lines;
    if (skipped > 0)
      note(
        `"${source.file}": ${formatCount(skipped, "line")} skipped as comments, with ${JSON.stringify(comment)} at the ` +
          'start. To read them as rows, set data.comment to "".',
      );
  } catch (error) {
    const other = names === undefined && error instanceof CsvError ? otherDelimiter(state.start, format) : undefined;
    if (other !== undefined) reportDelimiter(other, lastLine + 1);
    else if (error instanceof NotTextError) {
      const isZip = state.start.startsWith("PK");
      const what = isZip ? "a spreadsheet or another zip file" : "no text in UTF-8: it has bytes of 0";
      const hint = isZip ? "Export the sheet as CSV." : "Save it as UTF-8.";
      report("table-format", `"${source.file}" is ${what}.`, hint);
    } else if (error instanceof CsvError && /^\s*[[{]/.test(state.start)) {
      const hint = "Name a file with one object on each line .jsonl.";
      report("table-format", `${source.file}:1: The line starts like JSON, and has no fields.`, hint, 1);
    } else if (error instanceof CsvError) {
      const { message, hint, line } = describeCsvError(error, source.file, lastLine + 1);
      if (!state.stopped) report("table-format", message, hint, line);
    } else problems.add([readingProblem(source, error)]);
  }
  if (problems.size === 0 && names === undefined) {
    const what = headerRow === undefined ? "no rows" : "no rows after its header";
    const isNumeric = headerRow?.every((field) => !Number.isNaN(parseNumber(field))) === true;
    report("table-empty", `"${source.file}" has ${what}.`, isNumeric ? noHeader : "Write at least one row of values.");
  }
  return problems.list();
}

/** The delimiter in a first line such as `sep=;`, which spreadsheets write and read. */
function separatorOf(start: string): string | undefined {
  return /^"?sep=(.)"?(?:\n|$)/i.exec(start)?.[1];
}

/** Thrown through the stream of a file that is no text. */
class NotTextError extends Error {}

/** The delimiter of a first line that lacks that of the format, where quotes are in the way of its fields. */
function otherDelimiter(start: string, { comment, delimiter, isDelimiterSet }: CsvFormat): string | undefined {
  const isRow = (line: string) => line.trim() !== "" && (comment === "" || !line.trimStart().startsWith(comment));
  const line = start.split("\n").find(isRow) ?? "";
  return isDelimiterSet || line.includes(delimiter) ? undefined : delimiters.find((other) => line.includes(other));
}

/** Line breaks in quoted fields. */
function countLineBreaks(fields: readonly string[]): number {
  return fields.reduce((count, field) => (field.includes("\n") ? count + field.split("\n").length - 1 : count), 0);
}

/** Characters of a file that are kept for the message about its delimiter. */
const MAX_START = 4096;
const noHeader = 'Set "header": false to read the first row as values.';

/**
 * The names of the columns; undefined when the first row contains them.
 *
 * @param commentFields fields of the last comment before the first row.
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

/** Forwards a text until reading stops, and keeps its leading comments. */
async function* captureLeadingComments(
  chunks: AsyncIterable<string>,
  comment: string,
  state: { comments: string; pastComments: boolean; stopped: boolean; start: string },
): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of chunks) {
    if (state.stopped) return;
    if (state.start === "") state.start = chunk.slice(0, MAX_START);
    // UTF-16 of Latin letters, and files of spreadsheets.
    if (chunk.includes("\0")) throw new NotTextError();
    if (!state.pastComments) {
      const lines = (rest + chunk).split("\n");
      // The last line may continue in the next chunk.
      rest = lines.pop() ?? "";
      const rowIndex = lines.findIndex((line) => line.trim() !== "" && !line.trimStart().startsWith(comment));
      const leadingLines = rowIndex < 0 ? lines : lines.slice(0, rowIndex);
      state.comments = [state.comments, ...leadingLines].join("\n").slice(-MAX_ROW_LENGTH);
      state.pastComments = rowIndex >= 0 || rest.length > MAX_ROW_LENGTH;
    }
    yield chunk;
  }
}

/** @param nextLine the line after the last complete row. */
function describeCsvError(error: CsvError, file: string, nextLine: number) {
  const line = error.code === "CSV_QUOTE_NOT_CLOSED" || typeof error.lines !== "number" ? nextLine : error.lines;
  const location = `${file}:${line}`;
  switch (error.code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return { line, message: `${location}: A quote opened on this line or later is never closed.`, hint: quoteHint };
    case "CSV_MAX_RECORD_SIZE":
      return {
        line,
        message: `${location}: The row has more than ${formatInteger(MAX_ROW_LENGTH)} characters.`,
        hint: "Close its quotes, or split the row.",
      };
    case "INVALID_OPENING_QUOTE":
      return { line, message: `${location}: A field contains a quote but does not begin with one.`, hint: quoteHint };
    case "CSV_INVALID_CLOSING_QUOTE":
    case "CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE":
      return {
        line,
        message: `${location}: A field has text after its closing quote.`,
        hint: quoteHint,
      };
    default:
      return { line, message: `${location}: The row cannot be read: ${error.message}.`, hint: "" };
  }
}

const quoteHint = 'Write a quote inside a quoted field twice: "".';

/** One row without its line end, as RFC 4180 quotes it. A quoted first field is never taken for a comment. */
export function formatCsvRow(fields: readonly string[], delimiter = ",", quoteAll = false): string {
  const format = (field: string) =>
    quoteAll || /[",\r\n]|^\s|\s$/.test(field) || field.includes(delimiter)
      ? `"${field.replaceAll('"', '""')}"`
      : field;
  return fields.map(format).join(delimiter);
}
