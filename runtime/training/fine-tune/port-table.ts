/** Columns of a file of rows (CSV, JSON lines, Parquet, Arrow) as the arrays of the data ports of a training step. */
import type { Port } from "../../../compiler/artifact.js";
import { quote } from "../../../schema/diagnostics/suggest.js";
import { findColumn } from "../../data/formats/columns.js";
import { type Cell, cellProblem, type ParsedArray } from "../../data/formats/convert-array.js";
import type { CsvFormat } from "../../data/formats/csv.js";
import { isMissing, parseNumber } from "../../data/formats/number-notation.js";
import { readTableFile } from "../../data/formats/table-file.js";
import { formatCount, listFirst } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";

/** Names of columns in order, by the name of a port; a port without an entry reads the column of its own name. */
export type PortColumns = ReadonlyMap<string, readonly string[]>;

export interface PortTable {
  /** Names of all columns. */
  readonly names: readonly string[];
  readonly arrays: ReadonlyMap<string, ParsedArray>;
  readonly notices: readonly string[];
  /** Names of the columns that a port reads. */
  readonly read: ReadonlySet<string>;
  /** The field of an element of the array of a port. @param index row-major. */
  readonly cellOf: (port: string, index: number) => Cell;
}

/** Columns that a hint writes out. */
const MAX_COLUMNS = 4;

const formatOf = (file: string): CsvFormat => ({
  delimiter: /\.tsv(?:\.gz)?$/i.test(file) ? "\t" : ",",
  isDelimiterSet: false,
  delimiterHint: () => "Separate the fields by commas, or by tabs in a .tsv file.",
  comment: "",
  header: true,
});

/**
 * Reads the columns of the ports: [rows] of one column, [rows, columns] of several.
 *
 * @param classes of the targets, which may then be names; null for other targets.
 */
