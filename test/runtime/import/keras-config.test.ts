/** A Keras file's configuration against the spec: every option is matched, known to have no effect, or refused by name. */
import { beforeAll, describe, expect, test } from "vitest";
import type { ImportedWeights } from "../../../runtime/import/index.js";
import { readInitialWeights } from "../../../runtime/import/initial-weights.js";
import type { RunProblem } from "../../../runtime/problem.js";
import type { Result } from "../../../runtime/result.js";
import { build } from "../../support/artifacts.js";
import { randomTensor } from "./framework-layers.js";
import { archive, hdf5, writeTemporary } from "./weight-files.js";

type Options = Readonly<Record<string, unknown>>;

const tensors = (shapes: Readonly<Record<string, readonly number[]>>) =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, randomTensor(name, shape)]));

/** The options that Keras 3.15 stores for each class. */
const common = { trainable: true, dtype: { class_name: "DTypePolicy", config: { name: "float32" } } };
const initial = Object.fromEntries(
  ["kernel", "recurrent", "bias"].flatMap((name) => [
    [`${name}_initializer`, { class_name: "Zeros", config: {} }],
    [`${name}_regularizer`, null],
    [`${name}_constraint`, null],
  ]),
);
const recurrentOptions = {
  ...common,
  ...initial,
  ...{ return_sequences: false, return_state: false, go_backwards: false, stateful: false, unroll: false },
  ...{ zero_output_for_mask: false, units: 3, activation: "tanh", use_bias: true, activity_regularizer: null },
  ...{ dropout: 0.2, recurrent_dropout: 0.1, seed: null },
};
const gatedOptions = { ...recurrentOptions, recurrent_activation: "sigmoid" };
const lstm = (options: Options = {}) => ({
  class_name: "LSTM",
  config: { ...gatedOptions, name: "reader", unit_forget_bias: true, ...options },
});
const dense = (options: Options = {}) => ({
  class_name: "Dense",
  config: {
    ...{ ...common, ...initial, name: "head", units: 1, activation: "linear", use_bias: true },
    ...{ quantization_config: null, ...options },
  },
});
const sequential = (...layers: object[]) => ({
  class_name: "Sequential",
  config: { name: "model", layers: [{ class_name: "InputLayer", config: { name: "input" } }, ...layers] },
});

const cellShapes = (path: string, gates: number, inputs = 2) => ({
  [`${path}/vars/0`]: [inputs, gates * 3],
  [`${path}/vars/1`]: [3, gates * 3],
  [`${path}/vars/2`]: [gates * 3],
});
const headShapes = { "layers/dense/vars/0": [3, 1], "layers/dense/vars/1": [1] };
const lstmShapes = { ...cellShapes("layers/lstm/cell", 4), ...headShapes };

const rows = [[[1, 2], [3, 4]]]; // biome-ignore format: one line
const arrays = { type: "arrays", inputs: rows, targets: [[1]] };
const spec = {
  data: arrays,
  model: [
    { layer: "rnn", cell: "lstm", hidden_size: 3, return: "last" },
    { layer: "dense", size: 1 },
  ],
};

async function imported(text: object, file: string): Promise<Result<ImportedWeights, readonly RunProblem[]>> {
  const optimizer = { type: "sgd", learning_rate: 0.1 };
  const compiled = await build({ loss: { type: "squared_error" }, optimizer, ...text });
  const { parameters } = compiled.artifact.manifest;
  return readInitialWeights({ file, maps: [] }, { spec: compiled.spec, parameters });
}

async function kerasFile(config: object, shapes: Readonly<Record<string, readonly number[]>>): Promise<string> {
  const members = {
    "config.json": Buffer.from(JSON.stringify(config)),
    "model.weights.h5": await hdf5(tensors(shapes)),
  };
  return writeTemporary("m.keras", archive(members));
}

async function differences(config: object, text: object = spec, shapes = lstmShapes): Promise<readonly string[]> {
  const result = await imported(text, await kerasFile(config, shapes));
  if (result.ok) return [];
  expect(result.error.map(({ code }) => code)).toEqual(result.error.map(() => "init-config"));
  expect(result.error.every(({ hint }) => (hint ?? "") !== "")).toBe(true);
  return result.error.map(({ message }) => message);
}

beforeAll(() => import("h5wasm"));

test("an LSTM and a Dense layer with the options of the spec are imported", async () => {
  const result = await imported(spec, await kerasFile(sequential(lstm(), dense()), lstmShapes));
  expect(result).toMatchObject({
    ok: true,
    value: { notices: ["Weights from the Keras file: lstm to rnn/0, dense to dense."] },
  });
});

