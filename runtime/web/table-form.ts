/** The form of a page for single rows of a table with kinds: its columns, and rows of the data to start from. */
import { hasKinds, inputKinds } from "../../schema/kinds/columns.js";
import type { NormalTableData } from "../../schema/normal/index.js";
import { findColumn } from "../data/formats/columns.js";
import { readTableFile } from "../data/formats/table-file.js";
import { tableFormat } from "../data/sources/table/format.js";
import { fail, ok, type Result } from "../result.js";
import type { SampleData, TableForm } from "./page-manifest.js";

/** Rows of the data that a page has. */
const MAX_ROWS = 24;

/** True for a table whose rows a form can edit. */
export function hasForm({ columns, window }: NormalTableData): boolean {
  return window === null && hasKinds(columns);
}

export function tableForm(data: NormalTableData): TableForm {
  const { decimal, thousands } = data;
  return { decimal, thousands, columns: [...(inputKinds(data) ?? [])].map(([name, kind]) => ({ name, kind })) };
}

/** The first rows of the data, as they are written. */
export async function formRows(data: NormalTableData, folder: string): Promise<Result<SampleData>> {
  const { columns } = tableForm(data);
  let places: readonly number[] = [];
  const rows: string[][] = [];
  const problems = await readTableFile({ file: data.file, folder, path: "/data/file" }, tableFormat(data), {
    columns(names) {
      const found = columns.map(({ name }) => findColumn(name, names));
      places = found.map((place, index) => (place.ok ? place.value : Number(columns[index]?.name) - 1));
      return [];
    },
    row({ fields }) {
      if (rows.length < MAX_ROWS) rows.push(places.map((place) => fields[place] ?? ""));
      return [];
    },
  });
  return problems.length > 0 ? fail(problems) : ok({ type: "form", rows });
}
