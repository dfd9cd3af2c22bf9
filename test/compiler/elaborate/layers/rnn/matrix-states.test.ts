/** States of several axes in every option of a recurrent layer: gradients against finite differences, and refusals. */
import { describe, expect, test } from "vitest";
import { restrictToOutputs } from "../../../../../compiler/elaborate/program.js";
import { tabulate, tensor } from "../../../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../../../compiler/ir/types.js";
import { forwardPasses, runPasses } from "../../../../../compiler/optimize/pipeline.js";
import { buildTrainingStep } from "../../../../../compiler/pipeline/training-step.js";
import { randomStream } from "../../../../../runtime/tensors/random.js";
import { expectGradients, weightedSum } from "../../../../support/finite-differences.js";
import { open, operandsOf, programOf } from "../../../../support/programs.js";
import { nested } from "../../../../support/reference-numbers.js";

const [batch, time, features] = [2, 3, 2];
const random = randomStream(3, "matrices");
const x = tabulate("float32", [batch, time, features], () => random.normal());
const cells = {
  memory: {
    options: { heads: 2 },
    state: { C: ["heads", "head_size", "head_size"], a: "heads" },
    parameters: { W: ["input_size", "2*hidden_size"], V: ["input_size", "heads"] },
    equations: [
      "k, v = split(x @ W, 2)",
      "a' = sigmoid(x @ V + a / hidden_size)",
      "C' = unsqueeze(unsqueeze(a')) * C + outer(split_heads(k, heads), split_heads(v, heads)) / head_size",
      "y = merge_heads(split_heads(k, heads) @ C')",
    ],
    output: "y",
  },
};

function spec(model: readonly object[], settings: object = {}) {
  return {
    cells,
    data: {
      type: "arrays",
      inputs: nested({ shape: x.shape, data: [...x.data] }),
      targets: Array(batch).fill(Array(time).fill(Array(4).fill(0))),
      lengths: [3, 2],
    },
    model,
    loss: { type: "squared_error" },
    optimizer: { type: "sgd", learning_rate: 0.1 },
    train: { batch_size: "all" },
    ...settings,
  };
}

const memory = { layer: "rnn", cell: "memory", hidden_size: 4 };

describe("gradients", () => {
  test.each<[string, readonly object[]]>([
    ["with lengths", [memory]],
    ["of a learned initial state", [{ ...memory, initial_state: "learned" }]],
    ["in both directions", [{ ...memory, bidirectional: "mean" }]],
    [
      "with the states of an encoder",
      [
        { ...memory, name: "encoder" },
        { ...memory, initial_state: "encoder" },
      ],
    ],
    ["of zoneout in expectation", [{ ...memory, zoneout: { C: 0.3, a: 0.1 } }]],
    ["unrolled", [{ ...memory, unroll: true, heads: 4 }]],
  ])("%s", async (_, model) => {
    const opened = await open(spec(model));
    const program = restrictToOutputs(programOf(opened, "inference"), ({ role }) =>
      ["prediction", "state"].includes(role),
    );
    const values = new Map<string, Tensor>([
      ["inputs", x],
      ["lengths", tensor("int64", [batch], [3, 2])],
    ]);
    for (const [index, { name }] of program.inputs.entries()) {
      const shape = program.graph.inputs[index]?.type.shape ?? [];
      if (!values.has(name))
        values.set(
          name,
          tabulate("float32", shape.map(Number), () => random.normal() / 2),
        );
    }
    const operands = operandsOf(program.inputs, values);
    const loss = weightedSum(program.graph, operands, randomStream(4, "weights"));
    const positions = [...operands.keys()].filter((index) => program.inputs[index]?.name !== "lengths");
    expectGradients(loss, positions);
    const context = { expected: new Map(Object.entries(opened.signature.expected)) };
    expectGradients({ ...loss, graph: runPasses(loss.graph, forwardPasses, context) }, positions);
  });
});

test.each<[string, object, object]>([
  ["zoneout and dropout", { ...memory, zoneout: 0.2, dropout: { state: { C: 0.2 }, input: 0.1 } }, {}],
  ["few stored values", memory, { train: { memory: "low" } }],
])("a training step with %s", async (_, layer, settings) => {
  const opened = await open(spec([layer], settings));
  expect(buildTrainingStep(opened.spec, opened.signature).ok).toBe(true);
});

test.each<[string, readonly object[], string]>([
  ["a size that the heads do not divide", [{ ...memory, heads: 3 }], "hidden_size 4 is not a multiple of heads 3"],
  [
    "a matrix as the output of a layer",
    [{ ...memory, return: "state" }],
    "The state C of rnn is [batch, 2, 2, 2], but a layer returns vectors.",
  ],
  [
    "the states of an encoder with other heads",
    [
      { ...memory, name: "encoder", heads: 4 },
      { ...memory, initial_state: "encoder" },
    ],
    'State C of rnn is [batch, 2, 2, 2], but that of "encoder" is [batch, 4, 1, 1].',
  ],
])("%s is refused", async (_, model, message) => {
  await expect(open(spec(model)).then(programOf)).rejects.toThrow(message);
});
