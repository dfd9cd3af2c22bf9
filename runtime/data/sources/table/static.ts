/** Columns with one value in each series, as inputs of a window: the checks, the arrays and their signature. */
import { type Signature, vocabularySize } from "../../../../compiler/signature.js";
import { quote } from "../../../../schema/diagnostics/suggest.js";
import { child } from "../../../../schema/json-pointer.js";
import { idInputs } from "../../../../schema/kinds/columns.js";
import { staticInput } from "../../../../schema/kinds/horizon.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import { listFirst } from "../../../format.js";
import type { RunProblem } from "../../../problem.js";
import { fail, ok, type Result } from "../../../result.js";
import type { NumericArray } from "../../../tensors/array.js";
import { gatherRows } from "../../batching/windows.js";
import type { TableRows } from "./contents.js";
import { featuresOf, type IdSeries, isFeature, type TableInputs } from "./inputs.js";
import { iterateRows } from "./row-order.js";
import { namesOf } from "./row-series.js";

/** The inputs of one value for each window. */
export interface StaticInputs {
  /** Places in the features of `inputs`. */
  readonly features: readonly number[];
  /** Names of inputs of ids. */
  readonly ids: readonly string[];
}

type Read = Pick<
  TableRows,
  "columns" | "specNames" | "inputs" | "kinds" | "targets" | "values" | "starts" | "texts" | "lineOf" | "groupOf"
>;

/** Null without such columns. */
export function staticInputs(
  data: Pick<NormalTableData, "static" | "file">,
  read: Read,
  ids: readonly Pick<IdSeries, "name" | "column">[],
): Result<StaticInputs | null> {
  const { static: wanted, file } = data;
  if (wanted === null) return ok(null);
  const features = featuresOf(read);
  const places: number[] = [];
  const names: string[] = [];
  const columns: { readonly column: number; readonly path: string }[] = [];
  const problems = wanted.flatMap((name, position): readonly RunProblem[] => {
    const column = read.columns.findIndex((each, index) => each === name || read.specNames[index] === name);
    const path = child("/data/static", position);
    const shown = `Column ${quote(name)} of "${file}"`;
    const problem = (message: string, hint: string) => [{ code: "static", path, message: `${shown} ${message}`, hint }];
    if (column < 0 || !read.inputs.includes(column))
      return problem("is no input.", "Add it to data.columns, or correct its name.");
    if (read.kinds[column]?.type === "date")
      return problem("is a date, which is read in each row.", "Remove it from data.static.");
    if (read.targets.some(({ use, columns: own }) => use !== null && own.includes(column)))
      return problem("is a target.", "Remove it from data.static.");
    columns.push({ column, path });
    for (const [place, feature] of features.entries()) if (feature.column === column) places.push(place);
    for (const id of ids) if (id.column.column === name) names.push(id.name);
    return [];
  });
  if (problems.length > 0) return fail(problems);
  const changes = changesOf(
    read,
    columns.map(({ column }) => column),
  );
  const changed = columns.flatMap(({ column, path }): readonly RunProblem[] => {
    const row = changes.get(column);
    if (row === undefined) return [];
    const line = read.lineOf(row);
    const series = namesOf(read.groupOf(row)).join(", ");
    const message = `${file}:${line}: Column ${quote(read.columns[column] ?? "")} has another value than before in the series ${quote(series)}.`;
    return [{ code: "static", path, file, line, message, hint: "Remove it from data.static, or correct the value." }];
  });
  return changed.length > 0 ? fail(changed) : ok({ features: places.sort((a, b) => a - b), ids: names });
}

