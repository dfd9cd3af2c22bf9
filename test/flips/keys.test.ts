/** Every accepted key has an effect: flipping it changes the models, the data that is fed, or the order of a run. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { fingerprint, type Json } from "./fingerprint.js";
import { flips } from "./table.js";

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

interface Schema {
  readonly properties?: Readonly<Record<string, Schema & { readonly const?: unknown }>>;
  readonly $defs?: Readonly<Record<string, Schema>>;
}
const read = (path: string) => JSON.parse(readFileSync(at(path), "utf8")) as Schema;

/** `definition.key` of every key, but those that only say which kind an object is, and `$schema`, which is for editors. */
function keysOf(schema: Schema, name: string): readonly string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, { const: kind }]) =>
    kind !== undefined || key === "$schema" ? [] : [`${name}.${key}`],
  );
  const parts = [...Object.entries(schema.properties ?? {}), ...Object.entries(schema.$defs ?? {})];
  return [...own, ...parts.flatMap(([inner, part]) => keysOf(part, inner))];
}

const onnxKeys = ["operator", "activations", "linear_before_reset", "states", "W", "R", "Wb", "Rb", "P"];

/** Keys that explain, and parts that stand where their owner's flip stands. */
const covered = new Set([
  "own.description",
  ...["state", "parameters", "initializers", "equations", "output", "onnx"].map((key) => `variant.${key}`),
  ...onnxKeys.flatMap((key) => [`onnx_mapping.${key}`, `onnx_changes.${key}`]),
  ...["every", "prompt", "length", "temperature"].map((key) => `sample.${key}`),
  ...["metric", "patience", "minimum_delta", "mode"].map((key) => `early_stopping.${key}`),
  ...["metric", "mode"].map((key) => `keep_best.${key}`),
]);
const keys = [...keysOf(read("schema/spec.schema.json"), "spec"), ...keysOf(read("schema/cell.schema.json"), "own")];

it("the table has every key of the schema", () => {
  expect(keys.filter((key) => !(key in flips) && !covered.has(key))).toEqual([]);
  expect(Object.keys(flips).filter((key) => !keys.includes(key))).toEqual([]);
});

describe("flipping a key changes something", () => {
  const known = new Map<string, Promise<string>>();
  const of = (spec: Json) => {
    const text = JSON.stringify(spec);
    const made = known.get(text) ?? fingerprint(spec);
    known.set(text, made);
    return made;
  };
  it.each(Object.entries(flips))("%s", async (_, flip) => {
    if ("shownBy" in flip) {
      expect(existsSync(at(flip.shownBy))).toBe(true);
      return;
    }
    const [before, after] = await Promise.all(flip.map(of));
    expect(after).not.toBe(before);
  });
});
