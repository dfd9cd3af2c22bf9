/** pool: one vector of a sequence's valid steps, against values computed by hand. */
import { expect, test } from "vitest";
import { tensor } from "../../../../compiler/ir/tensor.js";
import { open, outputsOf, programOf, tensorOfArray } from "../../../support/programs.js";

const inputs = [
  [
    [1, -2],
    [3, -4],
    [5, -9],
  ],
  [
    [2, -1],
    [7, -5],
    [90, 90],
  ],
];

/** The output of a pool layer for two sequences, with padding of 90. */
async function pooled(mode: string, lengths?: readonly number[]): Promise<readonly number[]> {
  const opened = await open({
    data: {
      type: "arrays",
      inputs,
      targets: [
        [1, 1],
        [2, 2],
      ],
      ...(lengths && { lengths }),
    },
    model: [
      { layer: "pool", mode },
      { layer: "dense", size: 2, bias: false },
    ],
    loss: { type: "squared_error" },
    optimizer: { type: "adam" },
  });
  const dataOperands = [...opened.batch].map(([name, array]) => [name, tensorOfArray(array)] as const);
  const operands = new Map([...dataOperands, ["dense/W", tensor("float32", [2, 2], [1, 0, 0, 1])]]);
  const outputs = outputsOf(programOf(opened, "inference"), operands, ["prediction"]).get("outputs");
  return [...(outputs?.data ?? [])];
}

test.each<[string, readonly number[], readonly number[]]>([
  ["max", [5, -2, 90, 90], [5, -2, 7, -1]],
  ["sum", [9, -15, 99, 84], [9, -15, 9, -6]],
  ["mean", [3, -5, 33, 28], [3, -5, 4.5, -3]],
  ["last", [5, -9, 90, 90], [5, -9, 7, -5]],
])("%s", async (mode, allSteps, validSteps) => {
  expect(await pooled(mode)).toEqual(allSteps);
  expect(await pooled(mode, [3, 2])).toEqual(validSteps);
});
