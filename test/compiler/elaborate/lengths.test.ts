/** Padding: values past a sequence's length change no result, bit for bit. */
import { describe, expect, test } from "vitest";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { tabulate, tensor } from "../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../compiler/ir/types.js";
import { buildTrainingStep } from "../../../compiler/pipeline/training-step.js";
import { type RandomStream, randomStream } from "../../../runtime/tensors/random.js";
import { open, operandsOf, tensorOfArray } from "../../support/programs.js";

const [BATCH, TIME, CLASSES] = [4, 6, 3];
const lengths = [6, 1, 4, 2];

interface Case {
  readonly name: string;
  readonly spec: { readonly model: readonly object[]; readonly loss: object; readonly cells?: object };
  readonly inputs: "ids" | number;
  readonly targets: "classes" | number;
  /** One target and one weight for each sequence. */
  readonly areProbabilities?: true;
  readonly once?: true;
}

const rnn = { layer: "rnn", cell: "lstm", hidden_size: 4 };

/** A cell whose gradient overflows for a large input, and is NaN for an input of zero. */
const steepCell = {
  state: { h: "hidden_size" },
  parameters: { W: ["input_size", "hidden_size"], v: ["hidden_size"] },
  equations: ["h' = 0.5 * h + v * exp(x @ W) / sqrt(sum(x * x))"],
  output: "h'",
};

