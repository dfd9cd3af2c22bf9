/** The axes of targets: those of the model's output, whatever other inputs the data has. */
import { describe, expect, test } from "vitest";
import { check } from "../../../../compiler/check.js";
import { compile } from "../../../../compiler/compile.js";
import { openData } from "../../../../runtime/data/index.js";
import { readSpec } from "../../../../schema/read.js";

async function read(data: object, model: readonly object[], loss: object = { type: "squared_error" }) {
  const optimizer = { type: "sgd", learning_rate: 0.1 };
  const result = await readSpec(
    JSON.stringify({ data: { type: "arrays", ...data }, model, loss, optimizer, train: { steps: 1 } }),
  );
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join("\n"));
  return result.spec;
}

async function problemsOf(...spec: Parameters<typeof read>): Promise<readonly string[]> {
  const normal = await read(...spec);
  const opened = await openData(normal, ".");
  if (!opened.ok) return opened.error.map(({ message }) => message);
  const compiled = await compile(normal, opened.value.signature(normal.train));
  return compiled.ok ? [] : compiled.problems.map(({ message }) => message);
}

/** The targets' signature, if the model fits the data. */
async function targetsOf(...spec: Parameters<typeof read>) {
  const normal = await read(...spec);
  const opened = await openData(normal, ".");
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const signature = opened.value.signature(normal.train);
  expect(check(normal, signature)).toEqual([]);
  return signature.targets;
}

const steps = [
  [[0.1], [0.2], [0.3]],
  [[0.3], [0.1], [0.5]],
];
const longer = steps.map((rows) => [...rows, [0.7], [0.9]]);
const row = [
  [1, 0],
  [0, 1],
];
const threeNumbers = [
  [0.5, 0.25, 0.25],
  [0, 1, 0],
];
const crossEntropy = { type: "cross_entropy" };
const reader = { layer: "rnn", name: "reader", from: "steps", cell: "gru", hidden_size: 3, return: "last" };
const everyStep = { ...reader, return: "sequence" };
const dense = (size: number) => ({ layer: "dense", size });
const rowLayer = { layer: "dense", name: "wide", from: "row", size: 3 };

describe("one output per example, of a sequence and a row", () => {
  const models = {
    "sequence first": [reader, { layer: "concat", from: ["reader", "row"] }],
    "row first": [reader, { layer: "concat", from: ["row", "reader"] }],
    "a sum": [reader, rowLayer, { layer: "add", from: ["wide", "reader"] }],
    "a product": [reader, rowLayer, { layer: "multiply", from: ["wide", "reader"] }],
    "attention of a row": [everyStep, rowLayer, { layer: "attention", from: ["wide", "reader"] }],
    "the row alone": [{ layer: "dropout", from: "row", rate: 0 }],
  };
  for (const [order, inputs] of Object.entries({ "steps, row": { steps, row }, "row, steps": { row, steps } })) {
    test.each(Object.entries(models))(`%s has a class per example (inputs ${order})`, async (_, model) => {
      const data = { inputs, targets: [0, 1] };
      expect(await targetsOf(data, [...model, dense(2)], crossEntropy)).toEqual({ dtype: "int32", shape: ["batch"] });
    });

    test.each(Object.entries(models))(`%s has as many targets as steps (inputs ${order})`, async (_, model) => {
      const data = { inputs, targets: threeNumbers };
      expect(await targetsOf(data, [...model, dense(3)])).toEqual({ dtype: "float32", shape: ["batch", 3] });
    });
  }
});

describe("one output per step", () => {
  test("the time axis is that of the sequence that the output follows", async () => {
    const data = { inputs: { other: longer, steps }, targets: [[0, 1, 1], [1, 0, 1]] }; // biome-ignore format: one line
    expect(await targetsOf(data, [everyStep, dense(2)], crossEntropy)).toEqual({
      dtype: "int32",
      shape: ["batch", "steps_time"],
    });
  });

  test("the name of the axis is an identifier", async () => {
    const model = [{ ...everyStep, from: "steps-2" }, dense(1)];
    expect(await targetsOf({ inputs: { longer, "steps-2": steps }, targets: steps }, model)).toEqual({
      dtype: "float32",
      shape: ["batch", "steps_2d_2_time", 1],
    });
  });

  test("the main input may be a row", async () => {
    const data = { inputs: { row, steps }, targets: steps, weights: threeNumbers };
    expect(await targetsOf(data, [everyStep, dense(1)])).toEqual({
      dtype: "float32",
      shape: ["batch", "steps_time", 1],
    });
  });

  test.each([
    ["numbers", longer, { type: "squared_error" }, 1, "[2, 5, 1]"],
    ["classes", [[0, 1, 0, 1], [1, 1, 0, 0]], crossEntropy, 2, "[2, 4]"], // biome-ignore format: one line
  ])("%s of another length are refused with both shapes", async (_, targets, loss, size, shape) => {
    expect(await problemsOf({ inputs: { steps }, targets }, [everyStep, dense(size)], loss)).toEqual([
      `targets has shape ${shape}, but the model predicts at each of the 3 steps of steps [2, 3, 1].`,
    ]);
  });

  test("sequences of different lengths are not added in silence", async () => {
    const data = { inputs: { steps, longer }, targets: steps };
    const second = { ...everyStep, name: "second", from: "longer" };
    const add = { layer: "add", from: ["reader", "second"] };
    expect(await problemsOf(data, [everyStep, second, add, dense(1)])).toEqual([
      "The data's arrays differ in sizes that the model needs equal: inputs [batch, time, 1], longer [batch, longer_time, 1], targets [batch, time, 1].",
    ]);
  });

  test("weights of another length name the sequence", async () => {
    const data = { inputs: { row, steps }, targets: steps, weights: row };
    expect(await problemsOf(data, [everyStep, dense(1)])).toEqual([
      "weights has shape [2, 2] and steps has shape [2, 3, 1]: the time axes must be equal.",
    ]);
  });
});
