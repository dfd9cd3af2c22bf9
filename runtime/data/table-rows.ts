/** The rows of a table: the columns that a spec reads of a CSV file, as numbers, and labels as text. */
import type { NormalTableData } from "../../schema/normal.js";
import { type Checked, type RunProblem, refuse } from "../problem.js";
import { type Row, readCsv } from "./csv.js";
import { isMissing, numberOf } from "./field.js";

export interface TableRows {
  readonly rows: number;
  /** The names of the columns of `values`: inputs first, then targets that are no inputs. */
  readonly columns: readonly string[];
  /** In order of time, [rows, columns]; no entry is missing. Zero in a column of labels. */
  readonly values: Float64Array;
  /** Places in `columns`. */
  readonly inputs: readonly number[];
  readonly targets: readonly number[];
  /** The line of each row in the file, from 1. */
  readonly lines: readonly number[];
  /** The target of each row where targets are classes; else empty. */
  readonly labels: readonly string[];
}

/** A column that is read: its name and its place in the file. */
interface Column {
  readonly name: string;
  readonly place: number;
}

interface Reading {
  readonly columns: readonly Column[];
  readonly inputs: readonly number[];
  readonly targets: readonly number[];
}

export async function readRows(
  data: NormalTableData,
  folder: string,
  labelled: boolean,
): Promise<Checked<{ readonly table: TableRows }>> {
  const { file } = data;
  let reading: Reading = { columns: [], inputs: [], targets: [] };
  let rows = 0;
  let values = new Float64Array(1024);
  const lines: number[] = [];
  const labels: string[] = [];

  const problemAt = (line: number, { name, place }: Column, what: string, hint: string): RunProblem => ({
    code: "table-value",
    path: "/data/file",
    file,
    line,
    column: place + 1,
    message: `Line ${line} of "${file}" ${what} in column "${name}".`,
    hint,
  });
  const row = ({ fields, line }: Row): readonly RunProblem[] => {
    const width = reading.columns.length;
    if ((rows + 1) * width > values.length) {
      const larger = new Float64Array(Math.max(values.length * 2, width));
      larger.set(values);
      values = larger;
    }
    const problems: RunProblem[] = [];
    let whole = true;
    for (const [index, column] of reading.columns.entries()) {
      const field = fields[column.place] ?? "";
      const label = labelled && reading.targets[0] === index;
      const value = label ? 0 : numberOf(field);
      values[rows * width + index] = value;
      if (isMissing(field) && data.missing !== "error") {
        whole = false;
        values[rows * width + index] = Number.NaN;
      } else if (isMissing(field)) problems.push(problemAt(line, column, "has no value", missingHint));
      else if (!Number.isFinite(value)) {
        const what = `has "${shorten(field)}", which is ${Number.isNaN(value) ? "not a number," : "too large,"}`;
        problems.push(problemAt(line, column, what, columnsHint));
      }
    }
    if (!whole && data.missing === "drop") return problems;
    const [target = 0] = reading.targets;
    if (labelled) labels.push(fields[reading.columns[target]?.place ?? 0] ?? "");
    lines.push(line);
    rows += 1;
    return problems;
  };

  const delimiter = data.delimiter ?? (/\.tsv$/i.test(file) ? "\t" : ",");
  const found = await readCsv(
    { file, folder, path: "/data/file" },
    { delimiter, comment: data.comment, header: data.header },
    {
      columns(names, first) {
        const chosen = chooseColumns(data, names, first, labelled);
        if (!chosen.ok) return chosen.problems;
        reading = chosen.reading;
        return [];
      },
      row,
    },
  );
  if (found.length > 0) return refuse(...found);
  const { columns, inputs, targets } = reading;
  if (data.reverse) {
    reverseRows(values, rows, columns.length);
    labels.reverse();
    lines.reverse();
  }
  const gap = data.missing === "previous" ? fillGaps(values, rows, columns.length) : undefined;
  const gapColumn = columns[gap ?? -1];
  if (gapColumn !== undefined) {
    const hint = 'The first value in time has none before it: set data.missing to "drop".';
    return refuse(problemAt(lines[0] ?? 1, gapColumn, "has no value", hint));
  }
  const names = columns.map(({ name }) => name);
  return { ok: true, table: { rows, columns: names, values, inputs, targets, lines, labels } };
}

