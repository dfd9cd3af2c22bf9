/**
 * Inline arrays of a spec. They may be large, so one linear pass checks them, and the compiled schema validates the
 * spec without them: its cost grows with the square of the number of errors.
 */

import { formatInteger } from "../counts.js";
import { formatValue } from "../diagnostics/suggest.js";
import { child, isList, isObject, type Json, type JsonObject } from "../json-pointer.js";
import { nameOf, type SchemaProblem } from "./deduplicate.js";

/** Limit of values outside arrays. */
const maxValues = 20_000;

/** The data of a spec if it may have inline arrays. Lists in tables and pairs are names or texts. */
function arraysData(spec: Json): JsonObject | undefined {
  if (!isObject(spec) || !isObject(spec.data)) return undefined;
  return spec.data.type === "table" || spec.data.type === "pairs" ? undefined : spec.data;
}

/** The spec with an empty list for every inline array of `data`. */
export function withoutArrays(spec: Json): Json {
  if (!isObject(spec) || !isObject(spec.data) || arraysData(spec) === undefined) return spec;
  return { ...spec, data: mapArrays(spec.data, () => []) };
}

function mapArrays(object: JsonObject, change: (list: readonly Json[]) => Json): JsonObject {
  const entries = Object.entries(object).map(([key, value]): [string, Json] => {
    if (isList(value)) return [key, change(value)];
    return [key, isObject(value) ? mapArrays(value, change) : value];
  });
  return Object.fromEntries(entries);
}

/** The first entry of each inline array that is neither a number nor a list. */
export function checkArrays(spec: Json): readonly SchemaProblem[] {
  const data = arraysData(spec);
  return data === undefined ? [] : checkArraysUnder(data, "/data");
}

function checkArraysUnder(object: JsonObject, path: string): readonly SchemaProblem[] {
  return Object.entries(object).flatMap(([key, value]): readonly SchemaProblem[] => {
    const valuePath = child(path, key);
    if (isObject(value)) return checkArraysUnder(value, valuePath);
    const invalid = isList(value) ? firstInvalid(value, valuePath) : undefined;
    if (invalid === undefined) return [];
    const message = `${nameOf(invalid.path)} must be a number or a list of numbers, but is ${formatValue(invalid.value)}.`;
    return [{ code: "wrong-type", path: invalid.path, message }];
  });
}

function firstInvalid(
  list: readonly Json[],
  path: string,
): { readonly path: string; readonly value: Json } | undefined {
  for (const [index, value] of list.entries()) {
    if (typeof value === "number") continue;
    if (!isList(value)) return { path: child(path, index), value };
    const invalid = firstInvalid(value, child(path, index));
    if (invalid !== undefined) return invalid;
  }
  return undefined;
}

/** A problem if a spec without its arrays has too many values. */
export function checkSize(spec: Json): readonly SchemaProblem[] {
  if (countValues(spec, maxValues) <= maxValues) return [];
  const message = `The spec has more than ${formatInteger(maxValues)} values outside its arrays.`;
  return [{ code: "too-many-values", path: "", message, hint: "Check that this is the right file." }];
}

/** The number of nested values; counting stops above `limit`. */
function countValues(value: Json, limit: number): number {
  let count = 1;
  for (const entry of isList(value) ? value : isObject(value) ? Object.values(value) : []) {
    count += countValues(entry, limit - count);
    if (count > limit) break;
  }
  return count;
}
