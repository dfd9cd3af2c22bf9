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
