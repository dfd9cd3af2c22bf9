/** Models with the weights of PyTorch's attention, convolutions and norms predict what its modules do, in float64. */
import { expect, test } from "vitest";
import { type Numbers, nested, readFixture } from "../../support/reference-numbers.js";
import { outputsOf, stateDict } from "./weight-files.js";

interface Case {
  readonly name: string;
  readonly weights: Readonly<Record<string, Numbers>>;
  readonly inputs: readonly unknown[];
  readonly model: readonly object[];
  readonly outputs: Numbers;
}

const { cases } = readFixture<{ readonly cases: readonly Case[] }>("weights/pytorch.json");

test.each(cases)("$name", async ({ weights, inputs, model, outputs }) => {
  const tensors = Object.entries(weights).map(
    ([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }] as const,
  );
  const data = { type: "arrays", inputs, targets: nested({ ...outputs, data: outputs.data.map(() => 0) }) };
  const actual = await outputsOf({ data, model }, stateDict(Object.fromEntries(tensors)));
  expect(actual).toHaveLength(outputs.data.length);
  actual.forEach((value, index) => {
    expect(Math.abs(value - (outputs.data[index] ?? Number.NaN))).toBeLessThan(1e-5);
  });
});