const cases: readonly Case[] = [
  {
    name: "one-hot ids, an LSTM, logits, sequence_loss",
    spec: {
      model: [{ layer: "one_hot" }, rnn, { layer: "projection", size: CLASSES, activation: "softmax" }],
      loss: { type: "sequence_loss" },
    },
    inputs: "ids",
    targets: "classes",
  },
  {
    name: "an embedding, both directions, cross_entropy with smoothing",
    spec: {
      model: [
        { layer: "embedding", size: 3 },
        { ...rnn, cell: "gru", layers: 2, bidirectional: "concat" },
        { layer: "dense", size: CLASSES },
      ],
      loss: { type: "cross_entropy", label_smoothing: 0.1 },
    },
    inputs: "ids",
    targets: "classes",
  },
  {
    name: "sequence_loss, one value per sequence",
    spec: {
      model: [{ ...rnn, cell: "gru", reset_after: false, hidden_size: CLASSES }],
      loss: { type: "sequence_loss", average_across_batch: false },
    },
    inputs: 2,
    targets: "classes",
  },
  {
    name: "a dense layer before, residual cells, squared_error",
    spec: {
      model: [
        { layer: "dense", size: 4, activation: "tanh" },
        { layer: "rnn", cell: "rnn", hidden_size: 4, layers: 2, residual: true },
        { layer: "dense", size: 2 },
      ],
      loss: { type: "squared_error" },
    },
    inputs: 3,
    targets: 2,
  },
  {
    name: "normalizing layers and gated activations",
    spec: {
      model: [
        { layer: "dense", size: 4, activation: "swiglu" },
        { layer: "group_norm", groups: 2 },
        rnn,
        { layer: "layer_norm" },
        { layer: "activation", activation: "glu" },
        { layer: "rms_norm" },
      ],
      loss: { type: "squared_error" },
    },
    inputs: 3,
    targets: 2,
  },
  {
    name: "both directions multiplied, absolute_error",
    spec: { model: [{ ...rnn, hidden_size: 2, bidirectional: "mul" }], loss: { type: "absolute_error" } },
    inputs: 3,
    targets: 2,
  },
  {
    name: "huber, summed",
    spec: { model: [{ ...rnn, hidden_size: 2 }], loss: { type: "huber", reduction: "sum" } },
    inputs: 3,
    targets: 2,
  },
  {
    name: "binary_cross_entropy",
    spec: { model: [rnn, { layer: "dense", size: 2, activation: "sigmoid" }], loss: { type: "binary_cross_entropy" } },
    inputs: 3,
    targets: 2,
    areProbabilities: true,
  },
  {
    name: "the last output of residual cells in both directions",
    spec: {
      model: [
        { ...rnn, bidirectional: "concat", hidden_size: 2 },
        { ...rnn, layers: 2, residual: true, bidirectional: "mean", return: "last" },
        { layer: "dense", size: CLASSES },
      ],
      loss: { type: "cross_entropy" },
    },
    inputs: 3,
    targets: "classes",
    once: true,
  },
  {
    name: "the final state",
    spec: {
      model: [
        { layer: "embedding", size: 2 },
        { ...rnn, layers: 2, return: "state" },
      ],
      loss: { type: "squared_error" },
    },
    inputs: "ids",
    targets: 4,
    once: true,
  },
  {
    name: "convolutions before and after a cell, causal and dilated",
    spec: {
      model: [
        { layer: "conv1d", size: 4, kernel_size: 2, activation: "relu" },
        { layer: "rnn", cell: "gru", hidden_size: 4 },
        { layer: "conv1d", size: 2, kernel_size: 3, padding: "causal", dilation: 2 },
      ],
      loss: { type: "squared_error" },
    },
    inputs: 3,
    targets: 2,
  },
  {
    name: "strides and windows, then a cell and the mean over time",
    spec: {
      model: [
        { layer: "conv1d", size: 4, kernel_size: 3, stride: 2 },
        { layer: "pool", size: 2, stride: 1, mode: "mean" },
        { layer: "rnn", cell: "gru", hidden_size: 4, bidirectional: "concat" },
        { layer: "pool", mode: "mean" },
        { layer: "dense", size: 2 },
      ],
      loss: { type: "squared_error" },
    },
    inputs: 3,
    targets: 2,
    once: true,
  },
  {
    name: "a cell that overflows on large numbers and divides by zero on none, behind others",
    spec: {
      cells: { steep: steepCell },
      model: [
        { layer: "dense", size: 4 },
        {
          layer: "rnn",
          cells: [
            { cell: "steep", hidden_size: 2 },
            { cell: "rnn", hidden_size: 2 },
          ],
        },
        { layer: "rnn", cell: "steep", hidden_size: 2, layers: 2, bidirectional: "sum" },
      ],
      loss: { type: "squared_error" },
    },
    inputs: 3,
    targets: 2,
  },
  {
    name: "attention with heads, with all positions, in a causal window",
    spec: {
      model: [
        {
          layer: "attention",
          heads: 2,
          head_size: 2,
          causal: true,
          window: 1,
          rotary: true,
          alibi: true,
        },
        { layer: "attention", name: "second", score: "additive", window: 2 },
        { layer: "pool", mode: "mean" },
        { layer: "dense", size: 2 },
      ],
      loss: { type: "squared_error" },
    },
    inputs: 3,
    targets: 2,
    once: true,
  },
];

