/** The files of specs/layers: equations without a problem, the options of the schema, and the nodes of a copy in a spec. */
import onnxProto from "onnx-proto";
import { describe, expect, test } from "vitest";
import { checkDefinition } from "../../../../compiler/language/check/index.js";
import { builtInFunctions } from "../../../../compiler/language/functions/index.js";
import { builtInLayer, builtInLayers } from "../../../../schema/built-in.js";
import { definition, propertiesOf } from "../../../../schema/json-schema.js";
import type { NormalLayerDefinition } from "../../../../schema/normal/index.js";
import { fillDefaults } from "../../../../schema/normalize/fill.js";
import { build } from "../../../support/artifacts.js";
import { problemsOf } from "../../../support/check-spec.js";

const { onnx } = onnxProto;

const spec = (layer: object, layers: object = {}) => ({
  data: {
    type: "arrays",
    inputs: [
      [1, 2, 4],
      [0, 0, 0],
      [2, -1, 3],
    ],
    targets: [[0], [1], [1]],
  },
  layers,
  model: [
    { ...layer, name: "norm" },
    { layer: "dense", size: 1 },
  ],
  loss: { type: "squared_error" },
  optimizer: { type: "adam" },
  train: { batch_size: 3 },
  metrics: [],
});

/** A model as text, its names as numbers in the order of appearance: those of equations are printed for copies only. */
function withoutNames(model: Uint8Array): string {
  const numbers = new Map<string, number>();
  return JSON.stringify(onnx.ModelProto.decode(model), function (this: unknown, key, value: unknown) {
    if (typeof value !== "string" || !(Array.isArray(this) || key === "name" || key === "docString")) return value;
    if (!numbers.has(value)) numbers.set(value, numbers.size);
    return numbers.get(value);
  });
}

const fileOf = (name: string) => {
  const { $schema: _, ...file } = builtInLayer(name) ?? {};
  return file;
};

describe.each(builtInLayers())("%s", (name) => {
  test("is sound under each option, and has the options of the schema", () => {
    const filled = fillDefaults<NormalLayerDefinition>(
      fileOf(name),
      definition("layer_definition"),
      "",
      (part) => part,
    );
    const problems: string[] = [];
    expect(checkDefinition(filled, "layer", builtInFunctions, "", ({ message }) => problems.push(message))).toBe(true);
    expect(problems).toEqual([]);
    const common = ["layer", "name", "from", "weights", "trainable"];
    const options = Object.entries(propertiesOf(definition(name))).filter(([key]) => !common.includes(key));
    expect(filled.options).toEqual(Object.fromEntries(options.map(([key, schema]) => [key, schema.default])));
  });

  const parameters = Object.keys(fileOf(name).variants ?? {});
  const uses = [{ epsilon: 0.01 }, ...parameters.map((option) => ({ [option]: false }))];
  test.each(uses)("with %j is the copy in a spec", async (options) => {
    const builtIn = await build(spec({ layer: name, ...options }));
    const own = await build(spec({ layer: "mine", ...options }, { mine: fileOf(name) }));
    expect(own.artifact.manifest.parameters).toEqual(builtIn.artifact.manifest.parameters);
    expect(withoutNames(own.artifact.train)).toBe(withoutNames(builtIn.artifact.train));
  });
});

describe("names", () => {
  const scaled = (parameter: string, equation: string) => ({
    options: { [parameter]: true },
    equations: ["y = x"],
    variants: { [parameter]: { true: { parameters: { [parameter]: ["input_size"] }, equations: { y: equation } } } },
  });

  test("a parameter may have that of the option that switches it, and of a function that is not called", async () => {
    const layers = { scaled: scaled("shift", "y = x * shift") };
    expect(await problemsOf(spec({ layer: "scaled" }, layers))).toEqual([]);
    expect(await problemsOf(spec({ layer: "scaled", shift: false }, layers))).toEqual([]);
  });

  test.each([
    [scaled("tanh", "y = x * tanh"), '"tanh" is a function already'],
    [scaled("shift", "y = shift(x) * shift"), '"shift" is a function already'],
    [{ options: { g: 1 }, parameters: { g: ["input_size"] }, equations: ["y = x * g"] }, '"g" is an option already'],
  ])("%j", async (layer, message) => {
    expect((await problemsOf(spec({ layer: "other" }, { other: layer }))).join()).toContain(message);
  });
});