describe("an option that changes the outputs is refused", () => {
  const reader = "reader of the Keras file";
  test.each([
    ["activation", lstm({ activation: "relu" }), `${reader}: its activation is relu; the cell lstm of rnn/0 has tanh.`],
    [
      "the default of Keras before 2.3",
      lstm({ recurrent_activation: "hard_sigmoid" }),
      `${reader}: its recurrent_activation is hard_sigmoid; the cell lstm of rnn/0 has sigmoid.`,
    ],
    ["go_backwards", lstm({ go_backwards: true }), `${reader}: its go_backwards is true; rnn/0 reads forward.`],
    ["stateful", lstm({ stateful: true }), `${reader}: its stateful is true; the layer rnn has stateful false.`],
    [
      "an activation that is an object",
      lstm({ activation: { class_name: "LeakyReLU", config: { negative_slope: 0.1 } } }),
      `${reader}: its activation is LeakyReLU; the cell lstm of rnn/0 has tanh.`,
    ],
    ["an unknown option", lstm({ lora_rank: 4 }), `${reader}: its lora_rank is 4; rnnx does not know that option.`],
  ])("%s", async (_, layer, message) => {
    expect(await differences(sequential(layer, dense()))).toEqual([message]);
  });

  test.each(["relu", "gelu", "softmax"])("the activation %s of a Dense layer", async (activation) => {
    expect(await differences(sequential(lstm(), dense({ activation })))).toEqual([
      `head of the Keras file: its activation is ${activation}; the layer dense has none.`,
    ]);
  });

  test("each difference is listed", async () => {
    const config = sequential(lstm({ activation: "elu", go_backwards: true }), dense({ activation: "relu" }));
    expect(await differences(config)).toHaveLength(3);
  });

  test("mask_zero, where the data has no lengths", async () => {
    const embedding = (mask_zero: boolean) => ({
      class_name: "Embedding",
      config: { ...common, name: "embedding", input_dim: 5, output_dim: 2, mask_zero, embeddings_initializer: null },
    });
    const shapes = { "layers/embedding/vars/0": [5, 2], ...lstmShapes };
    const text = (lengths: object) => ({
      data: { type: "arrays", inputs: [[1, 2, 4]], targets: [[1]], ...lengths },
      model: [{ layer: "embedding", vocabulary_size: 5, size: 2 }, ...spec.model],
    });
    const config = (mask: boolean) => sequential(embedding(mask), lstm(), dense());
    expect(await differences(config(true), text({}), shapes)).toEqual([
      "embedding of the Keras file: its mask_zero is true; the data has no lengths, so that rnnx reads every step.",
    ]);
    expect(await differences(config(true), text({ lengths: [2] }), shapes)).toEqual([]);
    expect(await differences(config(false), text({}), shapes)).toEqual([]);
  });
});

test("the bias of a GRU does not tell reset_after where there is none", async () => {
  const gru = (reset_after: boolean) => ({
    class_name: "GRU",
    config: { ...gatedOptions, name: "gru", use_bias: false, reset_after },
  });
  const text = (reset_after: boolean) => ({
    ...spec,
    model: [{ layer: "rnn", cell: "gru", hidden_size: 3, return: "last", reset_after }, spec.model[1]],
  });
  const shapes = { "layers/gru/cell/vars/0": [2, 9], "layers/gru/cell/vars/1": [3, 9], ...headShapes };
  for (const reset_after of [true, false]) {
    expect(await differences(sequential(gru(reset_after), dense()), text(reset_after), shapes)).toEqual([]);
    expect(await differences(sequential(gru(!reset_after), dense()), text(reset_after), shapes)).toEqual([
      `gru of the Keras file: its reset_after is ${!reset_after}; the cell gru of rnn/0 has reset_after ${reset_after}.`,
    ]);
  }
});

test("a SimpleRNN with relu is the cell rnn with relu", async () => {
  const simple = { class_name: "SimpleRNN", config: { ...recurrentOptions, name: "rnn", activation: "relu" } };
  const shapes = { ...cellShapes("layers/simple_rnn/cell", 1), ...headShapes };
  const text = (activation: string) => ({
    ...spec,
    model: [{ layer: "rnn", cell: "rnn", activation, hidden_size: 3, return: "last" }, spec.model[1]],
  });
  expect(await differences(sequential(simple, dense()), text("relu"), shapes)).toEqual([]);
  expect(await differences(sequential(simple, dense()), text("tanh"), shapes)).toEqual([
    "rnn of the Keras file: its activation is relu; the cell rnn of rnn/0 has tanh.",
  ]);
});

