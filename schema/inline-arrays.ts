/**
 * Arrays written into the spec: they may be large, so they are checked in one linear walk of their own, and the compiled
 * schema, whose cost grows with the square of the number of errors, sees the spec without them.
 */
import { type Finding, nameOf } from "./finding.js";
import { child, isList, isObject, type Json, type JsonObject } from "./pointer.js";
import { show } from "./wording.js";

/** More than any spec needs outside its arrays. */
const mostValues = 20_000;

/** The data of a spec that may hold arrays: other kinds of data hold lists of names or of texts. */
function arraysData(spec: Json): JsonObject | undefined {
  if (!isObject(spec) || !isObject(spec.data)) return undefined;
  return spec.data.type === "table" || spec.data.type === "pairs" ? undefined : spec.data;
}

/** The spec with every inline array of `data` emptied. */
export function withoutArrays(spec: Json): Json {
  if (!isObject(spec) || !isObject(spec.data) || arraysData(spec) === undefined) return spec;
  return { ...spec, data: mapArrays(spec.data, () => []) };
}

function mapArrays(part: JsonObject, change: (list: readonly Json[]) => Json): JsonObject {
  const changed = Object.entries(part).map(([key, value]): [string, Json] => {
    if (isList(value)) return [key, change(value)];
    return [key, isObject(value) ? mapArrays(value, change) : value];
  });
  return Object.fromEntries(changed);
}

/** The first entry of each inline array that is neither a number nor a list. */
export function findingsOfArrays(spec: Json): readonly Finding[] {
  const data = arraysData(spec);
  return data === undefined ? [] : findingsUnder(data, "/data");
}

function findingsUnder(part: JsonObject, path: string): readonly Finding[] {
  return Object.entries(part).flatMap(([key, value]): readonly Finding[] => {
    const place = child(path, key);
    if (isObject(value)) return findingsUnder(value, place);
    const wrong = isList(value) ? firstWrong(value, place) : undefined;
    if (wrong === undefined) return [];
    const message = `${nameOf(wrong.path)} must be a number or a list of numbers, but is ${show(wrong.value)}.`;
    return [{ code: "wrong-type", path: wrong.path, message }];
  });
}

function firstWrong(list: readonly Json[], path: string): { readonly path: string; readonly value: Json } | undefined {
  for (const [index, value] of list.entries()) {
    if (typeof value === "number") continue;
    if (!isList(value)) return { path: child(path, index), value };
    const wrong = firstWrong(value, child(path, index));
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** Whether a spec without its arrays is of a size that can be a spec. */
export function findingsOfBulk(spec: Json): readonly Finding[] {
  if (countValues(spec, mostValues) <= mostValues) return [];
  const message = `The spec holds more than ${mostValues} values beside its arrays.`;
  return [{ code: "too-many-values", path: "", message, hint: "No spec needs that; is this the right file?" }];
}

/** The number of values in a value, counted until there are more than `limit`. */
function countValues(value: Json, limit: number): number {
  let count = 1;
  for (const entry of isList(value) ? value : isObject(value) ? Object.values(value) : []) {
    count += countValues(entry, limit - count);
    if (count > limit) break;
  }
  return count;
}