const missingHint = 'Set data.missing to "drop" (leave such rows out) or "previous" (the value of the row before).';
const columnsHint = "Leave the column out of data.columns, or mend the file.";

/** Which columns are read, as inputs and as targets. */
function chooseColumns(
  data: NormalTableData,
  names: readonly string[],
  first: Row,
  labelled: boolean,
): Checked<{ readonly reading: Reading }> {
  const problems: RunProblem[] = [];
  const find = (key: "columns" | "target", wanted: readonly (string | number)[]) =>
    wanted.flatMap((name, index) => {
      const place = typeof name === "number" ? name - 1 : names.indexOf(name);
      if (place >= 0 && place < names.length && names.indexOf(String(name), place + 1) < 0) return [place];
      const shown = typeof name === "number" ? `column ${name}` : `column "${name}"`;
      const twice = place >= 0 && place < names.length;
      problems.push({
        code: "table-column",
        path: `/data/${key}/${index}`,
        message: `"${data.file}" has ${twice ? "more than one" : "no"} ${shown}.`,
        hint: `${count(names.length, "column")}: ${shorten(names.join(", "), 300)}.`,
      });
      return [];
    });
  const given = data.target === null ? undefined : find("target", data.target);
  const numeric = names.flatMap((_, place) => {
    const field = first.fields[place] ?? "";
    const answer = (labelled || data.horizon === 0) && given?.includes(place) === true;
    return !answer && (isMissing(field) || !Number.isNaN(numberOf(field))) ? [place] : [];
  });
  const inputs = data.columns === null ? numeric : find("columns", data.columns);
  const targets = given ?? inputs;
  if (problems.length === 0 && inputs.length === 0) {
    const message = `"${data.file}" has no column of numbers to read.`;
    problems.push({ code: "table-column", path: "/data/file", file: data.file, message, hint: formatHint });
  }
  if (labelled && targets.length !== 1) {
    problems.push({
      code: "table-target",
      path: data.target === null ? "/data" : "/data/target",
      message: `The loss is over classes, and the table has ${count(targets.length, "target column")}.`,
      hint: "Name one column of classes in data.target, or use a loss over numbers, such as squared_error.",
    });
  } else if (labelled && inputs.some((place) => targets.includes(place))) {
    problems.push({
      code: "table-target",
      path: "/data/columns",
      message: `Column "${names[targets[0] ?? 0]}" holds the classes, and cannot be an input too.`,
      hint: "Leave it out of data.columns.",
    });
  }
  if (problems.length > 0) return refuse(...problems);
  const places = [...new Set([...inputs, ...targets])];
  const columns = places.map((place) => ({ name: names[place] ?? `${place + 1}`, place }));
  const among = (wanted: readonly number[]) => wanted.map((place) => places.indexOf(place));
  return { ok: true, reading: { columns, inputs: among(inputs), targets: among(targets) } };
}

const formatHint = "Are data.delimiter and data.header those of the file?";

function reverseRows(values: Float64Array, rows: number, width: number): void {
  for (let low = 0, high = rows - 1; low < high; low++, high--) {
    const row = values.slice(low * width, (low + 1) * width);
    values.copyWithin(low * width, high * width, (high + 1) * width);
    values.set(row, high * width);
  }
}

/** Puts the value of the row before in place of each NaN. The answer is a column whose first row has none. */
function fillGaps(values: Float64Array, rows: number, width: number): number | undefined {
  for (let place = 0; place < rows * width; place++) {
    if (!Number.isNaN(values[place])) continue;
    if (place < width) return place;
    values[place] = values[place - width] ?? 0;
  }
  return undefined;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function shorten(text: string, most = 40): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
