/** The problem of a value of another type or range: what is legal, what is given, and what to write. */
import { formatCount, formatInteger } from "../counts.js";
import { formatValue, nearest, quote } from "../diagnostics/suggest.js";
import { isObject, type Json } from "../json-pointer.js";
import { branchesOf, propertiesOf, propertyOf, type Schema } from "../json-schema.js";
import { nameOf, type SchemaProblem } from "./deduplicate.js";
import { expectation, legalStrings } from "./describe.js";

interface ValueError {
  readonly keyword: string;
  readonly parentSchema: Schema;
  readonly data: Json;
}

/** @param errors of one value. */
export function wrongValue(path: string, errors: readonly ValueError[]): SchemaProblem {
  for (const { data, parentSchema } of errors) {
    const limit = exceededLength(data, parentSchema);
    if (limit !== undefined) return { code: "wrong-value", path, ...tooLong(nameOf(path), String(data), limit) };
  }
  const union = errors.find((error) => error.keyword === "anyOf");
  const { data, parentSchema } = union ?? (errors[0] as ValueError);
  const isTypeError = errors.every(({ keyword }) => keyword === "type" || keyword === "anyOf");
  return {
    code: isTypeError ? "wrong-type" : "wrong-value",
    path,
    message: `${nameOf(path)} must be ${expectation(parentSchema)}, but is ${formatValue(data)}.`,
    hint: valueHint(data, parentSchema),
  };
}

/** The limit in characters of a string that would be valid without it. A pattern such as `^[a-z][a-z0-9]{0,63}$` has one. */
export function exceededLength(data: Json, { maxLength, pattern }: Schema): number | undefined {
  if (typeof data !== "string") return undefined;
  if (maxLength !== undefined && [...data].length > maxLength) return maxLength;
  const [quantifier, first, last] = /\{([01]),(\d+)\}/.exec(pattern ?? "") ?? [];
  if (pattern === undefined || quantifier === undefined) return undefined;
  const unlimited = pattern.replace(quantifier, "*");
  const isTooLong = !new RegExp(pattern, "u").test(data) && new RegExp(unlimited, "u").test(data);
  return isTooLong && data !== "" ? Number(last) + 1 - Number(first) : undefined;
}

export function tooLong(name: string, text: string, limit: number): Pick<SchemaProblem, "message" | "hint"> {
  return {
    message: `${name} has ${formatCount([...text].length, "character")}, more than the limit of ${formatInteger(limit)}.`,
    hint: "Shorten it.",
  };
}

/** The key of the branches of a union that has a text as a value: "type" of "squared_error". */
function tagFor(data: Json, union: Schema): string | undefined {
  if (typeof data !== "string") return undefined;
  return ["type", "layer", "cell"].find((tag) =>
    branchesOf(union).some(
      (branch) => Object.hasOwn(propertiesOf(branch), tag) && legalStrings(propertyOf(branch, tag)).includes(data),
    ),
  );
}

function valueHint(data: Json, schema: Schema): string {
  // `true` for an option with names, such as "bidirectional": "concat".
  if (typeof data === "boolean") {
    const legal = legalStrings(schema);
    const name = data ? schema.examples?.find((example) => legal.includes(String(example))) : "none";
    return legal.includes(String(name)) ? `Write ${quote(String(name))}.` : "";
  }
  const isObjectAlone = expectation(schema).startsWith("an object");
  const example = isObjectAlone && !isObject(data) ? (schema.examples ?? []).find(isObject) : undefined;
  const tag = tagFor(data, schema);
  if (tag !== undefined) return `Write { ${quote(tag)}: ${quote(String(data))} }.`;
  if (example !== undefined) return `For example ${JSON.stringify(example)}.`;
  if (typeof data !== "string") return "";
  if (schema.type === "array") return `Write a list: [${quote(data)}].`;
  const closest = suggestionHint(data, legalStrings(schema));
  if (closest !== "") return closest;
  const expectsLiteral = /\b(number|integer|true)\b/.test(expectation(schema));
  return expectsLiteral && /^(true|false|-?\d+(\.\d+)?([eE][+-]?\d+)?)$/.test(data.trim())
    ? `Write ${data.trim()} without quotes.`
    : "";
}

export function suggestionHint(word: string, candidates: readonly string[]): string {
  const closest = nearest(word, candidates);
  return closest === undefined ? "" : `Did you mean ${quote(closest)}?`;
}
