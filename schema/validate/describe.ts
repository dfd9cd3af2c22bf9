/** Legal values of a schema in words: "an integer from 1 to 1000000", "true or false", "\"mean\" or \"sum\"". */

import { joinWithOr } from "../diagnostics/suggest.js";
import { dereference, type Schema } from "../json-schema.js";

const typeNames: Readonly<Record<string, string>> = {
  string: "a string",
  boolean: "true or false",
  object: "an object",
  array: "a list",
};

/** Each alternative in words, without null, which only normal specs contain. */
function alternatives(reference: Schema): readonly string[] {
  const schema = dereference(reference);
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.flatMap(alternatives))];
  if (schema.const !== undefined) return [JSON.stringify(schema.const)];
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value));
  if (schema.$comment !== undefined) return [schema.$comment];
  const types = [schema.type as string | readonly string[]].flat();
  return types.filter((type) => type !== "null").map((type) => describeType(type, schema));
}

function describeType(type: string, schema: Schema): string {
  if (type === "integer") return `an integer${range(schema)}`;
  if (type === "number") return `a number${range(schema)}`;
  if (type === "string" && schema.minLength !== undefined) return "a non-empty string";
  if (type === "array" && schema.minItems !== undefined)
    return `a list of ${schema.minItems} to ${schema.maxItems} entries`;
  if (type === "object" && schema.minProperties !== undefined) return "an object with at least one entry";
  return String(typeNames[type]);
}

function range(schema: Schema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const bounds: string[] = [];
  if (minimum !== undefined) bounds.push(`of at least ${minimum}`);
  if (exclusiveMinimum !== undefined) bounds.push(`above ${exclusiveMinimum}`);
  if (maximum !== undefined) bounds.push(`at most ${maximum}`);
  if (exclusiveMaximum !== undefined) bounds.push(`below ${exclusiveMaximum}`);
  return ` ${bounds.join(" and ")}`;
}

/** All legal values of a schema in words. */
export function expectation(schema: Schema): string {
  return joinWithOr(alternatives(schema));
}

/** The string constants that a schema allows. */
export function legalStrings(reference: Schema): readonly string[] {
  const schema = dereference(reference);
  const values = schema.anyOf?.flatMap(legalStrings) ?? schema.enum ?? [schema.const];
  return values.filter((value) => typeof value === "string");
}
