/** A row of a table with kinds as inputs of the model: scaled numbers, ids of categories and dates, tokens of texts. */
import { lengthsOfInput } from "../../compiler/signature.js";
import { dateFeature } from "../../runtime/data/formats/date-values.js";
import { type FieldReader, fieldReader } from "../../runtime/data/formats/field-readers.js";
import type { TableMetadata, TextColumn } from "../../runtime/data/metadata.js";
import { scalerOf, scaleValue } from "../../runtime/data/scaler.js";
import type { Batch } from "../../runtime/data/source.js";
import { blankTokens } from "../../runtime/data/vocabulary/text-tokenizer.js";
import { tokenize } from "../../runtime/data/vocabulary/tokens.js";
import { ok, type Result } from "../../runtime/result.js";
import type { NumericArray } from "../../runtime/tensors/array.js";
import type { TableForm } from "../../runtime/web/page-manifest.js";
import type { NormalColumnKind } from "../../schema/normal/index.js";
import { invalid } from "./parse-lines.js";

/** The reader of the values of a control: a control of dates has ISO 8601 in place of the format of the file. */
function controlReader(kind: NormalColumnKind, form: TableForm): FieldReader {
  return fieldReader(kind.type === "date" ? { ...kind, format: null } : kind, form);
}

/** One row as a batch. @param values of the controls by column. */
export function rowBatch(
  values: ReadonlyMap<string, string>,
  form: TableForm,
  { columns, ids = {}, texts = {}, scaler, fill = {} }: TableMetadata,
): Result<Batch> {
  const numbers = new Map<string, number>();
  for (const { name, kind } of form.columns) {
    if (kind.type === "category" || kind.type === "text") continue;
    const { read, isMissing, faultOf } = controlReader(kind, form);
    const text = (values.get(name) ?? "").trim();
    const isEmpty = isMissing(text);
    const number = isEmpty ? Number.NaN : read(text);
    numbers.set(name, number);
    const isFilled = kind.type !== "date" && Object.hasOwn(fill, name);
    if (isEmpty && !isFilled) return invalid(`${name} is empty.`);
    if (!isEmpty && Number.isNaN(number))
      return invalid(`${name} is "${text}", ${faultOf(text)?.what ?? "which is no number"}.`);
  }
  const features = columns.map((feature) => {
    const column = numbers.has(feature) ? feature : feature.replace(/ \(missing\)$/, "");
    const number = numbers.get(column) ?? Number.NaN;
    const isEmpty = Number.isNaN(number);
    const value = column === feature ? (isEmpty ? (fill[column] ?? 0) : number) : Number(isEmpty);
    const scaling = scalerOf(scaler, feature);
    return scaling === undefined ? value : scaleValue(value, scaling);
  });
  const batch = new Map<string, NumericArray>();
  const add = (name: string, data: Int32Array, shape: readonly number[]) =>
    batch.set(batch.size === 0 ? "inputs" : name, { dtype: "int32", shape, data });
  if (columns.length > 0)
    batch.set("inputs", { dtype: "float32", shape: [1, columns.length], data: Float32Array.from(features) });
  for (const [name, column] of Object.entries(ids)) {
    const id =
      "feature" in column
        ? dateFeature(numbers.get(column.column) ?? Number.NaN, column.feature)
        : categoryId(values.get(column.column) ?? "", column.categories);
    add(name, Int32Array.of(id), [1]);
  }
  for (const [name, column] of Object.entries(texts)) {
    const tokens = tokensOf(values.get(column.column) ?? "", column);
    const lengths = batch.size === 0 ? "lengths" : lengthsOfInput(name);
    add(name, tokens, [1, tokens.length]);
    batch.set(lengths, { dtype: "int64", shape: [1], data: BigInt64Array.of(BigInt(tokens.length)) });
  }
  return ok(batch);
}

/** After the categories come the id of an empty field and that of other values. */
function categoryId(text: string, categories: readonly string[]): number {
  const id = categories.indexOf(text);
  return id >= 0 ? id : categories.length + (text === "" ? 0 : 1);
}

function tokensOf(text: string, column: TextColumn): Int32Array {
  const { vocabulary, tokenizer, max_length } = column;
  const units = tokenize(text, column).slice(0, max_length);
  const blank = tokenizer === undefined ? [] : blankTokens(tokenizer);
  const known = (units.length > 0 ? units : blank).map((unit) => Math.max(0, vocabulary.indexOf(String(unit))));
  return Int32Array.from(known.length > 0 ? known : [0]);
}