export async function readPortTable(
  file: string,
  ports: readonly Port[],
  columns: PortColumns,
  classes: number | null,
): Promise<Result<PortTable>> {
  const unknown = [...columns.keys()].find((name) => !ports.some((port) => port.name === name));
  if (unknown !== undefined)
    return fail([
      {
        code: "usage",
        path: "",
        message: `The model has no input ${quote(unknown)}, which --columns names.`,
        hint: `It reads ${ports.map(({ name }) => name).join(", ")}.`,
      },
    ]);
  const wanted = ports.map((port) => ({
    name: port.name,
    type: `${port.dtype} [${port.shape.join(", ")}]`,
    size: rowSize(port),
    columns: columns.get(port.name) ?? [port.name],
    values: [] as number[],
  }));
  const places = new Map<string, number>();
  const lines: number[] = [];
  /** Files of a pattern, in order, with the number of the rows before them. */
  const files = [{ name: file, start: 0 }];
  const cellOf = (own: readonly string[], index: number): Cell => {
    const row = Math.floor(index / own.length);
    const name = own[index % own.length] ?? "";
    const from = files.findLast(({ start }) => start <= row)?.name ?? file;
    return { file: from, line: lines[row] ?? 0, column: (places.get(name) ?? 0) + 1, name };
  };
  /** The targets where the first one is a name of a class. */
  const labels: string[] = [];
  let names: readonly string[] = [];
  let isIntegers = true;
  const problems = await readTableFile({ file, folder: ".", path: "" }, formatOf(file), {
    file: (name) => files.push({ name, start: lines.length }),
    columns(found) {
      names = found;
      const missing = wanted.flatMap(({ name, type, size, columns: own }) =>
        own.flatMap((column): readonly RunProblem[] => {
          const place = findColumn(column, found);
          if (place.ok) {
            places.set(column, place.value);
            return [];
          }
          const { code, fault, hint } = place.error;
          const way = columns.has(name) ? hint : `${hint} Name those of the input: ${columnsFlag(name, size ?? 2)}.`;
          const message = `"${file}" ${fault}, which the input ${name} reads as ${type}.`;
          return [{ code, path: "", file, message, hint: way }];
        }),
      );
      if (missing.length > 0) return missing;
      return wanted.flatMap(({ name, size, columns: own }): readonly RunProblem[] => {
        if (size === undefined || size === own.length) return [];
        const has = `has ${formatCount(own.length, "column")} of "${file}": ${listFirst(own, MAX_COLUMNS)}`;
        const message = `The input ${name} reads ${formatCount(size, "number")} of a row, but ${has}.`;
        const hint = `Name ${formatCount(size, "column")}: ${columnsFlag(name, size)}.`;
        return [{ code: "table-columns", path: "", file, message, hint }];
      });
    },
    row({ fields, line }) {
      const row = lines.push(line) - 1;
      return wanted.flatMap(({ name, columns: own, values }) =>
        own.flatMap((column, index): readonly RunProblem[] => {
          const field = fields[places.get(column) ?? -1] ?? "";
          const isClass =
            name === "targets" &&
            classes !== null &&
            labels.length === values.length &&
            (labels.length > 0 || isName(field));
          if (isClass) labels.push(field);
          const value = parseNumber(field);
          const isNumber = !Number.isNaN(value);
          isIntegers &&= Number.isInteger(value) || !isNumber;
          values.push(value);
          if (isClass ? isName(field) : isNumber) return [];
          const [what, hint] = isClass && isNumber ? numberAmongNames : fault(field);
          return [cellProblem(cellOf(own, row * own.length + index), what, hint)];
        }),
      );
    },
  });
  if (problems.length > 0) return fail(problems);
  const classNames = [...new Set(labels)].sort();
  if (labels.length > 0 && classNames.length !== classes) {
    const message = `The targets of "${file}" have ${formatCount(classNames.length, "name")} of classes: ${listFirst(classNames, 10)}; the model has ${formatCount(classes ?? 0, "class", "classes")}.`;
    const hint = "Replace each name by its id in the model, from 0.";
    return fail([{ code: "classes", path: "", file, message, hint }]);
  }
  const ids = new Map(classNames.map((name, id) => [name, id]));
  return ok({
    notices: classNotices(classNames),
    names,
    read: new Set(places.keys()),
    cellOf: (port, index) => cellOf(columns.get(port) ?? [port], index),
    arrays: new Map(
      wanted.map(({ name, columns: own, values }) => {
        const rows = values.length / own.length;
        const shape = own.length === 1 ? [rows] : [rows, own.length];
        const numbers = name === "targets" && ids.size > 0 ? labels.map((label) => ids.get(label) ?? 0) : values;
        return [name, { shape, isInteger: isIntegers, values: Float64Array.from(numbers) }] as const;
      }),
    ),
  });
}

/** The numbers that a port reads of a row; undefined for an axis of any size, and for several axes. */
function rowSize({ shape }: Port): number | undefined {
  const axes = shape.slice(1, shape.at(-1) === 1 ? -1 : undefined);
  const [size = 1] = axes;
  return axes.length <= 1 && typeof size === "number" ? size : undefined;
}

/** --columns x=COLUMN,COLUMN,COLUMN */
function columnsFlag(name: string, size: number): string {
  const list = Array.from({ length: Math.min(size, MAX_COLUMNS) }, () => "COLUMN").join(",");
  return `--columns ${name}=${list}${size > MAX_COLUMNS ? ",…" : ""}`;
}

/** The notice of the ids of classes that the file names. */
function classNotices(names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const ids = names.slice(0, 20).map((name, id) => `${id} ${name}`);
  return [
    `Classes in alphabetical order: ${ids.join(", ")}${names.length > 20 ? ", …" : ""}. Where the model has another order, write its ids.`,
  ];
}

/** True for a text that may name a class. */
function isName(field: string): boolean {
  return !isMissing(field) && !field.startsWith("[") && Number.isNaN(parseNumber(field));
}

const numberAmongNames = ["is a number among names of classes", "Write names of classes in all rows, or ids."] as const;

/** The fault of a field that is no number, and its hint. */
function fault(field: string): readonly [what: string, hint: string] {
  if (isMissing(field)) return ["has no value", "Remove the row, or fill in the value."];
  if (field.startsWith("[")) {
    const hint = "Write each number into a column of its own, or store the arrays in an .npz file.";
    return ["has an array, no number", hint];
  }
  return [`is ${quote(field)}, no number`, "Inputs are numbers; classes are ids from 0, or names in all rows."];
}
