/** Errors of the compiled schema as findings: one for each slip, in words, with what may be written instead. */
import { branchesOf, propertiesOf, propertyOf, resolve, type Schema } from "./contract.js";
import { expectation, legalWords } from "./expectation.js";
import { type Finding, nameOf } from "./finding.js";
import { child, isObject, type Json, type JsonObject } from "./pointer.js";
import { either, nearest, quote, show, suggestion } from "./wording.js";

/** An error as ajv reports it with `verbose`: with the schema that holds the keyword, and the value that breaks it. */
export interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly parentSchema: Schema;
  readonly data: Json;
  readonly propertyName?: string;
}

export function findingsOf(errors: readonly SchemaError[]): readonly Finding[] {
  const findings: Finding[] = [];
  /** Errors about a value as such, by its path: they become one sentence. */
  const values = new Map<string, SchemaError[]>();
  for (const error of errors) {
    // Inside `oneOf` stands only which keys go together; the keyword itself reports that.
    if (/\/oneOf\/\d/.test(error.schemaPath) || error.propertyName !== undefined) continue;
    const explain = Object.hasOwn(structural, error.keyword) ? structural[error.keyword] : undefined;
    const explained = explain?.(error, errors);
    if (explained !== undefined) findings.push(...explained);
    else values.set(error.instancePath, [...(values.get(error.instancePath) ?? []), error]);
  }
  const structures = findings.flatMap(({ path }) => [path, ...ancestorsOf(path)]);
  const unions = new Set([...structures, ...[...values.keys()].flatMap(ancestorsOf)]);
  for (const [path, about] of values) {
    // Of a union, the branch that was meant says more: `inputs[0][1]`, not `inputs`.
    if (!unions.has(path)) findings.push(wrongValue(path, about));
  }
  return findings;
}

