/** Tables in lines of JSON: an object a row, whose keys are the columns. */
import { quote } from "../../../schema/diagnostics/suggest.js";
import type { RunProblem } from "../../problem.js";
import type { CsvFormat, RowVisitor } from "./csv.js";
import { type Line, parseJsonLine } from "./json-line.js";
import { createProblemList } from "./problem-list.js";
import { fieldOf } from "./typed-fields.js";
import { type NamedFile, readingProblem, readTextChunks, splitLines } from "./utf8-reader.js";

/** In characters. */
const MAX_LINE_LENGTH = 2 ** 20;

/** Reads a file and returns its problems. The columns are the keys of the first line; a value that is null is missing. */
export async function readJsonTable(
  source: NamedFile,
  format: CsvFormat,
  visitor: RowVisitor,
): Promise<readonly RunProblem[]> {
  const { file, path } = source;
  const problems = createProblemList();
  const report = (line: number | undefined, code: string, what: string, hint: string) => {
    const message = line === undefined ? `"${file}" ${what}.` : `${file}:${line}: The line ${what}.`;
    problems.add([{ code, path, file, ...(line !== undefined && { line }), message, hint }]);
  };
  if (format.isDelimiterSet)
    report(undefined, "table-format", "has lines of JSON, which have no delimiter", "Remove data.delimiter.");
  if (format.header === false)
    report(undefined, "table-format", "has the names of its columns", 'Remove "header": false.');
  if (problems.size > 0) return problems.list();

  let names: readonly string[] | undefined;
  let number = 0;
  try {
    for await (const text of splitLines(readTextChunks(source), MAX_LINE_LENGTH)) {
      number += 1;
      if (text.trim() === "") continue;
      if (text.length > MAX_LINE_LENGTH) {
        report(number, "table-row", "has more than 1,048,576 characters", "Split the row.");
        break;
      }
      const parsed = parseJsonLine(text);
      if (!parsed.ok) report(number, "table-row", parsed.error, lineHint);
      else {
        const { exact } = parsed.value;
        const isFirst = names === undefined;
        names ??= Object.keys(exact);
        const fields = fieldsOf(exact, names);
        const unknown = Object.keys(exact).find((key) => !names?.includes(key));
        if (unknown !== undefined)
          report(
            number,
            "table-row",
            `has the key ${quote(unknown)}, which the first line lacks`,
            firstLineHint(unknown),
          );
        else {
          if (isFirst) problems.add(visitor.columns(names, { fields, line: number }));
          if (isFirst && problems.size > 0) break;
          problems.add(visitor.row({ fields, line: number }));
        }
      }
      if (problems.isFull) break;
    }
  } catch (error) {
    problems.add([readingProblem(source, error)]);
  }
  if (problems.size === 0 && names === undefined) report(undefined, "table-empty", "has no rows", lineHint);
  return problems.list();
}

const lineHint = 'Write one object per line, such as {"day": "2024-05-01", "price": 3.5}.';

function firstLineHint(key: string): string {
  return `Write ${quote(key)}: null in the first line: its keys are the columns.`;
}

function fieldsOf(line: Line, names: readonly string[]): readonly string[] {
  return names.map((name) => fieldOf(Object.hasOwn(line, name) ? line[name] : null));
}
