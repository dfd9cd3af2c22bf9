/** The JSON Schemas of the spec language as data: the source of defaults, legal keys and explanations. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json, JsonObject } from "./json-pointer.js";
import { packageRoot } from "./package-root.js";

/** The keywords of JSON Schema (draft 2020-12) that the two schemas use, and annotations (`x-…`). */
export interface Schema {
  readonly title?: string;
  readonly description?: string;
  /** The legal values of a pattern, in words. */
  readonly $comment?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string | readonly string[];
  readonly const?: Json;
  readonly enum?: readonly Json[];
  readonly default?: Json;
  /** The equation of a kind: x outputs (logits for losses over classes), t targets, p a parameter, g its gradient. */
  readonly "x-equation"?: string;
  /** The publication of a kind. */
  readonly "x-source"?: string;
  /** The default by the value of another key: { "variant": { "torch": 1e-8 } }. */
  readonly "x-default-by"?: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  /** The value is the name of a file, or a list of such names, relative to the spec. */
  readonly "x-file"?: boolean;
  readonly examples?: readonly Json[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly propertyNames?: Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  readonly if?: Schema;
  readonly then?: Schema;
  readonly else?: Schema;
  readonly discriminator?: { readonly propertyName: string };
}

const specFile = "spec.schema.json";
const cellFile = "cell.schema.json";
const files = new Map<string, Schema>();

function schemaFile(name: string): Schema {
  let schema = files.get(name);
  if (schema === undefined) {
    schema = JSON.parse(readFileSync(join(packageRoot(), "schema", name), "utf8")) as Schema;
    files.set(name, schema);
  }
  return schema;
}

export function specSchema(): Schema {
  return schemaFile(specFile);
}

export function cellSchema(): Schema {
  return schemaFile(cellFile);
}

/** The schema that a reference resolves to, with the annotations next to the reference. */
export function dereference(schema: Schema): Schema {
  let resolved = schema;
  while (resolved.$ref !== undefined) {
    const { $ref, ...annotations }: Schema = resolved;
    const name = /#\/\$defs\/(\w+)$/.exec($ref)?.[1];
    resolved = { ...(name === undefined ? schemaFile($ref) : definition(name)), ...annotations };
  }
  return resolved;
}

/** The schemas of an object's keys. */
export function propertiesOf({ properties = {} }: Schema): Readonly<Record<string, Schema>> {
  return properties;
}

/** The schema of a key of an object. */
export function propertyOf(schema: Schema, key: string): Schema {
  return dereference(propertiesOf(schema)[key] as Schema);
}

/** The alternatives of a union, exactly one of which holds. */
export function branchesOf({ oneOf = [] }: Schema): readonly Schema[] {
  return oneOf.map(dereference);
}

/** A definition of either schema. No name is defined in both. */
export function definition(name: string): Schema {
  const schema = specSchema().$defs?.[name] ?? cellSchema().$defs?.[name];
  if (schema === undefined) throw new Error(`the schemas have no definition ${name}`);
  return schema;
}

/** The branch of a tagged union (`type`, `layer`) that a value belongs to. */
export function branchOf(union: Schema, value: JsonObject): Schema {
  const tag = String(union.discriminator?.propertyName);
  const branch = branchesOf(union).find((candidate) => candidate.properties?.[tag]?.const === value[tag]);
  if (branch === undefined) throw new Error(`no branch of the schema has ${tag} ${value[tag]}`);
  return branch;
}

/** Keys of an rnn layer or of a use of a cell that do not depend on the cell: those of the schema without the options that it lists for editors. */
export function structuralKeys(name: "rnn" | "cell"): readonly string[] {
  return Object.entries(propertiesOf(definition(name)))
    .filter(([, property]) => !property.$ref?.startsWith("#/$defs/option_"))
    .map(([key]) => key);
}
