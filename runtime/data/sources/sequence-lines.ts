/** Files of sequences, one per line: JSON objects, rows of a CSV file with named columns, or time series. */
import { formatInteger } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { fail, type Result } from "../../result.js";
import { readCsv } from "../formats/csv.js";
import { withoutGz } from "../formats/file-chunks.js";
import { type JsonLine, parseJsonLine } from "../formats/json-line.js";
import { createProblemList } from "../formats/problem-list.js";
import { createTimeSeriesParser, type LineFault } from "../formats/time-series.js";
import { type NamedFile, readingProblem, readTextChunks, splitLines } from "../formats/utf8-reader.js";
import { makeUnique } from "./table-columns.js";

/** Receives each line with its number, from 1; returns its problems. */
export type LineVisitor = (line: JsonLine, number: number) => readonly RunProblem[];

/** Limit of a line of JSON in characters. */
const MAX_LINE_LENGTH = 2 ** 24;

const tooLong: LineFault = {
  fault: `has more than ${formatInteger(MAX_LINE_LENGTH)} characters`,
  hint: "Divide the sequence.",
};

const memberNames = ["text", "tokens", "inputs", "label", "tags"];

/** Reads a file by its extension and returns its problems. */
export function readLines(
  source: NamedFile,
  visit: LineVisitor,
): Promise<readonly RunProblem[]> | readonly RunProblem[] {
  const { file, path } = source;
  const extension = /\.(jsonl|ndjson|csv|tsv|ts)$/i.exec(withoutGz(file))?.[1]?.toLowerCase();
  if (extension === "csv" || extension === "tsv") return readCsvLines(source, extension === "csv" ? "," : "\t", visit);
  if (extension === "ts") return readTextLines(source, createTimeSeriesParser(), timeSeriesHint, visit);
  if (extension !== undefined) return readTextLines(source, parseJson, jsonHint, visit);
  const message = `"${file}" is not a .jsonl, .csv, .tsv or .ts file.`;
  return [{ code: "file-kind", path, file, message, hint: "Rename the file: its extension selects the format." }];
}

/** Parses a line of text. The result is null for a line without a sequence. */
type LineParser = (text: string) => Result<JsonLine | null, LineFault>;

function parseJson(text: string): ReturnType<LineParser> {
  const line = parseJsonLine(text);
  return line.ok ? line : fail({ fault: line.error, hint: jsonHint });
}

/** @param emptyHint the way out of a file without sequences. */
async function readTextLines(
  source: NamedFile,
  parse: LineParser,
  emptyHint: string,
  visit: LineVisitor,
): Promise<readonly RunProblem[]> {
  const { file, path } = source;
  const problems = createProblemList();
  let lineNumber = 0;
  let lineCount = 0;
  try {
    for await (const text of splitLines(readTextChunks(source), MAX_LINE_LENGTH)) {
      lineNumber += 1;
      if (text.trim() === "") continue;
      const line = text.length > MAX_LINE_LENGTH ? fail(tooLong) : parse(text);
      if (!line.ok) {
        const message = `${file}:${lineNumber}: The line ${line.error.fault}.`;
        problems.add([{ code: "sequence-line", path, file, line: lineNumber, message, hint: line.error.hint }]);
      } else if (line.value !== null) {
        lineCount += 1;
        problems.add(visit(line.value, lineNumber));
      }
      if (problems.isFull) break;
    }
  } catch (error) {
    problems.add([readingProblem(source, error)]);
  }
  if (lineCount === 0 && problems.size === 0) {
    problems.add([{ code: "sequences-empty", path, file, message: `"${file}" has no sequences.`, hint: emptyHint }]);
  }
  return problems.list();
}

const timeSeriesHint = 'Write one series per line after "@data", such as 1.5,2,0.5:label.';

const jsonHint = 'Write one object per line, such as {"text": "good morning", "label": "greeting"}.';

const delimiterHint = "Separate the fields by commas in a .csv file, by tabs in a .tsv file.";

function readCsvLines(source: NamedFile, delimiter: string, visit: LineVisitor): Promise<readonly RunProblem[]> {
  const { file, path } = source;
  let names: readonly string[] = [];
  return readCsv(
    source,
    { delimiter, isDelimiterSet: false, delimiterHint: () => delimiterHint, comment: "", header: true },
    {
      columns(columnNames) {
        names = makeUnique(columnNames);
        const twice = memberNames.find((name) => columnNames.indexOf(name) !== columnNames.lastIndexOf(name));
        if (twice !== undefined) {
          const message = `"${file}" has more than one column "${twice}".`;
          const hint = "Rename or remove all of them but one.";
          return [{ code: "sequence-columns", path, file, line: 1, message, hint }];
        }
        if (columnNames.some((name) => memberNames.includes(name))) return [];
        const message = `"${file}" has no column named text, tokens, label or tags.`;
        return [
          {
            code: "sequence-columns",
            path,
            file,
            line: 1,
            message,
            hint: `Its columns are ${columnNames.join(", ")}. Rename the column of the sequences, and that of their targets.`,
          },
        ];
      },
      row({ fields, line: number }) {
        const line = Object.fromEntries(names.map((name, index) => [name, fields[index]]));
        return visit({ line, exact: line }, number);
      },
    },
  );
}