describe("padding changes no result", () => {
  for (const fixture of cases) {
    const { name, spec } = fixture;
    test(name, async () => {
      const random = randomStream(1, name);
      const data = draw(fixture, random);
      const opened = await open({
        ...spec,
        data: { type: "arrays", ...Object.fromEntries([...data].map(([role, array]) => [role, nestedOf(array)])) },
        optimizer: { type: "adam", clip: { global_norm: 0.1 } },
        train: { batch_size: "all" },
      });
      const lowering = buildTrainingStep(opened.spec, opened.signature);
      if (!lowering.ok) throw new Error(lowering.problems.map(({ message }) => message).join("\n"));
      const { wholeProgram: forward, lossProgram: program, step } = lowering.trainingStep;
      const weights = new Map(
        forward.inputs.flatMap(({ name: port, role }, index) => {
          const shape = forward.graph.inputs[index]?.type.shape as readonly number[];
          return role === "parameter" ? [[port, tabulate("float32", shape, () => random.normal())] as const] : [];
        }),
      );
      const slots = step.slots.map(({ parameter, initial }) => {
        const shape = forward.graph.inputs[parameter ?? Number.NaN]?.type.shape as readonly number[];
        return tabulate("float32", shape, () => initial);
      });
      /** Metrics and final states; then the step: parameters, slots, loss, norm. */
      const run = (array: ReadonlyMap<string, Tensor>) => {
        const operands = new Map([...weights, ...array]);
        const inputsOf = operandsOf(program.inputs, operands);
        const predictions = evaluate(forward.graph, operandsOf(forward.inputs, operands));
        const states = [...inputsOf.slice(0, weights.size), ...slots, tensor("int64", [], [0])];
        return [
          ...predictions.filter((_, index) => forward.outputs[index]?.role !== "prediction"),
          ...evaluate(step.graph, [...states, ...inputsOf.slice(weights.size)]),
        ].map(({ data: numbers }) => [...numbers]);
      };
      const expected = run(data);
      expect(expected.flat().every(Number.isFinite)).toBe(true);
      for (const size of [0, 1e30]) expect(run(withGarbage(data, size, random))).toEqual(expected);
    });
  }

  test("the two batches differ only in padding", async () => {
    const data = draw({ inputs: "ids", targets: "classes" }, randomStream(2, "data"));
    const { batch } = await open({
      data: { type: "arrays", ...Object.fromEntries([...data].map(([role, array]) => [role, nestedOf(array)])) },
      model: [{ layer: "one_hot" }],
      loss: { type: "sequence_loss" },
      optimizer: { type: "adam" },
    });
    for (const [role, array] of data) {
      const padded = batch.get(role);
      expect(padded && [...tensorOfArray(padded).data], role).toEqual([...array.data]);
    }
  });
});

type Drawn = Pick<Case, "inputs" | "targets" | "areProbabilities" | "once">;

function draw({ inputs, targets, areProbabilities, once }: Drawn, random: RandomStream): ReadonlyMap<string, Tensor> {
  const axes = once ? [BATCH] : [BATCH, TIME];
  const numbers = (...shape: number[]) => tabulate("float32", shape, () => Math.fround(random.normal()));
  const uniform = (...shape: number[]) => tabulate("float32", shape, () => Math.fround(random.uniform()));
  const ids = (...shape: number[]) => tabulate("int32", shape, () => random.below(CLASSES));
  return new Map([
    ["inputs", inputs === "ids" ? ids(BATCH, TIME) : numbers(BATCH, TIME, inputs)],
    [
      "targets",
      targets === "classes" ? ids(...axes) : areProbabilities ? uniform(...axes, targets) : numbers(...axes, targets),
    ],
    ["lengths", tensor("int64", [BATCH], lengths)],
    ["weights", tabulate("float32", axes, () => Math.fround(random.uniform()))],
  ]);
}

/** Other ids, and numbers of about `size`, past every length. */
function withGarbage(
  data: ReadonlyMap<string, Tensor>,
  size: number,
  random: RandomStream,
): ReadonlyMap<string, Tensor> {
  return new Map(
    [...data].map(([role, array]) => {
      if (array.shape[1] !== TIME) return [role, array];
      const entries = array.data.length / (BATCH * TIME);
      const changed = array.data.map((value, index) => {
        const step = Math.floor(index / entries);
        if (step % TIME < (lengths[Math.floor(step / TIME)] ?? 0)) return value;
        return array.dtype === "float32" ? size * random.normal() : random.below(CLASSES);
      });
      return [role, { ...array, data: changed }];
    }),
  );
}

type Nested = number | readonly Nested[];

function nestedOf({ shape, data }: Tensor): Nested {
  const [first, ...rest] = shape;
  if (first === undefined) return data[0] ?? Number.NaN;
  const size = data.length / first;
  return Array.from({ length: first }, (_, index) =>
    nestedOf({ dtype: "float32", shape: rest, data: data.slice(index * size, (index + 1) * size) }),
  );
}
