/** Files of sequences, one per line: JSON objects, rows of a CSV file with named columns, or time series. */
import type { NormalSequencesData } from "../../../schema/normal/index.js";
import { formatInteger } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { type JsonLine, parseJsonLine } from "../formats/json-line.js";
import { createProblemList } from "../formats/problem-list.js";
import { readTextTable } from "../formats/text-table.js";
import { createTimeSeriesParser, type LineFault } from "../formats/time-series.js";
import { type NamedFile, readingProblem, readTextChunks, splitLines } from "../formats/utf8-reader.js";
import {
  csvFields,
  type Fields,
  formatOf,
  jsonFields,
  lineFields,
  type TargetRoles,
  timeSeriesFields,
} from "./sequence-columns.js";

/** Receives each line with its number, from 1, and the keys of its parts; returns its problems. */
export type LineVisitor = (line: JsonLine, number: number, fields: Fields) => readonly RunProblem[];

/** Limit of a line of JSON in characters. */
const MAX_LINE_LENGTH = 2 ** 24;

const tooLong: LineFault = {
  fault: `has more than ${formatInteger(MAX_LINE_LENGTH)} characters`,
  hint: "Divide the sequence.",
};

export interface LineReader {
  /** Of the targets with names. */
  readonly roles: TargetRoles;
  /** False for a prediction, whose file needs no targets. */
  readonly withTargets: boolean;
  readonly visit: LineVisitor;
  /** Receives notices. */
  readonly note: (notice: string) => void;
}

/** Reads a file by its extension and returns its problems. */
export function readLines(
  data: NormalSequencesData,
  source: NamedFile,
  reader: LineReader,
): Promise<readonly RunProblem[]> | readonly RunProblem[] {
  const { roles, withTargets, visit } = reader;
  switch (formatOf(source.file)) {
    case "csv":
      return readCsvLines(data, source, ",", reader);
    case "tsv":
      return readCsvLines(data, source, "\t", reader);
    case "ts":
      return readTextLines(source, createTimeSeriesParser(), timeSeriesHint, (line, number) =>
        visit(line, number, timeSeriesFields),
      );
    case "json": {
      const fields = jsonFields(data, roles);
      return readTextLines(source, parseJson, jsonHint, (line, number) => visit(line, number, fields));
    }
    case "txt": {
      if (withTargets) return [unreadableKind(source)];
      const fields = lineFields(data);
      return readTextLines(source, parseText, lineHint, (line, number) => visit(line, number, fields));
    }
    case undefined:
      return [unreadableKind(source)];
  }
}

function unreadableKind({ file, path }: NamedFile): RunProblem {
  const message = `"${file}" is not a .jsonl, .csv, .tsv, .parquet, .arrow or .ts file.`;
  return { code: "file-kind", path, file, message, hint: "Rename the file: its extension selects the format." };
}

const lineHint = "Write one text per line.";

/** Parses a line of text. The result is null for a line without a sequence. */
type LineParser = (text: string) => Result<JsonLine | null, LineFault>;

function parseJson(text: string): ReturnType<LineParser> {
  const line = parseJsonLine(text);
  return line.ok ? line : fail({ fault: line.error, hint: jsonHint });
}

function parseText(text: string): ReturnType<LineParser> {
  return ok({ line: { text }, exact: { text } });
}

/** @param emptyHint the way out of a file without sequences. */
async function readTextLines(
  source: NamedFile,
  parse: LineParser,
  emptyHint: string,
  visit: (line: JsonLine, number: number) => readonly RunProblem[],
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

function readCsvLines(
  data: NormalSequencesData,
  source: NamedFile,
  usual: string,
  { roles, withTargets, visit, note }: LineReader,
): Promise<readonly RunProblem[]> {
  let names: readonly string[] = [];
  let fields = timeSeriesFields;
  // A file of inputs may have another delimiter than the data of the run.
  const delimiter = withTargets ? data.delimiter : null;
  return readTextTable(source, { usual, delimiter, header: data.header }, note, {
    columns(columnNames) {
      const found = csvFields({ ...data, file: source.file }, columnNames, roles, withTargets);
      if (!found.ok) return found.error;
      ({ names, fields } = found.value);
      return [];
    },
    row({ fields: values, line: number }) {
      const line = Object.fromEntries(names.map((name, index) => [name, values[index]]));
      return visit({ line, exact: line }, number, fields);
    },
  });
}
