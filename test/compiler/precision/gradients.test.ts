/** Gradients in float16 against float32: every kind of layer and loss, with and without passes. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { tabulate, tensor } from "../../../compiler/ir/tensor.js";
import type { Graph, Tensor } from "../../../compiler/ir/types.js";
import { buildTrainingStep } from "../../../compiler/pipeline/training-step.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import { open, operandsOf, tensorOfArray } from "../../support/programs.js";
import { rows, sampled, sentence, series, tagging } from "../../support/small-specs.js";

interface Written {
  readonly model: readonly object[];
  readonly [key: string]: unknown;
}

const words = {
  data: { type: "text", text: "if you want to build a ship", window: 6 },
  loss: { type: "sequence_loss" },
  optimizer: { type: "sgd", learning_rate: 0.1 },
  train: { batch_size: 4 },
};
const recurrent = (cell: string, options: object = {}) => ({
  ...words,
  model: [{ layer: "one_hot" }, { layer: "rnn", cell, hidden_size: 5, ...options }, { layer: "projection" }],
});

const normalized = {
  normalized: {
    state: { h: "hidden_size" },
    parameters: { W: ["input_size", "hidden_size"], U: ["hidden_size", "hidden_size"], g: ["hidden_size"] },
    equations: ["h' = tanh(g * layer_norm(x @ W + h @ U))"],
    output: "h'",
  },
};

const specs: Readonly<Record<string, Written>> = {
  "two lstm cells": sentence,
  "gru cells in both directions, with lengths and weights": tagging,
  "a cell of two states, residual, first states": series,
  "dense layers": rows,
  "sampled classes": sampled,
  "a gru that resets before": recurrent("gru", { cells: undefined }),
  "layer norm in a cell of one's own": { ...recurrent("normalized"), cells: normalized },
  "layer norm in a built-in cell": recurrent("layer_norm_lstm"),
  "a cell without products of its state": recurrent("mingru"),
  "attention over padded sequences": {
    ...tagging,
    model: [
      { layer: "embedding", size: 3 },
      { layer: "rnn", cell: "gru", hidden_size: 4 },
      { layer: "attention", from: ["rnn", "embedding"], score: "additive" },
      { layer: "projection", size: "classes" },
    ],
  },
  "attention with heads over padded sequences": {
    ...tagging,
    model: [
      { layer: "embedding", size: 4 },
      { layer: "attention", heads: 2, causal: true, window: 1, rotary: true },
      { layer: "projection", size: "classes" },
    ],
  },
  "the largest over time": {
    ...series,
    model: [
      { layer: "rnn", cell: "gru", hidden_size: 4 },
      { layer: "pool", mode: "max" },
      { layer: "dense", size: 1 },
    ],
    data: { ...series.data, initial_states: {} },
  },
  ctc: {
    ...tagging,
    data: {
      ...tagging.data,
      targets: [
        [1, 2],
        [2, 2],
        [1, 3],
        [1, 0],
        [3, 0],
        [1, 2],
      ],
      weights: undefined,
      lengths: [5, 3, 4, 2, 3, 5],
    },
    loss: { type: "ctc" },
  },
  "little memory": {
    ...recurrent("lstm"),
    data: { type: "text", text: "if you want to build a ship, do not drum up people", window: 20 },
    train: { batch_size: 4, memory: "low" },
  },
  "convolutions with strides, dilation and groups": {
    ...series,
    data: { type: "arrays", inputs: series.data.inputs, targets: series.data.targets },
    model: [
      { layer: "conv1d", size: 4, kernel_size: 3, stride: 2, activation: "swiglu" },
      { layer: "conv1d", size: 4, kernel_size: 2, dilation: 2, groups: 2, padding: "causal" },
      { layer: "pool", mode: "mean" },
      { layer: "dense", size: 1 },
    ],
  },
  "an embedding": {
    ...words,
    model: [{ layer: "embedding", size: 4 }, { layer: "rnn", cell: "rnn", hidden_size: 5 }, { layer: "projection" }],
  },
  "unrolled steps": recurrent("lstm", { unroll: true }),
  "penalties, dropout and a clip": {
    ...recurrent("lstm", { dropout: { output: 0.2 } }),
    regularization: { l2: 0.01 },
    optimizer: { type: "sgd", learning_rate: 0.1, clip: { global_norm: 0.1 } },
  },
  "portions of a batch": { ...recurrent("gru"), train: { batch_size: 4, accumulate: 2 } },
};

/** Products of two 11-bit significands, in sums of some dozens. */
const tolerance = 0.02;

async function prepared(text: Written, precision: "float32" | "float16") {
  const opened = await open({ ...text, train: { ...(text.train as object), precision } });
  const lowering = buildTrainingStep(opened.spec, opened.signature);
  if (!lowering.ok) throw new Error(JSON.stringify(lowering.problems));
  const { lossProgram: program, gradient, step, microBatches: portions } = lowering.trainingStep;
  const size = opened.spec.train.batch_size;
  const chosen = Array.from({ length: typeof size === "number" ? size : opened.source.examples }, (_, index) => index);
  const operands = new Map<string, Tensor>();
  program.inputs.forEach(({ name, role }, index) => {
    const random = randomStream(1, name);
    const shape = program.graph.inputs[index]?.type.shape as readonly number[];
    if (role === "parameter")
      operands.set(
        name,
        tabulate("float32", shape, () => 0.5 * random.normal()),
      );
  });
  for (const [name, array] of opened.source.batch(chosen)) {
    const { dtype, shape, data } = tensorOfArray(array);
    const [first = 0, ...remaining] = shape;
    operands.set(name, { dtype, shape: portions > 1 ? [portions, first / portions, ...remaining] : shape, data });
  }
  operands.set("step", tensor("int64", [], [3]));
  operands.set("loss_scale/scale", tensor("float32", [], [precision === "float16" ? 1024 : 1]));
  const names = gradient.inputs.map(({ name = "" }) => ({ name }));
  const [loss, ...remaining] = evaluate(gradient, operandsOf(names, operands));
  return {
    loss,
    gradients: remaining,
    names: gradient.outputs.slice(1).map(({ name }) => name),
    step: step.graph,
    given: operands,
  };
}

const typesOf = (graph: Graph): readonly string[] =>
  graph.nodes.flatMap((node) => [
    ...node.outputs.map(({ type }) => type.dtype),
    ...(node.op === "Scan" ? typesOf(node.attributes.body) : []),
  ]);

describe.each(Object.entries(specs))("%s", (_, text) => {
  test("has float32 gradients that are close to those without float16", async () => {
    const full = await prepared(text, "float32");
    const half = await prepared(text, "float16");
    expect(typesOf(full.step)).not.toContain("float16");
    expect(typesOf(half.step)).toContain("float16");
    expect(Math.abs((half.loss?.data[0] ?? 0) / (full.loss?.data[0] ?? 1) - 1)).toBeLessThan(tolerance);
    expect(half.names).toEqual(full.names);
    for (const [index, expected] of full.gradients.entries()) {
      const actual = half.gradients[index] as Tensor;
      expect(actual.dtype).toBe("float32");
      const scale = expected.data.reduce((maximum, entry) => Math.max(maximum, Math.abs(entry)), 1e-6);
      const mismatches = Array.from(expected.data).filter(
        (entry, position) => !(Math.abs((actual.data[position] ?? Number.NaN) / 1024 - entry) < tolerance * scale),
      );
      expect(mismatches, full.names[index]).toEqual([]);
    }
  });
});
