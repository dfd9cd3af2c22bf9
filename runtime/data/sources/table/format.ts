/** The format of the files of a table: delimiter, comments and header, and what a file with types of its own does not have. */
import { child } from "../../../../schema/json-pointer.js";
import { hasKinds } from "../../../../schema/kinds/columns.js";
import type { NormalColumnKind, NormalTableData } from "../../../../schema/normal/index.js";
import type { RunProblem } from "../../../problem.js";
import type { CsvFormat } from "../../formats/csv.js";
import { withoutGz } from "../../formats/file-chunks.js";
import { firstName } from "../../formats/file-list.js";
import { isTyped, tableFormatOf } from "../../formats/table-file.js";

export function tableFormat({ file, delimiter: own, comment, header }: NormalTableData): CsvFormat {
  const delimiter = own ?? (/\.tsv$/i.test(withoutGz(firstName(file))) ? "\t" : ",");
  const delimiterHint = (detected: string) => {
    const keep = own === null ? ` (or to ${JSON.stringify(delimiter)} to keep it)` : "";
    return `Set data.delimiter to ${JSON.stringify(detected)}${keep}.`;
  };
  return { delimiter, isDelimiterSet: own !== null, delimiterHint, comment, header };
}

/** The data with another file: one with types of its own has neither a delimiter nor a notation of numbers. */
export function withFile(data: NormalTableData, file: string): NormalTableData {
  const format = tableFormatOf(file);
  if (format === "text") return { ...data, file };
  // Texts in lines of JSON have the notation of the table.
  if (format === "json") return { ...data, file, delimiter: null, header: "auto" };
  const { columns } = data;
  const withoutNotation = (kind: NormalColumnKind): NormalColumnKind =>
    kind.type === "number" ? { ...kind, decimal: null, thousands: null, unit: null } : kind;
  return {
    ...data,
    file,
    delimiter: null,
    header: "auto",
    decimal: ".",
    thousands: null,
    columns: hasKinds(columns)
      ? Object.fromEntries(Object.entries(columns).map(([name, kind]) => [name, withoutNotation(kind)]))
      : columns,
  };
}

/** The problems of a decimal mark or a separator of thousands for numbers that are no text. */
export function checkNotation({ file, decimal, thousands, columns }: NormalTableData): readonly RunProblem[] {
  if (!isTyped(file)) return [];
  const kinds = columns === null || Array.isArray(columns) ? [] : Object.entries(columns);
  const settings = [
    ["/data", { decimal, thousands }] as const,
    ...kinds.flatMap(([name, kind]) => (kind.type === "number" ? [[child("/data/columns", name), kind] as const] : [])),
  ];
  return settings.flatMap(([path, { decimal: mark, thousands: separator }]) => {
    const key = mark === "," ? "decimal" : separator !== null && separator !== "" ? "thousands" : null;
    if (key === null) return [];
    const message = `The numbers of "${file}" are no text, and have no notation.`;
    return [{ code: "table-format", path: child(path, key), message, hint: `Remove "${key}".` }];
  });
}
