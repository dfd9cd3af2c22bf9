/** Penalties: their weights, their part in the loss of training and of evaluation, and their gradient. */

import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/reverse.js";
import { check } from "../../../compiler/compile.js";
import { restrictToOutputs } from "../../../compiler/elaborate/program.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { tabulate, tensor } from "../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../compiler/ir/types.js";
import { computeMetric } from "../../../runtime/evaluation/metric-accumulators.js";
import { open, operandsOf, outputsOf, programOf } from "../../support/programs.js";

const inputs = [
  [
    [1, -2],
    [0.5, 3],
    [9, 9],
  ],
  [
    [2, 1],
    [1, 1],
    [-1, 0],
  ],
];
const lengths = [2, 3];

/** A plain rnn of 2 and a dense layer of 1, with weights that are a function of name and position. */
async function losses(regularization: object | null, frozen = false) {
  const opened = await open({
    data: {
      type: "arrays",
      inputs,
      targets: [
        [[1], [2], [0]],
        [[0], [1], [1]],
      ],
      lengths,
    },
    model: [
      { layer: "rnn", cell: "rnn", hidden_size: 2, trainable: !frozen },
      { layer: "dense", size: 1 },
    ],
    loss: { type: "squared_error" },
    regularization,
    optimizer: { type: "sgd", learning_rate: 1 },
    train: { batch_size: "all" },
  });
  const program = programOf(opened);
  const weights = new Map<string, Tensor>(
    program.inputs.flatMap(({ name, role }, index) => {
      const shape = program.graph.inputs[index]?.type.shape as readonly number[];
      const value = ([row = 0, column = 0]: readonly number[]) => (name.length % 5) / 4 - row + column / 2;
      return role === "parameter" || role === "frozen" ? [[name, tabulate("float32", shape, value)] as const] : [];
    }),
  );
  const operands = new Map([
    ...weights,
    ["inputs", tensor("float32", [2, 3, 2], inputs.flat(2))],
    ["targets", tensor("float32", [2, 3, 1], [1, 2, 0, 0, 1, 1])],
    ["lengths", tensor("int64", [2], lengths)],
  ]);
  const outputs = outputsOf(program, operands, ["loss", "metric", "prediction"]);
  const accumulators = Float64Array.from(outputs.get("metrics/loss")?.data ?? []);
  const result = computeMetric(program.metrics.loss ?? "mean", accumulators);
  const loss = outputs.get("loss")?.data[0] ?? Number.NaN;
  return { opened, program, given: operands, weights, loss, result, outputs };
}

const sumOver = (weights: ReadonlyMap<string, Tensor>, names: readonly string[], f: (x: number) => number) =>
  names.reduce((sum, name) => sum + [...(weights.get(name)?.data ?? [])].reduce((total, x) => total + f(x), 0), 0);

const kernels = ["rnn/0/W", "rnn/0/U", "dense/W"];

describe("penalties on weights", () => {
  test.each<[object, boolean, readonly string[], (x: number) => number]>([
    [{ l2: 0.1 }, false, kernels, (x) => 0.1 * x * x],
    [{ l1: 0.2 }, false, kernels, (x) => 0.2 * Math.abs(x)],
    [
      { l1: 0.2, l2: 0.1, biases: true },
      false,
      [...kernels, "rnn/0/b", "dense/b"],
      (x) => 0.1 * x * x + 0.2 * Math.abs(x),
    ],
    [{ l2: 0.1 }, true, ["dense/W"], (x) => 0.1 * x * x],
  ])("%j, frozen %s", async (regularization, frozen, names, f) => {
    const unregularized = await losses(null, frozen);
    const { loss, result, weights, program, given: operands } = await losses(regularization, frozen);
    const penalty = sumOver(weights, names, f);
    expect(penalty).toBeGreaterThan(0);
    expect(loss).toBeCloseTo(unregularized.loss + penalty, 12);
    expect(result).toBeCloseTo(unregularized.result + penalty, 12);
    // The metrics do not include it.
    expect(unregularized.outputs.get("metrics/rmse")).toBeDefined();
    const lossProgram = restrictToOutputs(program, ({ role }) => role === "loss");
    const wrt = lossProgram.inputs.findIndex(({ name }) => name === "dense/W");
    const gradients = await Promise.all(
      [lossProgram, restrictToOutputs(unregularized.program, ({ role }) => role === "loss")].map(
        async ({ graph, inputs: ports }) => evaluate(differentiate(graph, 0, [wrt]), operandsOf(ports, operands)).at(1),
      ),
    );
    const step = 1e-6;
    weights.get("dense/W")?.data.forEach((x, index) => {
      const difference = (f(x + step) - f(x - step)) / (2 * step);
      expect((gradients[0]?.data[index] ?? 0) - (gradients[1]?.data[index] ?? 0)).toBeCloseTo(
        names.includes("dense/W") ? difference : 0,
        8,
      );
    });
  });
});

