/** Reductions of losses of several outputs per step: the mean of sums over the outputs. */
import { expect, test } from "vitest";
import { tensor } from "../../../../compiler/ir/tensor.js";
import { open, outputsOf, programOf, tensorOfArray } from "../../../support/programs.js";

const inputs = [
  [[1], [2], [3]],
  [[4], [50], [60]],
];
/** Two outputs for each step; the model's are x and -x. */
const targets = [
  [
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  [
    [0, 0],
    [7, 7],
    [7, 7],
  ],
];

async function lossOf(loss: object, data: object): Promise<number> {
  const opened = await open({
    data: { type: "arrays", inputs, targets, ...data },
    model: [{ layer: "dense", size: 2, bias: false }],
    loss,
    optimizer: { type: "sgd", learning_rate: 1 },
  });
  const operands = new Map([...opened.batch].map(([name, array]) => [name, tensorOfArray(array)]));
  operands.set("dense/W", tensor("float32", [1, 2], [1, -1]));
  const outputs = outputsOf(programOf(opened), operands, ["loss"]);
  return outputs.get("loss")?.data[0] ?? Number.NaN;
}

test("squared errors are added over the outputs, and averaged over the valid steps", async () => {
  // (1 + 4) + (1 + 4) + (4 + 16) + (16 + 16) over four valid steps.
  const loss = { type: "squared_error", reduction: "mean_of_sums" };
  expect(await lossOf(loss, { lengths: [3, 1] })).toBeCloseTo((5 + 5 + 20 + 32) / 4, 12);
});

const valid = targets.map((rows) => rows.map((row) => row.map((target) => Math.min(target, 1))));

test.each(["binary_cross_entropy", "squared_error", "absolute_error", "huber"])("%s", async (type) => {
  const weights = [
    [1, 0.5, 2],
    [1, 1, 0],
  ];
  for (const data of [{}, { lengths: [3, 1] }, { lengths: [3, 1], weights }]) {
    const mean = await lossOf({ type }, { targets: valid, ...data });
    expect(await lossOf({ type, reduction: "mean_of_sums" }, { targets: valid, ...data })).toBeCloseTo(2 * mean, 10);
  }
});
