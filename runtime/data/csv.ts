/** CSV files, row by row: where the names of columns are found, and what is wrong with a file as a table. */
import { Readable } from "node:stream";
import { CsvError, type Options, parse } from "csv-parse";
import { parse as parseLine } from "csv-parse/sync";
import type { RunProblem } from "../problem.js";
import { characters, type NamedFile, readingProblem } from "./characters.js";
import { isMissing, numberOf } from "./field.js";

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
const longestRow = 2 ** 20;
/** More say no more. */
const mostProblems = 20;

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
  const { comment } = format;
  const lead = { comments: "", ended: comment === "" };
  const options: Options = {
    delimiter: format.delimiter,
    comment: comment === "" ? null : comment,
    comment_no_infix: true,
    info: true,
    max_record_size: longestRow,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  };
  const rows = parse(options);
  let names: readonly string[] | undefined;
  /** The row of names, until the first row of values is there. */
  let heading: readonly string[] | undefined;
  let lastLine = 0;

  /** False when nothing further should be read. */
  const take = (row: Row): boolean => {
    if (names === undefined) {
      const named = heading ?? namesBefore(row.fields, lead.comments, format);
      if (named === undefined) {
        heading = row.fields;
        return true;
      }
      names = named.map((name, index) => (name === "" ? `${index + 1}` : name));
      if (row.fields.length === names.length) {
        problems.push(...visitor.columns(names, row));
        if (problems.length > 0) return false;
      }
    }
    if (row.fields.length === names.length) problems.push(...visitor.row(row));
    else {
      const message = `Line ${row.line} of "${source.file}" has ${fieldsOf(row.fields.length)}, and the table has ${fieldsOf(names.length)}.`;
      report("table-row", message, `Fields are separated by ${show(format.delimiter)}.`, row.line);
      // Without a first row nobody knows what to read.
      if (lastLine === 0) return false;
    }
    return problems.length < mostProblems;
  };

  const input = Readable.from(withLead(characters(source), comment, lead));
  input.on("error", (error) => rows.destroy(error));
  input.pipe(rows);
  try {
    for await (const { record, info } of rows) {
      if (!take({ fields: record, line: info.lines })) break;
      lastLine = info.lines;
    }
  } catch (error) {
    if (error instanceof CsvError) report("table-format", ...explain(error, source.file, lastLine + 1), lastLine + 1);
    else problems.push(readingProblem(source, error));
  } finally {
    input.destroy();
  }
  if (problems.length === 0 && names === undefined) {
    const what = heading === undefined ? "no rows" : "no rows after its header";
    report("table-empty", `"${source.file}" has ${what}.`, heading === undefined ? "" : noHeader);
  }
  return problems;
}

const noHeader = 'With "header": false the first row is values too.';

/** The names of the columns where they do not stand in the first row; undefined where they do. */
function namesBefore(first: readonly string[], comments: string, format: CsvFormat): readonly string[] | undefined {
  const { header, delimiter } = format;
  const numbers = first.map((_, index) => `${index + 1}`);
  if (header === true) return undefined;
  if (header === false) return numbers;
  const last = comments.split(/\r?\n/).findLast((line) => line.trim() !== "") ?? "";
  const options = { delimiter, trim: true, relax_quotes: true };
  const [named]: readonly (readonly string[])[] = parseLine(last.slice(format.comment.length), options);
  if (header === "comment") return named ?? numbers;
  if (!first.every((field) => isMissing(field) || Number.isFinite(numberOf(field)))) return undefined;
  return named !== undefined && named.length === first.length ? named : numbers;
}

/** Passes a text on, keeping the comments before its first row in `lead`. */
async function* withLead(pieces: AsyncIterable<string>, comment: string, lead: { comments: string; ended: boolean }) {
  let rest = "";
  for await (const piece of pieces) {
    if (!lead.ended) {
      rest += piece;
      const lines = rest.split("\n");
      // The last line may go on in the next piece.
      rest = lines.pop() ?? "";
      const row = lines.findIndex((line) => line.trim() !== "" && !line.trimStart().startsWith(comment));
      const before = row < 0 ? lines : lines.slice(0, row);
      lead.comments = [lead.comments, ...before].join("\n").slice(-longestRow);
      lead.ended = row >= 0 || rest.length > longestRow;
    }
    yield piece;
  }
}

/** A message and a hint. */
function explain(error: CsvError, file: string, line: number): readonly [string, string] {
  const where = `Line ${line} of "${file}"`;
  switch (error.code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return [`${where}, or one after it, opens a quote that is never closed.`, quoteHint];
    case "CSV_MAX_RECORD_SIZE":
      return [`${where} begins a row of more than ${longestRow} characters.`, "Perhaps a quote is never closed."];
    case "INVALID_OPENING_QUOTE":
      return [`${where} has a quote inside a field that does not begin with one.`, quoteHint];
    case "CSV_INVALID_CLOSING_QUOTE":
    case "CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE":
      return [`${where} has text between a closing quote and the end of its field.`, quoteHint];
    default:
      return [`${where} cannot be read: ${error.message}.`, ""];
  }
}

const quoteHint = 'A quote inside a quoted field is written twice: "".';

function fieldsOf(count: number): string {
  return count === 1 ? "1 field" : `${count} fields`;
}

function show(delimiter: string): string {
  return delimiter === "\t" ? "tabs" : `"${delimiter}"`;
}
