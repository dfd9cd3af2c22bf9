/** Tables in lines of JSON: an object a row, whose keys are the columns. */
import { quote } from "../../../schema/diagnostics/suggest.js";
import { formatCount } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import type { CsvFormat, Row, RowVisitor } from "./csv.js";
import { type JsonLine, type Line, parseJsonLine } from "./json-line.js";
import { createProblemList } from "./problem-list.js";
import { fieldOf } from "./typed-fields.js";
import { type NamedFile, readingProblem, readTextChunks, splitLines } from "./utf8-reader.js";

/** In characters. */
const MAX_LINE_LENGTH = 2 ** 20;

/** Reads a file and returns its problems. The columns are the keys of the first lines; a value that is null is missing. */
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
  /** The first lines, whose keys are the columns. */
  const head: NumberedLine[] = [];
  const handle = ({ exact, line, number }: NumberedLine, columns: readonly string[]) => {
    const unknown = Object.keys(exact).find((key) => !columns.includes(key));
    if (unknown === undefined) problems.add(visitor.row(rowOf(exact, line, columns, number)));
    else {
      const what = `has the key ${quote(unknown)}, which the first ${formatCount(head.length, "line")} lack`;
      report(number, "table-row", what, `Write ${quote(unknown)}: null in the first line: its keys are columns.`);
    }
  };
  const start = () => {
    const [first] = head;
    if (first === undefined) return;
    names = [...new Set(head.flatMap(({ exact }) => Object.keys(exact)))];
    const faults = visitor.columns(names, rowOf(first.exact, first.line, names, first.number));
    problems.add(faults);
    isStopped = faults.length > 0;
    if (isStopped) return;
    for (const each of head) if (!problems.isFull) handle(each, names);
  };
  let [number, isStopped] = [0, false];
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
      else if (names === undefined) {
        head.push({ ...parsed.value, number });
        if (head.length === MAX_HEAD) start();
      } else handle({ ...parsed.value, number }, names);
      if (isStopped || problems.isFull) break;
    }
    if (names === undefined) start();
  } catch (error) {
    problems.add([readingProblem(source, error)]);
  }
  if (problems.size === 0 && names === undefined) report(undefined, "table-empty", "has no rows", lineHint);
  return problems.list();
}

interface NumberedLine extends JsonLine {
  readonly number: number;
}

/** Lines whose keys are the columns. */
const MAX_HEAD = 1000;

const lineHint = 'Write one object per line, such as {"day": "2024-05-01", "price": 3.5}.';

/** The fields of a line; a key that it lacks is missing. */
function rowOf(exact: Line, line: Line, names: readonly string[], number: number): Row {
  return {
    fields: names.map((name) => fieldOf(Object.hasOwn(exact, name) ? exact[name] : null)),
    line: number,
    areNumbers: names.map((name) => typeof line[name] === "number"),
  };
}
