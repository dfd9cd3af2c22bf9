/** The check of an option of a cell or a layer, by its default and its variants. */
import { formatValue, joinWithOr, nearest, quote } from "../diagnostics/suggest.js";
import { isObject, type Json, type JsonObject } from "../json-pointer.js";
import type { SchemaProblem } from "./deduplicate.js";

const maxOption = 1e9;
/** The variant for all values without one. */
const otherwise = "otherwise";

/**
 * An option's value has the type of its default; a string is one of the option's variants, or the name of an activation
 * where a variant is for all others.
 */
export function checkOption(
  key: string,
  value: Json,
  path: string,
  definition: JsonObject,
  activations: readonly string[],
): readonly SchemaProblem[] {
  const defaultValue = isObject(definition.options) ? definition.options[key] : undefined;
  const variants = isObject(definition.variants) ? definition.variants[key] : undefined;
  const listed = isObject(variants) ? Object.keys(variants) : [];
  const isOpen = typeof defaultValue === "string" && listed.includes(otherwise);
  const choices = isOpen
    ? [...new Set([...listed.filter((name) => name !== otherwise), ...activations.filter((name) => name !== "none")])]
    : listed;
  const problem = (expected: string, hint: string): SchemaProblem => ({
    code: typeof value === typeof defaultValue ? "wrong-value" : "wrong-type",
    path,
    message: `${quote(key)} must be ${expected}, but is ${formatValue(value)}.`,
    hint,
  });
  if (typeof defaultValue === "number") {
    if (typeof value === "number" && Math.abs(value) <= maxOption) return [];
    return [problem(typeof value === "number" ? `a number from ${-maxOption} to ${maxOption}` : "a number", "")];
  }
  if (typeof defaultValue === "boolean") return typeof value === "boolean" ? [] : [problem("true or false", "")];
  if (typeof defaultValue !== "string" || choices.length === 0) return [];
  if (typeof value === "string" && choices.includes(value)) return [];
  if (isOpen && isObject(value))
    return [problem("the name of an activation", `Define one with these options in "activations", and name it.`)];
  const closest = typeof value === "string" ? nearest(value, choices) : undefined;
  const expected = isOpen ? "the name of an activation" : joinWithOr(choices.map(quote));
  return [problem(expected, closest === undefined ? "" : `Did you mean ${quote(closest)}?`)];
}
