/** Errors of the compiled schema as problems: one for each mistake, in words, with the legal values. */

import { formatValue, joinWithAnd, joinWithOr, nearest, quote, suggestion } from "../diagnostics/suggest.js";
import { child, isObject, type Json, type JsonObject } from "../json-pointer.js";
import { branchesOf, dereference, propertiesOf, propertyOf, type Schema } from "../json-schema.js";
import { nameOf, type SchemaProblem } from "./deduplicate.js";
import { legalStrings } from "./describe.js";
import { exceededLength, suggestionHint, tooLong, wrongValue } from "./wrong-value.js";

/** An error of ajv with `verbose`: with the schema of the keyword, and the invalid value. */
export interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly parentSchema: Schema;
  readonly data: Json;
  readonly propertyName?: string;
}

/** Names of the user's own kinds, by the title of the union that they extend. */
export type OwnNames = Readonly<Record<string, readonly string[]>>;

export function explainErrors(errors: readonly SchemaError[], ownNames: OwnNames): readonly SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  /** Errors of a value's type or range by its path. They become one problem. */
  const valueErrors = new Map<string, SchemaError[]>();
  for (const error of errors) {
    // Branches of `oneOf` only list keys that exclude one another; the keyword itself reports those. The branch of a
    // condition reports its errors.
    if (/\/oneOf\/\d/.test(error.schemaPath) || error.propertyName !== undefined || error.keyword === "if") continue;
    const explain = Object.hasOwn(explainers, error.keyword) ? explainers[error.keyword] : undefined;
    const explanation = explain?.(error, errors, ownNames);
    if (explanation !== undefined) problems.push(...explanation);
    else valueErrors.set(error.instancePath, [...(valueErrors.get(error.instancePath) ?? []), error]);
  }
  const structuralPaths = problems.flatMap(({ path }) => [path, ...ancestorsOf(path)]);
  const unionPaths = new Set([...structuralPaths, ...[...valueErrors.keys()].flatMap(ancestorsOf)]);
  for (const [path, pathErrors] of valueErrors) {
    // In a union, the error of the intended branch is more precise: `inputs[0][1]`, not `inputs`.
    if (!unionPaths.has(path)) problems.push(wrongValue(path, pathErrors));
  }
  return problems;
}