/** The paths above a path, the root among them. */
function ancestorsOf(path: string): readonly string[] {
  const slashes = [...path.matchAll(/\//g)];
  return slashes.map(({ index }) => path.slice(0, index));
}

type Explain = (error: SchemaError, all: readonly SchemaError[]) => readonly Finding[] | undefined;

const structural: Readonly<Record<string, Explain>> = {
  additionalProperties: ({ instancePath, params, parentSchema }) => [
    unknownKey(
      instancePath,
      String(params.additionalProperty),
      Object.keys(propertiesOf(parentSchema)),
      titleOf(parentSchema),
    ),
  ],
  required: ({ instancePath, params, parentSchema }) => [
    missingKey(instancePath, [String(params.missingProperty)], parentSchema),
  ],
  dependentRequired: (error, all) => {
    const missing = String(error.params.missingProperty);
    const choice = all.find((other) => other.keyword === "oneOf" && other.instancePath === error.instancePath);
    if (choice !== undefined && choiceOf(choice.parentSchema).includes(missing)) return [];
    const property = String(error.params.property);
    const path = missing === "cell" ? child(error.instancePath, property) : error.instancePath;
    if (missing !== "cell") return [missingKey(error.instancePath, [missing], error.parentSchema)];
    return [
      {
        code: "misplaced-key",
        path,
        atKey: true,
        message: `The key "${property}" goes with "${missing}".`,
        hint: `Write it in the entries of "cells".`,
      },
    ];
  },
  discriminator: ({ instancePath, params, parentSchema, data }) => [
    wrongKind(instancePath, String(params.tag), data as JsonObject, parentSchema),
  ],
  oneOf: ({ instancePath, params, parentSchema }, all) => {
    const keys = choiceOf(parentSchema);
    if (
      all.some(
        (other) =>
          keys.some((key) => other.instancePath === child(instancePath, key)) && !other.schemaPath.includes("/oneOf/"),
      )
    )
      return [];
    return Array.isArray(params.passingSchemas)
      ? [conflict(instancePath, keys, parentSchema)]
      : [missingKey(instancePath, keys, parentSchema)];
  },
  not: ({ instancePath, parentSchema }) => [
    conflict(instancePath, requiredOf(parentSchema.not as Schema), parentSchema),
  ],
  minProperties: ({ instancePath, parentSchema }) => {
    const keys = Object.keys(propertiesOf(parentSchema));
    return keys.length === 0 ? undefined : [missingKey(instancePath, keys, parentSchema)];
  },
  maxProperties: ({ instancePath, parentSchema, data }) => {
    const keys = Object.keys(propertiesOf(parentSchema)).filter((key) => isObject(data) && Object.hasOwn(data, key));
    // Fewer than two legal ones: the others are reported as unknown.
    return keys.length < 2 ? [] : [conflict(instancePath, keys, parentSchema)];
  },
  propertyNames: ({ instancePath, params, parentSchema }) => {
    const name = String(params.propertyName);
    const schema = resolve(parentSchema.propertyNames as Schema);
    return [
      {
        code: "wrong-name",
        path: child(instancePath, name),
        atKey: true,
        message: `${quote(name)} cannot be a name in ${nameOf(instancePath)}.`,
        hint: `Write ${schema.$comment}.`,
      },
    ];
  },
};

export function unknownKey(path: string, key: string, legal: readonly string[], where: string): Finding {
  const keys = legal.filter((other) => other !== "$schema");
  return {
    code: "unknown-key",
    path: child(path, key),
    atKey: true,
    message: `Unknown key ${quote(key)} in ${where}.`,
    hint: suggestion(key, keys, "Keys"),
    meant: nearest(key, keys),
  };
}

export function titleOf(schema: Schema): string {
  return `the ${schema.title}`;
}

function missingKey(path: string, keys: readonly string[], parent: Schema): Finding {
  const [key = ""] = keys;
  const example = propertyOf(parent, key).examples?.[0];
  const names = keys.map((name) => `"${name}"`);
  return {
    code: "missing-key",
    path,
    message: `Missing key ${either(names)} in ${titleOf(parent)}.`,
    hint: `For example "${key}": ${JSON.stringify(example)}.`,
    missing: keys,
  };
}

function conflict(path: string, keys: readonly string[], parent: Schema): Finding {
  const names = keys.map((key) => `"${key}"`);
  return {
    code: "conflicting-keys",
    path: child(path, String(keys.at(-1))),
    atKey: true,
    message: `${names.slice(0, -1).join(", ")} and ${names.at(-1)} cannot both be given in ${titleOf(parent)}.`,
    hint: "Keep one of them.",
  };
}

/** The keys of which an object has exactly one. */
function choiceOf(schema: Schema): readonly string[] {
  return branchesOf(schema).flatMap(requiredOf);
}

function requiredOf({ required = [] }: Schema): readonly string[] {
  return required;
}

/** An object whose tag (`type`, `layer`) is missing, misspelt, or names nothing. */
function wrongKind(path: string, tag: string, data: JsonObject, union: Schema): Finding {
  const branches = branchesOf(union);
  const kinds = branches.flatMap((branch) => legalWords(propertyOf(branch, tag)));
  const value = data[tag];
  const where = nameOf(path);
  if (value === undefined) {
    const known = new Set(branches.flatMap((branch) => Object.keys(propertiesOf(branch))));
    const misspelt = Object.keys(data).find((key) => !known.has(key) && nearest(key, [tag]) !== undefined);
    if (misspelt !== undefined) return unknownKey(path, misspelt, [tag], where);
    return {
      code: "missing-key",
      path,
      message: `Missing key "${tag}" in ${where}.`,
      hint: `One of: ${kinds.join(", ")}.`,
      missing: [tag],
    };
  }
  const message = `${nameOf(child(path, tag))} of ${where} must be ${either(kinds.map((kind) => `"${kind}"`))}, but is ${show(value)}.`;
  const hint = typeof value === "string" ? meantHint(value, kinds) : "";
  return { code: "unknown-value", path: child(path, tag), message, hint };
}

function meantHint(word: string, words: readonly string[]): string {
  const meant = nearest(word, words);
  return meant === undefined ? "" : `Did you mean ${quote(meant)}?`;
}

function wrongValue(path: string, errors: readonly SchemaError[]): Finding {
  const union = errors.find((error) => error.keyword === "anyOf");
  const { data, parentSchema } = union ?? (errors[0] as SchemaError);
  const typed = errors.every(({ keyword }) => keyword === "type" || keyword === "anyOf");
  return {
    code: typed ? "wrong-type" : "wrong-value",
    path,
    message: `${nameOf(path)} must be ${expectation(parentSchema)}, but is ${show(data)}.`,
    hint: valueHint(data, parentSchema),
  };
}

function valueHint(data: Json, schema: Schema): string {
  if (typeof data !== "string") return "";
  const meant = meantHint(data, legalWords(schema));
  if (meant !== "") return meant;
  const wanted = /\b(number|true)\b/.test(expectation(schema));
  return wanted && /^(true|false|-?\d+(\.\d+)?([eE][+-]?\d+)?)$/.test(data.trim())
    ? `Write ${data.trim()} without quotes.`
    : "";
}
