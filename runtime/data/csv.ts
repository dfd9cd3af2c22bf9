/** CSV files, row by row: where the names of columns are found, and what is wrong with a file as a table. */
import { pipeline } from "node:stream/promises";
import type { CsvError, Options } from "csv-parse";
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
  const { comment, delimiter } = format;
  const [{ CsvError, parse }, { parse: parseLine }] = await Promise.all([
    import("csv-parse"),
    import("csv-parse/sync"),
  ]);
  const reading = { comments: "", led: comment === "", stopped: false };
  let names: readonly string[] | undefined;
  /** The row of names, until the first row of values is there. */
  let heading: readonly string[] | undefined;
  let lastLine = 0;

  const commented = (): readonly string[] => {
    const last = reading.comments.split(/\r?\n/).findLast((line) => line.trim() !== "") ?? "";
    const [fields = []]: readonly (readonly string[])[] = parseLine(last.trim().slice(comment.length), {
      delimiter,
      trim: true,
      relax_quotes: true,
    });
    return fields;
  };
  /** False when nothing further should be read. */
  const take = (row: Row): boolean => {
    if (names === undefined) {
      const named = heading ?? namesBefore(row.fields, commented(), format.header);
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

  const options: Options = {
    delimiter,
    comment: comment === "" ? null : comment,
    comment_no_infix: true,
    max_record_size: longestRow,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    // Rows are taken where they are made: an error later in the file must not overtake them.
    on_record(fields: readonly string[], { lines }) {
      if (reading.stopped) return null;
      reading.stopped = !take({ fields, line: lines });
      lastLine = lines;
      return null;
    },
  };
  try {
    await pipeline(withLead(characters(source), comment, reading), parse(options).resume());
  } catch (error) {
    if (error instanceof CsvError) {
      const { message, hint, line } = explain(error, source.file, lastLine + 1);
      if (!reading.stopped) report("table-format", message, hint, line);
    } else problems.push(readingProblem(source, error));
  }
  if (problems.length === 0 && names === undefined) {
    const what = heading === undefined ? "no rows" : "no rows after its header";
    report("table-empty", `"${source.file}" has ${what}.`, heading === undefined ? "" : noHeader);
  }
  return problems;
}

const noHeader = 'With "header": false the first row is values too.';

/**
 * The names of the columns where they do not stand in the first row; undefined where they do. `commented` are the fields of
 * the last comment before it.
 */
function namesBefore(
  first: readonly string[],
  commented: readonly string[],
  header: CsvFormat["header"],
): readonly string[] | undefined {
  const numbers = first.map((_, index) => `${index + 1}`);
  if (header === true) return undefined;
  if (header === false) return numbers;
  if (header === "comment") return commented.length > 0 ? commented : numbers;
  if (!first.every((field) => isMissing(field) || Number.isFinite(numberOf(field)))) return undefined;
  return commented.length === first.length ? commented : numbers;
}

/** Passes a text on until the reading is stopped, and keeps the comments that lead it. */
async function* withLead(
  pieces: AsyncIterable<string>,
  comment: string,
  reading: { comments: string; led: boolean; stopped: boolean },
): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of pieces) {
    if (reading.stopped) return;
    if (!reading.led) {
      const lines = (rest + piece).split("\n");
      // The last line may go on in the next piece.
      rest = lines.pop() ?? "";
      const row = lines.findIndex((line) => line.trim() !== "" && !line.trimStart().startsWith(comment));
      const before = row < 0 ? lines : lines.slice(0, row);
      reading.comments = [reading.comments, ...before].join("\n").slice(-longestRow);
      reading.led = row >= 0 || rest.length > longestRow;
    }
    yield piece;
  }
}

/** `next` is the line after the last row that was read. */
function explain(error: CsvError, file: string, next: number) {
  const line = error.code === "CSV_QUOTE_NOT_CLOSED" || typeof error.lines !== "number" ? next : error.lines;
  const where = `Line ${line} of "${file}"`;
  switch (error.code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return { line, message: `${where}, or one after it, opens a quote that is never closed.`, hint: quoteHint };
    case "CSV_MAX_RECORD_SIZE":
      return {
        line,
        message: `${where} is in a row of more than ${longestRow} characters.`,
        hint: "Perhaps a quote is never closed.",
      };
    case "INVALID_OPENING_QUOTE":
      return { line, message: `${where} has a quote inside a field that does not begin with one.`, hint: quoteHint };
    case "CSV_INVALID_CLOSING_QUOTE":
    case "CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE":
      return { line, message: `${where} has text between a closing quote and the end of its field.`, hint: quoteHint };
    default:
      return { line, message: `${where} cannot be read: ${error.message}.`, hint: "" };
  }
}

const quoteHint = 'A quote inside a quoted field is written twice: "".';

function fieldsOf(count: number): string {
  return count === 1 ? "1 field" : `${count} fields`;
}

function show(delimiter: string): string {
  return delimiter === "\t" ? "tabs" : `"${delimiter}"`;
}