/** The first row of each column with another value than the first row of its series; an empty field has none. */
function changesOf(
  { columns, values, starts, texts }: Pick<Read, "columns" | "values" | "starts" | "texts">,
  watched: readonly number[],
): ReadonlyMap<number, number> {
  const changes = new Map<number, number>();
  const first = new Map<number, number>();
  const isEmpty = (column: number, value: number) => Number.isNaN(value) || texts.get(column)?.[value] === "";
  let [row, series] = [0, 0];
  for (const numbers of iterateRows(values, columns.length)) {
    const isFirst = row === starts[series];
    if (isFirst) series += 1;
    for (const column of watched) {
      const value = numbers[column] ?? Number.NaN;
      if (isFirst) first.set(column, value);
      else if (!changes.has(column) && !isEmpty(column, value) && value !== first.get(column)) changes.set(column, row);
    }
    row += 1;
  }
  return changes;
}

/** A notice of input columns with one value in each of several series, which none of the windows need in every row. */
export function constantNotices(data: NormalTableData, read: Read & Pick<TableRows, "rows">): readonly string[] {
  if (data.static !== null || data.group === null || data.window === null || read.starts.length < 2) return [];
  const targets = new Set(read.targets.flatMap(({ columns }) => columns));
  const watched = read.inputs.filter((column) => !targets.has(column) && read.kinds[column]?.type !== "date");
  const names = watched
    .filter((column) => data.known_future?.includes(read.columns[column] ?? "") !== true)
    .filter((column) => data.group?.some((name) => String(name) === read.specNames[column]) !== true);
  const changes = names.length === 0 ? new Map() : changesOf(read, names);
  const constant = names.filter((column) => !changes.has(column)).map((column) => read.columns[column] ?? "");
  if (constant.length === 0 || read.rows === read.starts.length) return [];
  const shown = listFirst(
    constant.map((name) => JSON.stringify(name)),
    8,
  );
  const isConstant = (name: string) => constant.includes(name);
  const inputs = [
    ...(watched.some((column) => isFeature(read.kinds[column]) && isConstant(read.columns[column] ?? ""))
      ? [null]
      : []),
    ...idInputs(data).flatMap(({ name, column }) => (isConstant(column) ? [name] : [])),
  ].map((name) => staticInput(name));
  return [
    `Columns with one value in each series of "${data.file}": ${shown}. With "static" in the data a layer reads them once for each window, "from": ${listFirst(inputs.map(quote), 8)}.`,
  ];
}

/** The arrays [batch, features] and the ids [batch] of windows, by their first rows. */
export function staticArrays(
  { features, ids }: StaticInputs,
  inputs: TableInputs,
  starts: ArrayLike<number>,
): readonly (readonly [string, NumericArray])[] {
  const idArrays = inputs.ids.flatMap(({ name, ids: data }) =>
    ids.includes(name)
      ? [[staticInput(name), gatherRows({ dtype: "int32", width: 1, data }, starts, [0], [starts.length])] as const]
      : [],
  );
  if (inputs.numbers === null || features.length === 0) return idArrays;
  const { width } = inputs.numbers;
  const all = gatherRows(inputs.numbers, starts, [0], [starts.length, width]);
  const data = Float32Array.from({ length: starts.length * features.length }, (_, index) =>
    Number(all.data[Math.floor(index / features.length) * width + (features[index % features.length] ?? 0)]),
  );
  return [[staticInput(null), { dtype: "float32", shape: [starts.length, features.length], data }], ...idArrays];
}

/** The signature with the inputs of one value for each window. @param features their number. */
export function withStatic(
  signature: Signature,
  { features, ids }: { readonly features: number; readonly ids: readonly string[] },
): Signature {
  const arrays = [
    ...(features === 0 ? [] : [[staticInput(null), { dtype: "float32", shape: ["batch", features] }] as const]),
    ...ids.map((name) => [staticInput(name), { dtype: "int32", shape: ["batch"] }] as const),
  ];
  if (arrays.length === 0) return signature;
  const sizes = ids.map((name) => [vocabularySize(staticInput(name)), signature.sizes[vocabularySize(name)] ?? name]);
  return {
    ...signature,
    side_inputs: { ...signature.side_inputs, ...Object.fromEntries(arrays) },
    sizes: { ...signature.sizes, ...Object.fromEntries(sizes) },
  };
}
