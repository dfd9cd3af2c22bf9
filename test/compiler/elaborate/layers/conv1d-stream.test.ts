/** Causal conv1d and shifts in pieces: with the last inputs as states, their outputs are those of the whole sequences. */
import { expect, test } from "vitest";
import type { Program } from "../../../../compiler/elaborate/program.js";
import { at } from "../../../../compiler/ir/expect.js";
import { tabulate, tensor } from "../../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../../compiler/ir/types.js";
import { randomStream } from "../../../../runtime/tensors/random.js";
import { open, outputsOf, programOf } from "../../../support/programs.js";

const [BATCH, TIME, FEATURES] = [2, 9, 3];

const layers = [
  { layer: "conv1d", size: 4, kernel_size: 3, dilation: 2, padding: "causal", activation: "relu", groups: 1 },
  { layer: "conv1d", name: "depthwise", size: 4, kernel_size: 2, padding: "causal", groups: 4 },
  { layer: "conv1d", name: "pointwise", size: 2, kernel_size: 1 },
  { layer: "echo" },
];

async function openModel(lengths: readonly number[] | null) {
  return await open({
    data: {
      type: "arrays",
      inputs: Array.from({ length: BATCH }, () => Array.from({ length: TIME }, () => Array(FEATURES).fill(0))),
      targets: Array.from({ length: BATCH }, () => Array.from({ length: TIME }, () => [0, 0])),
      ...(lengths && { lengths }),
    },
    layers: {
      echo: {
        parameters: { P: [2, 1, 1] },
        equations: ["k = shift(split_heads(x, 2)) @ P", "y = x + merge_heads(k) + shift(x * x, 3)"],
      },
    },
    model: layers,
    loss: { type: "squared_error" },
    optimizer: { type: "adam" },
  });
}

function weightsOf({ graph, inputs }: Program): ReadonlyMap<string, Tensor> {
  const random = randomStream(1, "weights");
  return new Map(
    inputs.flatMap(({ name, role }, index) => {
      const shape = at(graph.inputs, index).type.shape as readonly number[];
      return role === "parameter" ? [[name, tabulate("float32", shape, () => random.normal())] as const] : [];
    }),
  );
}

/** Steps from `start` of sequences, batch first. */
function stepsOf({ shape, data }: Tensor, start: number, count: number): Tensor {
  const [batch = 0, time = 0, width = 0] = shape;
  return tabulate("float32", [batch, count, width], ([row = 0, step = 0, column = 0]) => {
    return data[(row * time + start + step) * width + column] ?? Number.NaN;
  });
}

const zeroState = (shape: readonly number[]) => tabulate("float32", shape, () => 0);

test.each([1, 2, 4])("in pieces of %i steps", async (size) => {
  const opened = await openModel(null);
  const [whole, stream] = [programOf(opened, "inference"), programOf(opened, "stream")];
  const random = randomStream(2, "inputs");
  const weights = weightsOf(whole);
  const inputs = tabulate("float32", [BATCH, TIME, FEATURES], () => random.normal());
  const expected = outputsOf(whole, new Map([...weights, ["inputs", inputs]]), ["prediction"]).get("outputs");
  let states = new Map([
    ["conv1d/inputs", zeroState([BATCH, 4, FEATURES])],
    ["depthwise/inputs", zeroState([BATCH, 1, 4])],
    ["echo/shift", zeroState([BATCH, 1, 2, 1])],
    ["echo/shift_2", zeroState([BATCH, 3, 2])],
  ]);
  expect(stream.inputs.flatMap(({ name, role }) => (role === "state" ? [name] : []))).toEqual([...states.keys()]);
  for (let start = 0; start < TIME; start += size) {
    const count = Math.min(size, TIME - start);
    const operands = new Map([...weights, ...states, ["inputs", stepsOf(inputs, start, count)]]);
    const results = outputsOf(stream, operands, ["prediction", "state"]);
    const piece = results.get("outputs") as Tensor;
    const wanted = stepsOf(expected as Tensor, start, count);
    expect(piece.shape).toEqual(wanted.shape);
    piece.data.forEach((value, index) => {
      expect(value).toBeCloseTo(wanted.data[index] ?? Number.NaN, 12);
    });
    states = new Map([...states.keys()].map((name) => [name, results.get(name) as Tensor]));
  }
});

test("the state of a sequence is its last valid inputs", async () => {
  const opened = await openModel([TIME, 3]);
  const stream = programOf(opened, "stream");
  const inputs = tabulate("float32", [BATCH, TIME, FEATURES], ([row = 0, step = 0]) => 100 * row + step + 1);
  const operands = new Map([
    ...weightsOf(stream),
    ["conv1d/inputs", zeroState([BATCH, 4, FEATURES])],
    ["depthwise/inputs", zeroState([BATCH, 1, 4])],
    ["echo/shift", zeroState([BATCH, 1, 2, 1])],
    ["echo/shift_2", zeroState([BATCH, 3, 2])],
    ["inputs", inputs],
    ["lengths", tensor("int64", [BATCH], [TIME, 3])],
  ] as const);
  const results = outputsOf(stream, operands, ["prediction", "state"]);
  expect(
    results
      .get("echo/shift_2")
      ?.data.subarray(6)
      .every((value) => value !== 0),
  ).toBe(true);
  const state = results.get("conv1d/inputs");
  expect(Array.from(state?.data ?? []).filter((_, index) => index % FEATURES === 0)).toEqual([
    6, 7, 8, 9, 0, 101, 102, 103,
  ]);
});
