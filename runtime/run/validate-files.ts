/** Validates the JSON files of a run directory, which may be damaged or from another version. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "../../schema/json-pointer.js";
import { maximumBytes } from "../../schema/parse/json.js";
import { fail, ok, type Result } from "../result.js";

type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, Check>>;

const isText: Check = (value) => typeof value === "string";
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isAbsent: Check = (value) => value === null || value === undefined;
const anyOf = (first: Check, second: Check): Check => {
  return (value) => first(value) || second(value);
};
const arrayOf = (check: Check): Check => {
  return (value) => Array.isArray(value) && value.every(check);
};
const mapOf = (check: Check): Check => {
  return (value) => isObject(value) && Object.values(value).every(check);
};
const objectOf = (fields: Fields): Check => {
  return (value) => isObject(value) && Object.entries(fields).every(([name, check]) => check(value[name]));
};

const isDims = arrayOf(anyOf(isCount, isText));
const isTensor = objectOf({ name: isText, shape: arrayOf(isCount), initializer: objectOf({ type: isText }) });
const isPort = objectOf({ name: isText, role: isText, dtype: isText, shape: isDims });
const isPorts = objectOf({ inputs: arrayOf(isPort), outputs: arrayOf(isPort) });
const isArraySignature = objectOf({ dtype: isText, shape: isDims });
const isTyped = objectOf({ type: isText });

/** The members of each file that the program reads without further checks. */
const requiredFields = {
  "manifest.json": {
    name: isText,
    rnnx: isText,
    opset: objectOf({ training: isCount, inference: isCount }),
    parameters: arrayOf(isTensor),
    slots: arrayOf(isTensor),
    metrics: mapOf(isText),
    train: isPorts,
    eval: isPorts,
    model: isPorts,
    stream: anyOf(isAbsent, isPorts),
  },
  "spec.json": {
    name: isText,
    seed: isCount,
    data: isTyped,
    cells: mapOf(objectOf({ equations: arrayOf(isText), options: isObject, state: isObject, parameters: isObject })),
    model: arrayOf(objectOf({ layer: isText, name: isText, from: arrayOf(isText) })),
    losses: arrayOf(isTyped),
    optimizer: isTyped,
    train: isObject,
  },
  "data.json": {
    metadata: objectOf({ type: isText, classes: anyOf(isAbsent, arrayOf(isText)) }),
    signature: objectOf({
      inputs: isArraySignature,
      targets: anyOf(isArraySignature, mapOf(isArraySignature)),
      lengths: anyOf(isAbsent, isArraySignature),
      weights: anyOf(isAbsent, isArraySignature),
      side_lengths: anyOf(isAbsent, mapOf(isArraySignature)),
      side_inputs: anyOf(isAbsent, mapOf(isArraySignature)),
      initial_states: anyOf(isAbsent, mapOf(isArraySignature)),
      sizes: mapOf(anyOf(isCount, isText)),
      expected: mapOf(isCount),
    }),
  },
} as const satisfies Readonly<Record<string, Fields>>;

/** A larger file is rejected before it is read. */
const MAX_FILE_BYTES = 16 * maximumBytes;

export type RunFileResult<T> = Result<T, string>;

/** Parses a file of a run. The error is a clause that names the file. */
export function readRunFile<T>(folder: string, name: keyof typeof requiredFields): RunFileResult<T> {
  const value = parseFile(join(folder, name));
  if (value === undefined) return fail(`${name} is not JSON`);
  if (!isObject(value)) return fail(`${name} is not a JSON object`);
  const invalid = Object.entries(requiredFields[name]).find(([key, check]) => !check(value[key]));
  if (invalid !== undefined) return fail(`${name} has an invalid value for "${invalid[0]}"`);
  return ok(value as T);
}

/** The version and the format in a manifest; undefined where it has none. */
export function readVersion(folder: string): { readonly rnnx: string; readonly format: number } | undefined {
  const manifest = parseFile(join(folder, "manifest.json"));
  if (!isObject(manifest)) return undefined;
  const { rnnx, format } = manifest;
  return typeof rnnx === "string" && typeof format === "number" ? { rnnx, format } : undefined;
}

function parseFile(file: string): unknown {
  try {
    if (statSync(file).size > MAX_FILE_BYTES) return undefined;
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file)));
  } catch {
    return undefined;
  }
}
