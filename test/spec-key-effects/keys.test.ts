/** Every accepted key has an effect: flipping it changes the models, the data that is fed, or the order of a run. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Effects, effectsOf, type Json } from "./effects.js";
import { keyEffects } from "./table.js";

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

interface Schema {
  readonly properties?: Readonly<Record<string, Schema & { readonly const?: unknown }>>;
  readonly $defs?: Readonly<Record<string, Schema>>;
}
const read = (path: string) => JSON.parse(readFileSync(pathOf(path), "utf8")) as Schema;

/** `definition.key` of every key, but those that only say which kind an object is, and `$schema`, which is for editors. */
function keysOf(schema: Schema, name: string): readonly string[] {
  const ownKeys = Object.entries(schema.properties ?? {}).flatMap(([key, { const: kind }]) =>
    kind !== undefined || key === "$schema" ? [] : [`${name}.${key}`],
  );
  const parts = [...Object.entries(schema.properties ?? {}), ...Object.entries(schema.$defs ?? {})];
  return [...ownKeys, ...parts.flatMap(([inner, subschema]) => keysOf(subschema, inner))];
}

const onnxKeys = ["operator", "activations", "linear_before_reset", "states", "W", "R", "Wb", "Rb", "P"];

/** Keys that explain, and parts that stand where their owner's flip stands. */
const coveredKeys = new Set([
  "own.description",
  "activation_definition.description",
  "layer_definition.description",
  "loss_definition.description",
  "metric_custom.description",
  "loss_next_to_definitions.loss",
  "loss_or_losses.loss",
  "optimizer_definition.description",
  "schedule_definition.description",
  ...["slots", "equations"].map((key) => `optimizer_variant.${key}`),
  "schedule_variant.equations",
  ...["parameters", "initializers", "equations", "output"].map((key) => `layer_variant.${key}`),
  ...["state", "parameters", "initializers", "equations", "output", "onnx"].map((key) => `variant.${key}`),
  ...onnxKeys.flatMap((key) => [`onnx_mapping.${key}`, `onnx_changes.${key}`]),
  ...["every", "prompt", "length", "temperature"].map((key) => `sample.${key}`),
  ...["metric", "patience", "minimum_delta", "mode"].map((key) => `early_stopping.${key}`),
  ...["metric", "mode"].map((key) => `keep_best.${key}`),
]);
const keys = [...keysOf(read("schema/spec.schema.json"), "spec"), ...keysOf(read("schema/cell.schema.json"), "own")];

it("the table has every key of the schema", () => {
  expect(keys.filter((key) => !(key in keyEffects) && !coveredKeys.has(key))).toEqual([]);
  expect(Object.keys(keyEffects).filter((key) => !keys.includes(key))).toEqual([]);
});

describe("flipping a key changes something", () => {
  const cache = new Map<string, Promise<Effects>>();
  const cachedEffects = (spec: Json) => {
    const text = JSON.stringify(spec);
    const result = cache.get(text) ?? effectsOf(spec);
    cache.set(text, result);
    return result;
  };
  it.each(Object.entries(keyEffects))("%s", async (_, flip) => {
    if ("testedBy" in flip) {
      expect(existsSync(pathOf(flip.testedBy))).toBe(true);
      return;
    }
    const [before, after] = await Promise.all([cachedEffects(flip[0]), cachedEffects(flip[1])]);
    if (after.data === before.data) expect(await after.models()).not.toBe(await before.models());
  });
});
