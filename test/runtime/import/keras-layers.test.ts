/** Models with the weights of Keras's attention, convolutions and norms predict what its models do. */
import { describe, expect, test } from "vitest";
import type { Tensor } from "../../../runtime/tensors/safetensors.js";
import { type Numbers, nested, readFixture } from "../../support/reference-numbers.js";
import { type Attributes, archive, hdf5, outputsOf, writeTemporary } from "./weight-files.js";

interface Case {
  readonly name: string;
  /** By path in a Keras 3 file. */
  readonly weights: Readonly<Record<string, Numbers>>;
  readonly attributes: Attributes;
  readonly config: object;
  /** The paths of a legacy file, and those of the same tensors above. */
  readonly legacy: { readonly tensors: Readonly<Record<string, string>>; readonly attributes: Attributes };
  readonly inputs: readonly unknown[];
  readonly model: readonly object[];
  readonly outputs: Numbers;
}

const { cases } = readFixture<{ readonly cases: readonly Case[] }>("weights/keras.json");

const tensorOf = (numbers: Numbers | undefined): Tensor => {
  if (numbers === undefined) throw new Error("the fixture lacks a tensor");
  return { shape: numbers.shape, data: Float32Array.from(numbers.data) };
};

describe.each(cases)("$name", ({ weights, attributes, config, legacy, inputs, model, outputs }) => {
  const weightsFile = () =>
    hdf5(Object.fromEntries(Object.entries(weights).map(([name, numbers]) => [name, tensorOf(numbers)])), attributes);
  const expectOutputs = async (file: string) => {
    const data = { type: "arrays", inputs, targets: nested({ ...outputs, data: outputs.data.map(() => 0) }) };
    const actual = await outputsOf({ data, model }, file);
    expect(actual).toHaveLength(outputs.data.length);
    actual.forEach((value, index) => {
      expect(Math.abs(value - (outputs.data[index] ?? Number.NaN))).toBeLessThan(1e-5);
    });
  };

  test(".keras", async () => {
    const files = { "config.json": Buffer.from(JSON.stringify(config)), "model.weights.h5": await weightsFile() };
    await expectOutputs(writeTemporary("m.keras", archive(files)));
  });

  test(".weights.h5", async () => {
    await expectOutputs(writeTemporary("m.weights.h5", await weightsFile()));
  });

  test("a legacy .h5", async () => {
    const tensors = Object.entries(legacy.tensors).map(([path, source]) => [path, tensorOf(weights[source])] as const);
    const file = await hdf5(Object.fromEntries(tensors), legacy.attributes);
    await expectOutputs(writeTemporary("m.h5", file));
  });
});

describe("a configuration that differs from the spec is refused, with the key to write", () => {
  const caseOf = (name: string): Case => {
    const found = cases.find((other) => other.name === name);
    if (found === undefined) throw new Error(`the fixture has no case ${name}`);
    return found;
  };
  const transformer = "a post-norm transformer";
  const convolutions = "convolutions, batch and group norms";
  const grouped = "cross-attention and grouped keys";
  test.each<[string, string, readonly [string, string], string]>([
    [
      "a mask of later steps",
      transformer,
      ['"causal":true', '"causal":false'],
      'its use_causal_mask is true; the layer t/0/attention has causal false. Write "causal": true in layer t/0/attention.',
    ],
    [
      "positions that Keras's attention does not read",
      transformer,
      ['"head_size":3', '"head_size":3,"alibi":true'],
      'it has no such option; t/0/attention has alibi. Remove "alibi".',
    ],
    [
      "epsilon",
      transformer,
      ['"epsilon":0.001', '"epsilon":0.00001'],
      'its epsilon is 0.001; the layer t/0/layer_norm has epsilon 0.00001. Write "epsilon": 0.001 in layer t/0/layer_norm.',
    ],
    [
      "dilation",
      convolutions,
      ['"dilation":2', '"dilation":1'],
      'its dilation_rate is 2; the layer conv1d has dilation 1. Write "dilation": 2 in layer conv1d.',
    ],
    [
      "padding",
      convolutions,
      ['"padding":"causal"', '"padding":"same"'],
      'its padding is causal; the layer conv1d has padding same. Write "padding": "causal" in layer conv1d.',
    ],
    [
      "the number of groups that a norm has",
      convolutions,
      ['"groups":3', '"groups":6'],
      'its groups is 3; the layer group_norm has groups 6. Write "groups": 3 in layer group_norm.',
    ],
    [
      "the only vector of a norm",
      convolutions,
      ['"gain":false', '"shift":false'],
      'its scale is false; the layer batch_norm_2 has gain true. Write "gain": false in layer batch_norm_2.',
    ],
    [
      "an activation",
      convolutions,
      ['"groups":2,"activation":"relu"', '"groups":2,"activation":"tanh"'],
      'its activation is relu; the layer conv1d_2 has tanh. Write "activation": "relu" in layer conv1d_2.',
    ],
    [
      "a number of heads with as many columns",
      grouped,
      ['"heads":4,"key_value_heads":2,"head_size":2', '"heads":2,"key_value_heads":1,"head_size":4'],
      "has shape [4, 4, 2], but attention/Wq [4, 8] needs [4, 2, 4]",
    ],
    [
      "another norm",
      grouped,
      ['"layer":"rms_norm"', '"layer":"group_norm","groups":1,"shift":false'],
      "The file has rms_normalization (gamma or beta [4]). The model has group_norm",
    ],
  ])("%s", async (_, name, [before, after], expected) => {
    const { model, weights, attributes, config, inputs, outputs } = caseOf(name);
    const text = JSON.stringify(model);
    expect(text).toContain(before);
    const changed = JSON.parse(text.replace(before, after));
    const tensors = Object.entries(weights).map(([path, numbers]) => [path, tensorOf(numbers)] as const);
    const file = archive({
      "config.json": Buffer.from(JSON.stringify(config)),
      "model.weights.h5": await hdf5(Object.fromEntries(tensors), attributes),
    });
    const data = { type: "arrays", inputs, targets: nested(outputs) };
    await expect(outputsOf({ data, model: changed }, writeTemporary("m.keras", file))).rejects.toThrow(expected);
  });
});
