/** The rows of a table: the columns that a spec reads of a CSV file, as numbers, and labels as text. */
import type { NormalTableData } from "../../schema/normal.js";
import { type Checked, type RunProblem, refuse } from "../problem.js";
import { type Row, readCsv } from "./csv.js";
import { isMissing, numberOf } from "./field.js";
import { collectFloats } from "./floats.js";
import { collectIds, idAt } from "./ids.js";
import { PIECE } from "./store.js";
import type { FloatList } from "./windows.js";

export interface TableRows {
  readonly rows: number;
  /** The names of the columns of `values`: inputs first, then targets that are no inputs. */
  readonly columns: readonly string[];
  /** In order of time, [rows, columns]; no entry is missing. Zero in a column of labels. */
  readonly values: FloatList<Float64Array>;
  /** Places in `columns`. */
  readonly inputs: readonly number[];
  readonly targets: readonly number[];
  /** The line of a row in the file, from 1. */
  readonly lineOf: (row: number) => number;
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
  const values = collectFloats.float64();
  const lines = collectIds();
  const labels: string[] = [];
  /** Each label is kept once. */
  const known = new Map<string, string>();

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
    const problems: RunProblem[] = [];
    let whole = true;
    const numbers = reading.columns.map((column, index) => {
      const field = fields[column.place] ?? "";
      const label = labelled && reading.targets[0] === index;
      const value = label ? 0 : numberOf(field);
      if (isMissing(field) && data.missing !== "error") {
        whole = false;
        return Number.NaN;
      }
      if (isMissing(field)) problems.push(problemAt(line, column, "has no value", missingHint));
      else if (!Number.isFinite(value)) {
        const what = `has "${shorten(field)}", which is ${Number.isNaN(value) ? "not a number," : "too large,"}`;
        problems.push(problemAt(line, column, what, columnsHint));
      }
      return value;
    });
    if (!whole && data.missing === "drop") return problems;
    const [target = 0] = reading.targets;
    if (labelled) {
      const label = fields[reading.columns[target]?.place ?? 0] ?? "";
      if (!known.has(label)) known.set(label, label);
      labels.push(known.get(label) ?? label);
    }
    for (const number of numbers) values.push(number);
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
  const lineList = lines.finish();
  const lineOf = (row: number) => idAt(lineList, data.reverse ? rows - 1 - row : row);
  if (data.reverse) labels.reverse();
  const ordered = inOrder(values.finish(), columns.length, data);
  const gapColumn = columns[ordered.gap ?? -1];
  if (gapColumn !== undefined) {
    const hint = 'The first value in time has none before it: set data.missing to "drop".';
    return refuse(problemAt(lineOf(0), gapColumn, "has no value", hint));
  }
  const names = columns.map(({ name }) => name);
  return { ok: true, table: { rows, columns: names, values: ordered.values, inputs, targets, lineOf, labels } };
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

/** The rows of a table, each of which is only good until the next. */
export function* rowsOf(values: FloatList<Float64Array>, width: number, reverse = false): Generator<Float64Array> {
  const most = Math.max(1, Math.floor(PIECE / width));
  const rows = values.length / width;
  for (let done = 0; done < rows; done += most) {
    const count = Math.min(most, rows - done);
    const block = new Float64Array(count * width);
    const from = reverse ? rows - done - count : done;
    values.copy(block, 0, from * width, (from + count) * width);
    for (let row = 0; row < count; row++) {
      const place = reverse ? count - 1 - row : row;
      yield block.subarray(place * width, (place + 1) * width);
    }
  }
}

/** The rows in the order of time, with the value of the row before in place of each NaN; or a column whose first row has none. */
function inOrder(
  values: FloatList<Float64Array>,
  width: number,
  { reverse, missing }: NormalTableData,
): { readonly values: FloatList<Float64Array>; readonly gap?: number } {
  if (!reverse && missing !== "previous") return { values };
  const ordered = collectFloats.float64();
  let before: Float64Array | undefined;
  for (const row of rowsOf(values, width, reverse)) {
    for (const [column, value] of row.entries()) {
      if (Number.isNaN(value)) row[column] = before?.[column] ?? Number.NaN;
      if (before === undefined && Number.isNaN(row[column])) return { values, gap: column };
      ordered.push(row[column] ?? 0);
    }
    before = row;
  }
  return { values: ordered.finish() };
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function shorten(text: string, most = 40): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