/** The ancestors of a path, including the root. */
function ancestorsOf(path: string): readonly string[] {
  const slashes = [...path.matchAll(/\//g)];
  return slashes.map(({ index }) => path.slice(0, index));
}

type Explain = (
  error: SchemaError,
  all: readonly SchemaError[],
  ownNames: OwnNames,
) => readonly SchemaProblem[] | undefined;

const explainers: Readonly<Record<string, Explain>> = {
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
  dependentRequired: (error, allErrors) => {
    const missing = String(error.params.missingProperty);
    const exclusiveChoice = allErrors.find(
      (other) => other.keyword === "oneOf" && other.instancePath === error.instancePath,
    );
    if (exclusiveChoice !== undefined && exclusiveKeys(exclusiveChoice.parentSchema).includes(missing)) return [];
    const property = String(error.params.property);
    const path = missing === "cell" ? child(error.instancePath, property) : error.instancePath;
    if (missing !== "cell") return [missingKey(error.instancePath, [missing], error.parentSchema)];
    return [
      {
        code: "misplaced-key",
        path,
        atKey: true,
        message: `The key "${property}" needs "${missing}".`,
        hint: `Move it to the entries of "cells".`,
      },
    ];
  },
  discriminator: ({ instancePath, params, parentSchema, data }, allErrors, ownNames) => {
    // The key of the other branch of a condition, such as `block`.
    const condition = allErrors.find((other) => other.keyword === "if" && other.instancePath === instancePath);
    const alternatives = condition === undefined ? [] : requiredOf(condition.parentSchema.if as Schema);
    const tag = String(params.tag);
    const names = ownNames[parentSchema.title ?? ""] ?? [];
    return [unknownTag(instancePath, tag, data as JsonObject, parentSchema, { alternatives, names })];
  },
  oneOf: ({ instancePath, params, parentSchema, data }, allErrors) => {
    if (!isObject(data)) return [];
    const keys = exclusiveKeys(parentSchema);
    if (
      allErrors.some(
        (other) =>
          keys.some((key) => other.instancePath === child(instancePath, key)) && !other.schemaPath.includes("/oneOf/"),
      )
    )
      return [];
    return Array.isArray(params.passingSchemas)
      ? [conflict(instancePath, keys, parentSchema)]
      : [missingKey(instancePath, keys, parentSchema)];
  },
  not: ({ instancePath, parentSchema, data }) =>
    isObject(data) ? [conflict(instancePath, requiredOf(parentSchema.not as Schema), parentSchema)] : [],
  minProperties: ({ instancePath, parentSchema }) => {
    const keys = Object.keys(propertiesOf(parentSchema));
    return keys.length === 0 ? undefined : [missingKey(instancePath, keys, parentSchema)];
  },
  maxProperties: ({ instancePath, parentSchema, data }) => {
    const keys = Object.keys(propertiesOf(parentSchema)).filter((key) => isObject(data) && Object.hasOwn(data, key));
    // With fewer than two legal keys, the others are reported as unknown.
    return keys.length < 2 ? [] : [conflict(instancePath, keys, parentSchema)];
  },
  uniqueItems: ({ instancePath, params, data }) => {
    const index = Math.max(Number(params.i), Number(params.j));
    const item = Array.isArray(data) ? (data[index] ?? null) : null;
    const message = `${nameOf(instancePath)} has ${formatValue(item)} twice.`;
    return [{ code: "repeated-item", path: child(instancePath, index), message, hint: "Remove one of them." }];
  },
  propertyNames: ({ instancePath, params, parentSchema }) => {
    const name = String(params.propertyName);
    const schema = dereference(parentSchema.propertyNames as Schema);
    const limit = exceededLength(name, schema);
    const text =
      limit === undefined
        ? {
            message: `${quote(name)} is not a valid name in ${nameOf(instancePath)}.`,
            hint: `Write ${schema.$comment}.`,
          }
        : tooLong(`The name ${quote(name)} in ${nameOf(instancePath)}`, name, limit);
    return [{ code: "wrong-name", path: child(instancePath, name), atKey: true, ...text }];
  },
};

export function unknownKey(path: string, key: string, legalKeys: readonly string[], owner: string): SchemaProblem {
  const keys = legalKeys.filter((other) => other !== "$schema");
  return {
    code: "unknown-key",
    path: child(path, key),
    atKey: true,
    message: `Unknown key ${quote(key)} in ${owner}.`,
    hint: suggestion(key, keys, "Keys"),
    suggestedKey: nearest(key, keys),
  };
}

export function titleOf(schema: Schema): string {
  return `the ${schema.title}`;
}

function missingKey(path: string, keys: readonly string[], parent: Schema): SchemaProblem {
  const [key = ""] = keys;
  const example = propertyOf(parent, key).examples?.[0];
  const names = keys.map((name) => `"${name}"`);
  return {
    code: "missing-key",
    path,
    message: `Missing key ${joinWithOr(names)} in ${titleOf(parent)}.`,
    hint: `For example "${key}": ${JSON.stringify(example)}.`,
    missing: keys,
  };
}

function conflict(path: string, keys: readonly string[], parent: Schema): SchemaProblem {
  const names = keys.map((key) => `"${key}"`);
  return {
    code: "conflicting-keys",
    path: child(path, String(keys.at(-1))),
    atKey: true,
    message: `${joinWithAnd(names)} cannot both be given in ${titleOf(parent)}.`,
    hint: "Keep one of them.",
  };
}

/** Keys of which an object has exactly one. */
function exclusiveKeys(schema: Schema): readonly string[] {
  return branchesOf(schema).flatMap(requiredOf);
}

function requiredOf({ required = [] }: Schema): readonly string[] {
  return required;
}

/** An object whose tag (`type`, `layer`) is missing, misspelled or unknown. */
function unknownTag(
  path: string,
  tag: string,
  data: JsonObject,
  union: Schema,
  { alternatives, names }: { readonly alternatives: readonly string[]; readonly names: readonly string[] },
): SchemaProblem {
  const branches = branchesOf(union);
  const tagValues = [...branches.flatMap((branch) => legalStrings(propertyOf(branch, tag))), ...names];
  const value = data[tag];
  const owner = nameOf(path);
  const ownHint = ownKindHints[union.title ?? ""] ?? "";
  if (value === undefined) {
    const tags = [tag, ...alternatives];
    const legalKeys = new Set(branches.flatMap((branch) => Object.keys(propertiesOf(branch))));
    const misspelled = Object.keys(data).find((key) => !legalKeys.has(key) && nearest(key, tags) !== undefined);
    if (misspelled !== undefined) return unknownKey(path, misspelled, tags, owner);
    const isDefinition = ownHint !== "" && definitionIn(data);
    return {
      code: "missing-key",
      path,
      message: `Missing key ${joinWithOr(tags.map(quote))} in ${owner}.`,
      hint: isDefinition
        ? ownHint
        : `${alternatives.length === 0 ? "One of" : `For ${quote(tag)} one of`}: ${tagValues.join(", ")}.`,
      missing: tags,
    };
  }
  const message = `${nameOf(child(path, tag))} of ${owner} cannot be ${formatValue(value)}.`;
  const closest = typeof value === "string" ? suggestionHint(value, tagValues) : "";
  const ownKind = ownHint === "" ? "" : ` ${ownHint}`;
  const hint = closest === "" ? `One of: ${tagValues.join(", ")}.${ownKind}` : closest;
  return { code: "unknown-value", path: child(path, tag), message, hint };
}

/** The definition of a kind of the user's own, by the title of the union that it extends. */
const ownKindHints: Readonly<Record<string, string>> = {
  layer: 'Define one of your own in "layers": { "name": { "equations": … } }.',
  loss: 'Define one of your own in "losses": { "name": { "equations": … } }, and use it in "loss": { "type": "name" }.',
  metric: 'Define one of your own in "metrics": { "name": { "equations": … } }.',
  optimizer: 'Define one of your own in "optimizers": { "name": { "equations": … } }.',
  schedule: 'Define one of your own in "schedules": { "name": { "equations": … } }.',
};

/** True for equations, or an object with equations under a name, where a use of a kind is expected. */
function definitionIn(data: JsonObject): boolean {
  return [data, ...Object.values(data)].some((value) => isObject(value) && Object.hasOwn(value, "equations"));
}
