/** The probe of a step finds the first value that is not finite: in an equation, a layer, the loss, or a gradient. */
import { expect, test } from "vitest";
import { probe } from "../../../compiler/inspect/finiteness.js";
import { initializeTensor } from "../../../runtime/tensors/initializers.js";
import { locateNonFinite } from "../../../runtime/training/locate-non-finite.js";
import { build } from "../../support/artifacts.js";

const cell = {
  state: { h: "hidden_size" },
  parameters: { W: ["input_size", "hidden_size"], a: ["hidden_size"] },
  equations: ["s = h + x @ W", "q = 0.9 - a", "h' = s * 0.1 + log(q)"],
  output: "h'",
};

interface ProbeOptions {
  /** A parameter whose entries are all `value`. */
  readonly parameter?: string;
  readonly value?: number;
  readonly target?: number;
  readonly rnn?: object;
}

async function probeGradient({ parameter, value = 0, target = 1, rnn = {} }: ProbeOptions) {
  const { spec, signature, source, artifact } = await build({
    data: {
      type: "arrays",
      inputs: [
        [[0.1], [0.2], [0.3]],
        [[0.3], [0.1], [0.2]],
      ],
      targets: [[target], [target]],
    },
    cells: { own: cell },
    model: [
      { layer: "rnn", name: "steps", cell: "own", hidden_size: 2, return: "last", ...rnn },
      { layer: "dense", size: 1 },
    ],
    loss: { type: "squared_error" },
    optimizer: { type: "adam", learning_rate: 0.1 },
    train: { batch_size: 2, accumulate: 2 },
  });
  const parameters = new Map(
    artifact.manifest.parameters.map((tensor) => {
      const data = initializeTensor(tensor, 1);
      return [tensor.name, { shape: tensor.shape, data: tensor.name === parameter ? data.fill(value) : data }];
    }),
  );
  const trainer = { tensors: async (role: string) => (role === "parameter" ? parameters : new Map()) };
  return locateNonFinite(spec, signature, trainer, 1, source.batch([0, 1]));
}

test("in an equation, with the cause of its operator", async () => {
  expect(await probeGradient({ parameter: "steps/0/a", value: 1 })).toMatchObject({
    description: expect.stringMatching(/^h' of steps\/0, at time step 1/),
    path: "/cells/own/equations/2",
    cause: expect.stringContaining("logarithm"),
  });
});

test("in a reverse loop", async () => {
  expect(
    await probeGradient({ parameter: "steps/0/backward/a", value: 1, rnn: { bidirectional: "concat" } }),
  ).toBeDefined();
});

test("in a layer, in the loss, in a gradient; undefined where all values are finite", async () => {
  expect(await probeGradient({ parameter: "dense/W", value: Number.POSITIVE_INFINITY })).toMatchObject({
    description: "the output of dense",
    path: "/model/1",
  });
  expect(await probeGradient({ target: 1e30 })).toMatchObject({ description: "the loss", path: "/loss" });
  expect(await probeGradient({})).toBeUndefined();
});

test("a spec with problems has no probe", async () => {
  const { spec, signature } = await build({
    data: { type: "arrays", inputs: [[[1]]], targets: [[1]] },
    model: [{ layer: "dense", size: 1 }],
    loss: { type: "squared_error" },
    optimizer: { type: "sgd", learning_rate: 0.1 },
  });
  const sizes = { ...signature, targets: { dtype: "float32" as const, shape: ["batch", 7] } };
  expect(await probe(spec, sizes)).toBeUndefined();
});
