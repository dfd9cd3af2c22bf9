/** Columns of a file of rows (CSV, JSON lines, Parquet, Arrow) as the arrays of the data ports of a training step. */
import type { Port } from "../../../compiler/artifact.js";
import { quote } from "../../../schema/diagnostics/suggest.js";
import { findColumn } from "../../data/formats/columns.js";
import type { ParsedArray } from "../../data/formats/convert-array.js";
import type { CsvFormat } from "../../data/formats/csv.js";
import { isMissing, parseNumber } from "../../data/formats/number-notation.js";
import { readTableFile } from "../../data/formats/table-file.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";

/** Names of columns in order, by the name of a port; a port without an entry reads the column of its own name. */
export type PortColumns = ReadonlyMap<string, readonly string[]>;

export interface PortTable {
  /** Names of all columns. */
  readonly names: readonly string[];
  readonly arrays: ReadonlyMap<string, ParsedArray>;
  /** Names of the columns that a port reads. */
  readonly read: ReadonlySet<string>;
}

/** The most problems of values. */
const MAX_PROBLEMS = 5;

const formatOf = (file: string): CsvFormat => ({
  delimiter: /\.tsv(?:\.gz)?$/i.test(file) ? "\t" : ",",
  isDelimiterSet: false,
  delimiterHint: () => "Separate the fields by commas, or by tabs in a .tsv file.",
  comment: "",
  header: true,
});

/** Reads the columns of the ports: [rows] of one column, [rows, columns] of several. */
export async function readPortTable(
  file: string,
  ports: readonly Port[],
  columns: PortColumns,
): Promise<Result<PortTable>> {
  const problems: RunProblem[] = [];
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
  const wanted = ports.map(({ name, dtype, shape }) => ({
    name,
    type: `${dtype} [${shape.join(", ")}]`,
    columns: columns.get(name) ?? [name],
    values: [] as number[],
  }));
  const places = new Map<string, number>();
  let names: readonly string[] = [];
  let isIntegers = true;
  const read = await readTableFile({ file, folder: ".", path: "" }, formatOf(file), {
    columns(found) {
      names = found;
      return wanted.flatMap(({ name, type, columns: own }) =>
        own.flatMap((column): readonly RunProblem[] => {
          const place = findColumn(column, found);
          if (place.ok) {
            places.set(column, place.value);
            return [];
          }
          const { code, fault, hint } = place.error;
          const way = columns.has(name) ? hint : `${hint} Name those of the input: --columns ${name}=COLUMN,COLUMN.`;
          return [
            {
              code,
              path: "",
              file,
              message: `"${file}" ${fault}, which the input ${name} reads as ${type}.`,
              hint: way,
            },
          ];
        }),
      );
    },
    row({ fields, line }) {
      if (problems.length >= MAX_PROBLEMS) return [];
      for (const { columns: own, values } of wanted)
        for (const column of own) {
          const field = fields[places.get(column) ?? -1] ?? "";
          const value = parseNumber(field);
          isIntegers &&= Number.isInteger(value);
          values.push(value);
          if (!Number.isNaN(value) || problems.length >= MAX_PROBLEMS) continue;
          const what = isMissing(field) ? "has no value" : `is ${quote(field)}, no number`;
          const hint = isMissing(field)
            ? "Remove the row, or fill in the value."
            : "Inputs are numbers; classes are ids from 0.";
          const message = `${file}:${line}: The column ${quote(column)} ${what}.`;
          problems.push({ code: "table-value", path: "", file, line, message, hint });
        }
      return [];
    },
  });
  const all = [...read, ...problems];
  if (all.length > 0) return fail(all);
  return ok({
    names,
    read: new Set(places.keys()),
    arrays: new Map(
      wanted.map(({ name, columns: own, values }) => {
        const rows = values.length / own.length;
        const shape = own.length === 1 ? [rows] : [rows, own.length];
        return [name, { shape, isInteger: isIntegers, values: Float64Array.from(values) }] as const;
      }),
    ),
  });
}