test("activity: the mean square of the rnn layer's outputs at valid steps", async () => {
  const unregularized = await losses(null);
  const { loss, result, program, given: operands } = await losses({ activity: 0.5 });
  const layer = program.layers.find(({ name }) => name === "rnn");
  if (layer === undefined) throw new Error("no rnn layer");
  const [outputs] = evaluate({ ...program.graph, outputs: [layer.value] }, operandsOf(program.inputs, operands));
  const squares = [...(outputs?.data ?? [])].reduce((sum, x) => sum + x * x, 0);
  const mean = squares / (2 * (lengths[0] ?? 0) + 2 * (lengths[1] ?? 0));
  expect(loss).toBeCloseTo(unregularized.loss + 0.5 * mean, 12);
  expect(result).toBeCloseTo(unregularized.result + 0.5 * mean, 12);
});

test("activity without an rnn layer is a problem", async () => {
  const opened = await open({
    data: { type: "arrays", inputs: [[1]], targets: [[1]] },
    model: [{ layer: "dense", size: 1 }],
    loss: { type: "squared_error" },
    regularization: { activity: 1 },
    optimizer: { type: "adam" },
  });
  expect(check(opened.spec, opened.signature, opened.origins)).toMatchObject([
    { path: "/regularization/activity", code: "no-activity" },
  ]);
});

test("activity that micro-batches or processes cannot divide is refused", async () => {
  const spec = (model: readonly object[], targets: unknown, train: object) => ({
    data: {
      type: "arrays",
      inputs: [
        [[1], [2]],
        [[2], [1]],
        [[3], [0]],
        [[1], [1]],
      ],
      targets,
      lengths: [2, 1, 2, 1],
    },
    model: [{ layer: "rnn", cell: "gru", hidden_size: 2 }, ...model, { layer: "dense", size: 1 }],
    loss: { type: "squared_error" },
    regularization: { activity: 1 },
    optimizer: { type: "adam" },
    train: { batch_size: 4, ...train },
  });
  const codes = async (text: object) => {
    const opened = await open(text);
    return check(opened.spec, opened.signature, opened.origins).map(({ code, path }) => `${code} ${path}`);
  };
  const perStep = [
    [[1], [2]],
    [[2], [1]],
    [[3], [0]],
    [[1], [1]],
  ];
  const pool = [{ layer: "pool", mode: "last" }];
  expect(await codes(spec(pool, [[1], [2], [3], [4]], { accumulate: 2 }))).toEqual([
    "split-activity /regularization/activity",
  ]);
  expect(await codes(spec(pool, [[1], [2], [3], [4]], {}))).toEqual([]);
  expect(await codes(spec([], perStep, { accumulate: 2 }))).toEqual([]);
  const summed = { ...spec([], perStep, { accumulate: 2 }), loss: { type: "squared_error", reduction: "sum" } };
  expect(await codes(summed)).toEqual(["split-activity /regularization/activity"]);
});