describe("Bidirectional", () => {
  const shapes = {
    ...cellShapes("layers/bidirectional/forward_layer/cell", 4),
    ...cellShapes("layers/bidirectional/backward_layer/cell", 4),
    "layers/dense/vars/0": [3, 1],
    "layers/dense/vars/1": [1],
  };
  const text = {
    ...spec,
    model: [{ layer: "rnn", cell: "lstm", hidden_size: 3, return: "last", bidirectional: "sum" }, spec.model[1]],
  };
  const wrapped = (options: Options) =>
    sequential(
      { class_name: "Bidirectional", config: { ...common, name: "both", layer: lstm(), ...options } },
      dense(),
    );

  test.each([
    ["the same merge_mode", { merge_mode: "sum" }, []],
    ["a stored backward layer", { merge_mode: "sum", backward_layer: lstm({ go_backwards: true }) }, []],
    ["another merge_mode", { merge_mode: "mul" }, ["its merge_mode is mul; rnn/0 has sum."]],
    [
      "a backward layer of another activation",
      { merge_mode: "sum", backward_layer: lstm({ go_backwards: true, activation: "relu" }) },
      ["its activation is relu; the cell lstm of rnn/0 has tanh."],
    ],
    [
      "directions that are swapped",
      { merge_mode: "sum", layer: lstm({ go_backwards: true }) },
      ["its go_backwards is true; rnn/0 reads forward.", "its go_backwards is false; rnn/0 reads backward here."],
    ],
  ])("%s", async (_, options, expected) => {
    expect(await differences(wrapped(options), text, shapes)).toEqual(
      expected.map((message) => `both of the Keras file: ${message}`),
    );
  });
});

test("the older .h5 has its configuration in an attribute, with layers by name", async () => {
  const names = ["kernel:0", "recurrent_kernel:0", "bias:0"];
  const paths = { reader: names.map((name) => `reader/lstm_cell/${name}`), head: ["head/kernel:0", "head/bias:0"] };
  const shapes = [[2, 12], [3, 12], [12], [3, 1], [1]];
  const weights = tensors(
    Object.fromEntries(
      [...paths.reader, ...paths.head].map((path, index) => [
        `model_weights/${path.split("/")[0]}/${path}`,
        shapes[index] ?? [],
      ]),
    ),
  );
  const file = async (activation: string) => {
    const attributes = {
      "": { model_config: JSON.stringify(sequential(lstm({ activation }), dense())) },
      model_weights: { layer_names: ["reader", "head"] },
      "model_weights/reader": { weight_names: paths.reader },
      "model_weights/head": { weight_names: paths.head },
    };
    return writeTemporary("m.h5", await hdf5(weights, attributes));
  };
  expect(await imported(spec, await file("tanh"))).toMatchObject({ ok: true });
  expect(await imported(spec, await file("relu"))).toMatchObject({ ok: false, error: [{ code: "init-config" }] });
});

test("two layers of one class keep their own options, in nested models too", async () => {
  const inner = {
    class_name: "Functional",
    config: { name: "inner", layers: [lstm({ name: "b", activation: "relu" })] },
  };
  const first = lstm({ name: "a", return_sequences: true });
  const shapes = {
    ...cellShapes("layers/lstm/cell", 4),
    ...cellShapes("layers/functional/layers/lstm/cell", 4, 3),
    ...headShapes,
  };
  const text = { ...spec, model: [{ ...spec.model[0], layers: 2 }, spec.model[1]] };
  expect(await differences(sequential(first, inner, dense()), text, shapes)).toEqual([
    "b of the Keras file: its activation is relu; the cell lstm of rnn/1 has tanh.",
  ]);
});

test("unchecked options are reported once", async () => {
  const pool = { class_name: "GlobalMaxPooling1D", config: { name: "pool" } };
  const dropout = { class_name: "Dropout", config: { name: "drop", rate: 0.5 } };
  const ownDense = { ...dense(), module: "__main__" };
  const config = sequential(lstm({ return_sequences: true }), dropout, pool, ownDense);
  const result = await imported(spec, await kerasFile(config, lstmShapes));
  expect(result).toMatchObject({
    ok: true,
    value: {
      notices: [
        "Weights from the Keras file: lstm to rnn/0, dense to dense.",
        "reader returns every step in Keras, but rnn/0 returns the last step.",
        "Not compared with the file's configuration, which does not list them: dense.",
        "Layers of the file without imported weights, not compared with the spec: pool (GlobalMaxPooling1D), head (__main__>Dense).",
      ],
    },
  });
});
