/** Defaults: every key that the schema gives a default is there afterwards, all the way down. */
import { branchOf, resolve, type Schema } from "../contract.js";
import type { Mark } from "../origins.js";
import { child, isList, isObject, type Json } from "../pointer.js";

/**
 * A copy of `value` with the defaults of `schema`, keys in the schema's order. Every object and list of the copy is
 * marked with its path. `T` is the normal type that the schema, so filled, describes.
 */
export function fill<T>(value: unknown, schema: Schema, path: string, mark: Mark): T {
  return filled(value as Json, schema, path, mark) as T;
}

function filled(value: Json, reference: Schema, path: string, mark: Mark): Json {
  const schema = resolve(reference);
  if (isObject(value)) {
    const [only, ...others] = (schema.anyOf ?? []).map(resolve).filter(({ properties }) => properties !== undefined);
    if (only !== undefined && others.length === 0) return filled(value, only, path, mark);
    if (schema.discriminator !== undefined) return filled(value, branchOf(schema, value), path, mark);
    if (schema.properties !== undefined) return mark(filledProperties(value, schema.properties, path, mark), path);
    const entries = schema.additionalProperties;
    if (typeof entries !== "object") return value;
    return mark(
      mapped(value, (entry, key) => filled(entry, entries, child(path, key), mark)),
      path,
    );
  }
  if (isList(value)) {
    const { items } = schema;
    return items === undefined
      ? value
      : mark(
          value.map((item, index) => filled(item, items, child(path, index), mark)),
          path,
        );
  }
  return value;
}

function filledProperties(
  value: Readonly<Record<string, Json>>,
  properties: Readonly<Record<string, Schema>>,
  path: string,
  mark: Mark,
): Record<string, Json> {
  const result: Record<string, Json> = {};
  for (const [key, property] of Object.entries(properties)) {
    const given = Object.hasOwn(value, key) ? value[key] : property.default;
    // `$schema` is for editors alone.
    if (given !== undefined && key !== "$schema") result[key] = filled(given, property, child(path, key), mark);
  }
  return result;
}

function mapped(
  value: Readonly<Record<string, Json>>,
  change: (entry: Json, key: string) => Json,
): Record<string, Json> {
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, change(entry, key)]));
}
