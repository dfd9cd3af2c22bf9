/** Writes the TypeScript that follows from the schemas: spec.types.ts, normal/types.ts and kinds/data.ts. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { compile } from "json-schema-to-typescript";
import { kindsData, normalTypes } from "./generate-normal.mjs";

const folder = fileURLToPath(new URL(".", import.meta.url));
const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));

/** Titles name types. Titles of keys are for editors and would create a type for each key. */
function untitledKeys(schema) {
  if (Array.isArray(schema)) return schema.map(untitledKeys);
  if (typeof schema !== "object" || schema === null) return schema;
  // The generator reads a choice by a condition as a union; of an object that is a choice of keys.
  if (schema.if !== undefined && schema.properties === undefined)
    return { anyOf: [untitledKeys(schema.then), untitledKeys(schema.else)] };
  const copy = {};
  for (const [key, value] of Object.entries(schema)) {
    // The generator misreads or ignores these keywords.
    if (["discriminator", "dependentRequired", "not", "if", "then", "else", "examples", "propertyNames"].includes(key))
      continue;
    if (key.startsWith("x-")) continue;
    // Mutually exclusive keys are left to the validator.
    if (key === "oneOf" && value.every((branch) => branch.$ref === undefined)) continue;
    copy[key] = key === "properties" ? mapValues(value, withoutTitle) : untitledKeys(value);
  }
  // In TypeScript the type of all other keys includes that of the named ones.
  const { properties, additionalProperties } = copy;
  if (properties !== undefined && typeof additionalProperties === "object")
    copy.additionalProperties = { anyOf: [additionalProperties, ...Object.values(properties)] };
  return copy;
}

function withoutTitle({ title: _, ...schema }) {
  return untitledKeys(schema.$ref === undefined ? schema : { $ref: schema.$ref });
}

function mapValues(record, change) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

/** The text of spec.types.ts. */
export async function specTypes() {
  // The generator needs one schema. No name is defined in both.
  const { $defs, ...cell } = untitledKeys(read("cell.schema.json"));
  const spec = untitledKeys(read("spec.schema.json"));
  const joined = { ...spec, $defs: { ...spec.$defs, ...$defs, cell_definition: cell } };
  const schema = JSON.parse(
    JSON.stringify(joined)
      .replaceAll("cell.schema.json#", "#")
      .replaceAll('"cell.schema.json"', '"#/$defs/cell_definition"'),
  );
  return compile(schema, "Spec", {
    cwd: folder,
    bannerComment:
      "/** The spec language as types. Written by generate-types.mjs from spec.schema.json and cell.schema.json. */",
    ignoreMinAndMaxItems: true,
    unknownAny: true,
    style: { printWidth: 120 },
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const write = (name, text) => writeFileSync(new URL(name, import.meta.url), text);
  write("spec.types.ts", await specTypes());
  write("normal/types.ts", normalTypes());
  write("kinds/data.ts", kindsData());
}
