/** The JSON files of a run directory, checked before they are believed: they may be damaged, or another version's. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { maximumBytes } from "../schema/document.js";

/** Whether a value is what it should be. */
type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, Check>>;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text: Check = (value) => typeof value === "string";
const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const nothing: Check = (value) => value === null || value === undefined;
const either = (first: Check, second: Check): Check => {
  return (value) => first(value) || second(value);
};
const list = (check: Check): Check => {
  return (value) => Array.isArray(value) && value.every(check);
};
const members = (check: Check): Check => {
  return (value) => isObject(value) && Object.values(value).every(check);
};
const object = (fields: Fields): Check => {
  return (value) => isObject(value) && Object.entries(fields).every(([name, check]) => check(value[name]));
};

const dims = list(either(count, text));
const tensor = object({ name: text, shape: list(count), initializer: object({ type: text }) });
const port = object({ name: text, role: text, dtype: text, shape: dims });
const ports = object({ inputs: list(port), outputs: list(port) });
const array = object({ dtype: text, shape: dims });
const named = object({ type: text });

/** What the rest of the program reads of each file without looking again. */
const contents = {
  "manifest.json": {
    name: text,
    rnnx: text,
    opset: object({ training: count, inference: count }),
    parameters: list(tensor),
    slots: list(tensor),
    metrics: members(text),
    train: ports,
    eval: ports,
    model: ports,
    stream: either(nothing, ports),
  },
  "spec.json": {
    name: text,
    seed: count,
    data: named,
    cells: members(object({ equations: list(text), options: isObject, state: isObject, parameters: isObject })),
    model: list(object({ layer: text, name: text, from: list(text) })),
    loss: named,
    optimizer: named,
    train: isObject,
  },
  "data.json": {
    metadata: named,
    signature: object({
      inputs: array,
      targets: array,
      lengths: either(nothing, array),
      weights: either(nothing, array),
      side_inputs: either(nothing, members(array)),
      initial_states: either(nothing, members(array)),
      sizes: members(either(count, text)),
      expected: members(count),
    }),
  },
} as const satisfies Readonly<Record<string, Fields>>;

/** Beyond this a file is no record, but something else. */
const largest = 16 * maximumBytes;

export type Recorded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** Parses a file of a run; a reason follows "the run is damaged: ". */
export function readRecorded<T>(folder: string, name: keyof typeof contents): Recorded<T> {
  const value = parsed(join(folder, name));
  if (value === undefined) return { ok: false, reason: `${name} is not JSON` };
  if (!isObject(value)) return { ok: false, reason: `${name} is not a JSON object` };
  const wrong = Object.entries(contents[name]).find(([key, check]) => !check(value[key]));
  if (wrong !== undefined) return { ok: false, reason: `${name} says nothing clear of "${wrong[0]}"` };
  return { ok: true, value: value as T };
}

/** The version of rnnx and the format that a manifest speaks of; undefined where it speaks of none. */
export function versionOf(folder: string): { readonly rnnx: string; readonly format: number } | undefined {
  const manifest = parsed(join(folder, "manifest.json"));
  if (!isObject(manifest)) return undefined;
  const { rnnx, format } = manifest;
  return typeof rnnx === "string" && typeof format === "number" ? { rnnx, format } : undefined;
}

function parsed(file: string): unknown {
  try {
    if (statSync(file).size > largest) return undefined;
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file)));
  } catch {
    return undefined;
  }
}
