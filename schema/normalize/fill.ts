/** Defaults of the schema, filled in at every level of a value. */

import type { RecordOrigin } from "../diagnostics/source-map.js";
import { child, isList, isObject, type Json } from "../json-pointer.js";
import { branchOf, dereference, type Schema } from "../json-schema.js";

/**
 * A copy of `value` with the defaults of `schema`, keys in the schema's order. The origin of every object and list of
 * the copy is recorded. `T` is the normal type of the schema.
 */
export function fillDefaults<T>(value: unknown, schema: Schema, path: string, recordOrigin: RecordOrigin): T {
  return fillValue(value as Json, schema, path, recordOrigin) as T;
}

function fillValue(value: Json, reference: Schema, path: string, recordOrigin: RecordOrigin): Json {
  const schema = dereference(reference);
  if (isObject(value)) {
    const [variant, ...variants] = (schema.anyOf ?? [])
      .map(dereference)
      .filter(({ properties }) => properties !== undefined);
    if (variant !== undefined && variants.length === 0) return fillValue(value, variant, path, recordOrigin);
    if (schema.discriminator !== undefined) return fillValue(value, branchOf(schema, value), path, recordOrigin);
    const { properties, additionalProperties: entries } = schema;
    if (typeof entries !== "object")
      return properties === undefined
        ? value
        : recordOrigin(fillProperties(value, properties, path, recordOrigin), path);
    const others = Object.fromEntries(Object.entries(value).filter(([key]) => !Object.hasOwn(properties ?? {}, key)));
    return recordOrigin(
      {
        ...fillProperties(value, properties ?? {}, path, recordOrigin),
        ...mapEntries(others, (entry, key) => fillValue(entry, entries, child(path, key), recordOrigin)),
      },
      path,
    );
  }
  if (isList(value)) {
    const { items } = schema;
    return items === undefined
      ? value
      : recordOrigin(
          value.map((item, index) => fillValue(item, items, child(path, index), recordOrigin)),
          path,
        );
  }
  return value;
}

function fillProperties(
  value: Readonly<Record<string, Json>>,
  properties: Readonly<Record<string, Schema>>,
  path: string,
  recordOrigin: RecordOrigin,
): Record<string, Json> {
  const result: Record<string, Json> = {};
  for (const [key, property] of Object.entries(properties)) {
    const entry = Object.hasOwn(value, key) ? value[key] : defaultOf(property, value, properties);
    // Only editors use `$schema`.
    if (entry !== undefined && key !== "$schema")
      result[key] = fillValue(entry, property, child(path, key), recordOrigin);
  }
  return result;
}

/** A key's default, which may depend on another key: epsilon on the optimizer's variant. */
function defaultOf(
  property: Schema,
  value: Readonly<Record<string, Json>>,
  properties: Readonly<Record<string, Schema>>,
): Json | undefined {
  const [rule] = Object.entries(property["x-default-by"] ?? {});
  if (rule === undefined) return property.default;
  const [key, defaults] = rule;
  return defaults[String(value[key] ?? properties[key]?.default)];
}

function mapEntries(
  value: Readonly<Record<string, Json>>,
  change: (entry: Json, key: string) => Json,
): Record<string, Json> {
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, change(entry, key)]));
}
