/** The inputs of a table as series: its numbers, ids of categories and of calendar features, and tokens of texts. */
import type { createHash } from "node:crypto";
import { type ArraySignature, type Signature, sideTimeAxis, vocabularySize } from "../../../../compiler/signature.js";
import { type IdInput, idInputs, periods } from "../../../../schema/kinds/columns.js";
import type { NormalColumnKind, NormalTableData } from "../../../../schema/normal/index.js";
import { listFirst } from "../../../format.js";
import type { NumericArray } from "../../../tensors/array.js";
import { type FloatSeries, gatherWindows, type WindowLayout } from "../../batching/windows.js";
import { dateFeature } from "../../formats/date-values.js";
import { compareLabels } from "../../labels.js";
import type { IdColumn, TableMetadata } from "../../metadata.js";
import type { TableRows } from "./contents.js";
import { iterateRows } from "./row-order.js";
import { type TextSeries, textArrays } from "./texts.js";

/** The ids of an input by row. */
export interface IdSeries {
  readonly name: string;
  readonly ids: Int32Array;
  /** The number of ids. */
  readonly size: number;
  readonly column: IdColumn;
}

export interface TableInputs {
  /** Null for a table without numbers, whose first ids, or texts, are the main input. */
  readonly numbers: FloatSeries | null;
  readonly ids: readonly IdSeries[];
  readonly texts: readonly TextSeries[];
}

/** True for a column whose values are a feature of `inputs`. */
export function isFeature(kind: NormalColumnKind | null | undefined): boolean {
  return kind == null || kind.type === "number" || kind.type === "boolean";
}

/** A feature of `inputs`: the values of a column, or 1 where they are missing. */
export interface Feature {
  readonly name: string;
  readonly column: number;
  readonly isIndicator: boolean;
}

/** The features in order: the columns of numbers and booleans, then the indicators of missing values. */
export function featuresOf({
  columns,
  inputs,
  kinds,
}: Pick<TableRows, "columns" | "inputs" | "kinds">): readonly Feature[] {
  const features = inputs.filter((column) => isFeature(kinds[column]));
  const values = features.map((column) => ({ name: columns[column] ?? "", column, isIndicator: false }));
  const indicators = values.filter(({ column }) => hasIndicator(kinds[column]));
  return [
    ...values,
    ...indicators.map(({ name, column }) => ({ name: `${name} (missing)`, column, isIndicator: true })),
  ];
}

export function hasIndicator(kind: NormalColumnKind | null | undefined): boolean {
  return (kind?.type === "number" || kind?.type === "boolean") && kind.indicator;
}

/** The value of a feature in a row. @param fill the values of columns in place of missing ones. */
export function featureValue(row: ArrayLike<number>, feature: Feature, fill: number | undefined): number {
  const value = row[feature.column] ?? 0;
  if (feature.isIndicator) return Number.isNaN(value) ? 1 : 0;
  return Number.isNaN(value) ? (fill ?? 0) : value;
}

/**
 * The ids of a table, by the categories of the marked rows.
 *
 * @param fitted the ids of a run's metadata, in place of those of the marked rows.
 */
export function fitIds(
  data: NormalTableData,
  rows: Pick<TableRows, "rows" | "columns" | "values" | "kinds" | "texts" | "specNames">,
  marks: Uint8Array | null,
  fitted: TableMetadata["ids"],
): { readonly series: readonly IdSeries[]; readonly notices: readonly string[] } {
  const inputs = idInputs(data).map((input) => ({ input, column: rows.specNames.indexOf(input.column) }));
  const series = inputs.map(({ input, column }) => ({ input, column, ids: new Int32Array(rows.rows) }));
  let row = 0;
  if (series.length > 0)
    for (const values of iterateRows(rows.values, rows.columns.length)) {
      for (const { input, column, ids } of series) {
        const value = values[column] ?? 0;
        ids[row] = input.feature === null ? value : dateFeature(value, input.feature);
      }
      row += 1;
    }
  const notices: string[] = [];
  const finished = series.map(({ input, column, ids }): IdSeries => {
    const { name, feature } = input;
    if (feature !== null) return { name, ids, size: periods[feature], column: { column: input.column, feature } };
    const texts = rows.texts.get(column) ?? [];
    const own = fitted?.[name];
    const categories =
      own !== undefined && "categories" in own ? own.categories : fitCategories(input, texts, ids, marks);
    const { idOf, unknown } = categoryIds(texts, categories, ids, own === undefined ? marks : null);
    if (unknown.length > 0) notices.push(unknownNotice(input.column, unknown));
    for (const [index, text] of ids.entries()) ids[index] = idOf[text] ?? 0;
    return { name, ids, size: categories.length + 2, column: { column: input.column, categories } };
  });
  return { series: finished, notices };
}

/** The categories of the marked rows with enough rows, sorted. */
function fitCategories(
  { kind }: IdInput,
  texts: readonly string[],
  numbers: Int32Array,
  marks: Uint8Array | null,
): readonly string[] {
  const counts = new Uint32Array(texts.length);
  for (const [row, text] of numbers.entries()) if (marks?.[row] !== 0) counts[text] = (counts[text] ?? 0) + 1;
  const least = kind.type === "category" ? kind.min_count : 1;
  return texts.filter((text, index) => text !== "" && (counts[index] ?? 0) >= least).sort(compareLabels);
}

