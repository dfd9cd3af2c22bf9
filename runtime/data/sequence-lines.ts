/** Files of sequences: each line is one, as JSON or as a row of a CSV file with named columns. */
import type { RunProblem } from "../problem.js";
import { characters, type NamedFile, readingProblem } from "./characters.js";
import { readCsv } from "./csv.js";
import { linesOf } from "./lines.js";

/** The members of a line. */
export type Line = Readonly<Record<string, unknown>>;

/** Told of each line, numbers from 1; says what is wrong with it. */
export type LineVisitor = (line: Line, number: number) => readonly RunProblem[];

/** Characters of one line of JSON. */
const longestLine = 2 ** 24;
/** More say no more. */
const mostProblems = 20;

const memberNames = ["text", "tokens", "inputs", "label", "tags"];

/** What is wrong with a file, nothing when all is well. The kind of file is in its name. */
export function readLines(
  source: NamedFile,
  visit: LineVisitor,
): Promise<readonly RunProblem[]> | readonly RunProblem[] {
  const { file, path } = source;
  const kind = /\.(jsonl|ndjson|csv|tsv)$/i.exec(file)?.[1]?.toLowerCase();
  if (kind === "csv" || kind === "tsv") return readRows(source, kind === "csv" ? "," : "\t", visit);
  if (kind !== undefined) return readJson(source, visit);
  const message = `"${file}" is not a .jsonl, .csv or .tsv file.`;
  return [{ code: "file-kind", path, file, message, hint: "The name says how the file is read." }];
}

async function readJson(source: NamedFile, visit: LineVisitor): Promise<readonly RunProblem[]> {
  const { file, path } = source;
  const problems: RunProblem[] = [];
  let number = 0;
  let read = 0;
  try {
    for await (const text of linesOf(characters(source), longestLine)) {
      number += 1;
      if (text.trim() === "") continue;
      read += 1;
      const line = parse(text);
      if (typeof line === "string") {
        const message = `Line ${number} of "${file}" ${line}.`;
        problems.push({ code: "sequence-line", path, file, line: number, message, hint: jsonHint });
      } else problems.push(...visit(line, number));
      if (problems.length >= mostProblems) break;
    }
  } catch (error) {
    problems.push(readingProblem(source, error));
  }
  if (read === 0 && problems.length === 0) {
    problems.push({ code: "sequences-empty", path, file, message: `"${file}" has no sequences.`, hint: jsonHint });
  }
  return problems;
}

const jsonHint = 'A line is an object, such as {"text": "good morning", "label": "greeting"}.';

/** The members of a line, or what is wrong with it. */
function parse(text: string): Line | string {
  if (text.length > longestLine) return `has more than ${longestLine} characters`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "is no object";
  return { ...value };
}

function readRows(source: NamedFile, delimiter: string, visit: LineVisitor): Promise<readonly RunProblem[]> {
  const { file, path } = source;
  let names: readonly string[] = [];
  return readCsv(
    source,
    { delimiter, comment: "", header: true },
    {
      columns(found) {
        names = found;
        if (found.some((name) => memberNames.includes(name))) return [];
        const message = `"${file}" has no column named text, tokens, label or tags.`;
        return [
          { code: "sequence-columns", path, file, line: 1, message, hint: `Its columns are ${found.join(", ")}.` },
        ];
      },
      row: ({ fields, line }) => visit(Object.fromEntries(names.map((name, place) => [name, fields[place]])), line),
    },
  );
}
