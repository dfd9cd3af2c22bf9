/** cycle: ids as the sine and cosine of their angle, against Math; and inputs that are no ids. */
import { expect, test } from "vitest";
import { tensor } from "../../../../compiler/ir/tensor.js";
import { problemsOf } from "../../../support/check-spec.js";
import { open, outputsOf, programOf, tensorOfArray } from "../../../support/programs.js";

const specOf = (layer: object, inputs: readonly (readonly unknown[])[]) => ({
  data: {
    type: "arrays",
    inputs,
    targets: inputs.map(() => [
      [0, 0],
      [0, 0],
      [0, 0],
    ]),
  },
  model: [
    { layer: "cycle", ...layer },
    { layer: "dense", size: 2 },
  ],
  loss: { type: "squared_error" },
  optimizer: { type: "sgd", learning_rate: 0.1 },
});

test.each([
  [{ period: 24 }, 24],
  [{}, 8],
])("%o", async (layer, period) => {
  const ids = [
    [0, 5, 7],
    [2, 6, 1],
  ];
  const opened = await open(specOf(layer, ids));
  const inputs = opened.batch.get("inputs");
  if (inputs === undefined) throw new Error("no inputs");
  const operands = new Map([
    ["inputs", tensorOfArray(inputs)],
    ["dense/W", tensor("float32", [2, 2], [1, 0, 0, 1])],
    ["dense/b", tensor("float32", [2], [0, 0])],
  ]);
  const outputs = outputsOf(programOf(opened, "inference"), operands, ["prediction"]).get("outputs");
  const expected = ids.flat().flatMap((id) => [Math.sin, Math.cos].map((f) => f((2 * Math.PI * id) / period)));
  expect(outputs?.shape).toEqual([2, 3, 2]);
  for (const [index, value] of expected.entries()) expect(outputs?.data[index]).toBeCloseTo(value, 12);
});

test("numbers are refused", async () => {
  const { data, ...spec } = specOf({ period: 24 }, [[0], [1]]);
  const targets = [[[0, 0]], [[0, 0]]];
  const model = [{ layer: "dense", size: 3 }, ...spec.model];
  expect(await problemsOf({ ...spec, model, data: { ...data, inputs: [[[0.5]], [[1.5]]], targets } })).toEqual([
    expect.stringContaining("A cycle layer reads token ids, but the input of cycle is numbers [batch, time, 3]."),
  ]);
});