/**
 * The id of each text: of categories in order, then of empty fields, then of other values. `unknown` are the texts that
 * the marked rows lack.
 */
function categoryIds(
  texts: readonly string[],
  categories: readonly string[],
  numbers: Int32Array,
  marks: Uint8Array | null,
): { readonly idOf: Int32Array; readonly unknown: readonly string[] } {
  const known = new Map(categories.map((category, id) => [category, id]));
  const missing = categories.length;
  const idOf = Int32Array.from(texts, (text) => (text === "" ? missing : (known.get(text) ?? missing + 1)));
  const present = new Set(numbers);
  const seen = new Set(marks === null ? [] : numbers.filter((_, row) => marks[row] === 1));
  const isUnknown = (text: string, index: number) =>
    present.has(index) && (marks === null ? text !== "" && !known.has(text) : !seen.has(index));
  return { idOf, unknown: texts.filter(isUnknown) };
}

function unknownNotice(column: string, unknown: readonly string[]): string {
  const shown = listFirst(
    unknown.map((text) => (text === "" ? "an empty field" : JSON.stringify(text))),
    5,
  );
  return `Column "${column}" has values that the training split lacks: ${shown}. Unknown values share one id, whose weights are untrained unless "min_count" is above 1.`;
}

/** The arrays of windows. A series of ids has one id for each row. @param rows true for single rows without time. */
export function inputArrays(
  { numbers, ids, texts }: TableInputs,
  layout: WindowLayout,
  indices: ArrayLike<number>,
  rows = false,
): readonly (readonly [string, NumericArray])[] {
  const leading = rows ? [indices.length] : [indices.length, layout.length];
  const idArrays = ids.map(({ name, ids: data }, index) => {
    const array = gatherWindows({ dtype: "int32", width: 1, data }, layout, indices, leading);
    return [numbers === null && index === 0 ? "inputs" : name, array] as const;
  });
  const isWithoutIds = numbers === null && ids.length === 0;
  const others = [
    ...idArrays,
    ...texts.flatMap((text, index) => textArrays(text, indices, isWithoutIds && index === 0)),
  ];
  if (numbers === null) return others;
  return [["inputs", gatherWindows(numbers, layout, indices, [...leading, numbers.width])], ...others];
}

/** The signature of the inputs. @param width of `inputs`; null for a table without numbers. */
export function inputsSignature(
  width: number | string | null,
  ids: readonly SizedInput[],
  texts: readonly SizedInput[],
  rows = false,
): Pick<Signature, "inputs" | "main_input" | "side_inputs" | "lengths" | "side_lengths" | "sizes"> {
  const leading = rows ? ["batch"] : ["batch", "time"];
  const idArray: ArraySignature = { dtype: "int32", shape: leading };
  const lengths: ArraySignature = { dtype: "int64", shape: ["batch"] };
  const textArray = (axis: string): ArraySignature => ({ dtype: "int32", shape: ["batch", axis] });
  const main = width === null ? (ids[0] ?? texts[0]) : undefined;
  const isText = main !== undefined && main === texts[0];
  const sideTexts = texts.filter((text) => text !== main).map(({ name }) => name);
  const side = [
    ...ids.filter((input) => input !== main).map(({ name }) => [name, idArray] as const),
    ...sideTexts.map((name) => [name, textArray(sideTimeAxis(name))] as const),
  ];
  return {
    inputs: isText ? textArray("time") : main ? idArray : { dtype: "float32", shape: [...leading, width ?? 0] },
    ...(main && { main_input: main.name }),
    ...(side.length > 0 && { side_inputs: Object.fromEntries(side) }),
    ...(isText && { lengths }),
    ...(sideTexts.length > 0 && { side_lengths: Object.fromEntries(sideTexts.map((name) => [name, lengths])) }),
    sizes: {
      ...(width !== null && { features: width }),
      ...Object.fromEntries([...ids, ...texts].map(({ name, size }) => [vocabularySize(name), size])),
    },
  };
}

/** The typical number of steps of the time axis of each text; of that of `inputs` as `time`. */
export function expectedSteps({ numbers, ids, texts }: TableInputs): Readonly<Record<string, number>> {
  const isMain = (index: number) => numbers === null && ids.length === 0 && index === 0;
  return Object.fromEntries(
    texts.map(({ name, ids: tokens, starts }, index) => [
      isMain(index) ? "time" : sideTimeAxis(name),
      Math.max(1, Math.round(tokens.length / Math.max(1, starts.length - 1))),
    ]),
  );
}

/** An input of ids with its number of ids. */
interface SizedInput {
  readonly name: string;
  readonly size: number | string;
}

export function updateDigest(digest: ReturnType<typeof createHash>, { numbers, ids, texts }: TableInputs): void {
  if (numbers !== null) for (const chunk of numbers.data.chunks()) digest.update(chunk);
  for (const { ids: data, column } of ids) digest.update(JSON.stringify(column)).update(data);
  for (const { ids: data, starts, column } of texts) digest.update(JSON.stringify(column)).update(data).update(starts);
}
