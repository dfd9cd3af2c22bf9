/** Models with imported weights predict what the layers of PyTorch and Keras predict. */
import { describe, expect, test } from "vitest";
import {
  add,
  concatColumns,
  kerasGru,
  kerasLstm,
  kerasRnn,
  type Matrix,
  matrix,
  matVec,
  randomTensor,
  type Step,
  torchGru,
  torchLstm,
  torchRnn,
  unrolled,
  vecMat,
  vector,
} from "./framework-layers.js";
import { archive, expectNumbers, hdf5, type Named, outputsOf, stateDict, writeTemporary } from "./weight-files.js";

const ids = [
  [0, 1, 2, 3, 4],
  [4, 4, 0, 1, 3],
];
const rows = ids.map((row) => row.map((id, step) => [Math.fround(Math.sin(id + step)), Math.fround(Math.cos(2 * id))]));
const tokens = { type: "arrays", inputs: ids, targets: ids };
const zeros = (width: number) => rows.map((row) => row.map(() => Array(width).fill(0)));
const numbers = (width: number) => ({ type: "arrays", inputs: rows, targets: zeros(width) });

/** Random tensors of a file by name. */
function file(shapes: Readonly<Record<string, readonly number[]>>): Named {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, randomTensor(name, shape)]));
}

const weightsByRole =
  (tensors: Named, before: string, after = "") =>
  (role: string) => {
    const tensor = tensors[before + role + after];
    if (tensor === undefined) throw new Error(`no ${before}${role}${after}`);
    return tensor;
  };

describe("PyTorch", () => {
  const layer = (prefix: string, suffix: string, inputs: number, gates: number, hidden: number) => ({
    [`${prefix}weight_ih${suffix}`]: [gates * hidden, inputs],
    [`${prefix}weight_hh${suffix}`]: [gates * hidden, hidden],
    [`${prefix}bias_ih${suffix}`]: [gates * hidden],
    [`${prefix}bias_hh${suffix}`]: [gates * hidden],
  });

  test("Embedding, LSTM of two layers in two directions, Linear", async () => {
    const tensors = file({
      "emb.weight": [5, 3],
      ...layer("lstm.", "_l0", 3, 4, 4),
      ...layer("lstm.", "_l0_reverse", 3, 4, 4),
      ...layer("lstm.", "_l1", 8, 4, 4),
      ...layer("lstm.", "_l1_reverse", 8, 4, 4),
      "fc.weight": [5, 8],
      "fc.bias": [5],
    });
    const run = (xs: Matrix, cellPath: string) => {
      const step = (suffix: string) => torchLstm(weightsByRole(tensors, "lstm.", suffix), true, false);
      return concatColumns(
        unrolled(step(cellPath), [4, 4], xs),
        unrolled(step(`${cellPath}_reverse`), [4, 4], xs, true),
      );
    };
    const table = matrix(weightsByRole(tensors, "emb.")("weight"));
    const expectedOutputs = ids.flatMap((row) =>
      run(
        run(
          row.map((id) => table[id] ?? []),
          "_l0",
        ),
        "_l1",
      ).map((h) =>
        add(matVec(matrix(weightsByRole(tensors, "fc.")("weight")), h), vector(weightsByRole(tensors, "fc.")("bias"))),
      ),
    );
    const spec = {
      data: tokens,
      model: [
        { layer: "embedding", size: 3 },
        { layer: "rnn", cell: "lstm", hidden_size: 4, layers: 2, bidirectional: "concat" },
        { layer: "projection", size: "vocabulary" },
      ],
      loss: { type: "sequence_loss" },
    };
    expectNumbers(await outputsOf(spec, stateDict(tensors)), expectedOutputs);
  });

  const cells: readonly [string, object, number, (weights: Named) => Step, number[]][] = [
    ["GRU", { cell: "gru" }, 3, (t) => torchGru(weightsByRole(t, "r.", "_l0")), [4]],
    ["RNN", { cell: "rnn" }, 1, (t) => torchRnn(weightsByRole(t, "r.", "_l0"), Math.tanh), [4]],
    [
      "RNN with relu",
      { cell: "rnn", activation: "relu" },
      1,
      (t) => torchRnn(weightsByRole(t, "r.", "_l0"), (a) => Math.max(a, 0)),
      [4],
    ],
  ];
  test.each(cells)("%s", async (_, cell, gates, step, sizes) => {
    const tensors = file(layer("r.", "_l0", 2, gates, 4));
    const expectedOutputs = rows.flatMap((xs) => unrolled(step(tensors), sizes, xs));
    const spec = { data: numbers(4), model: [{ layer: "rnn", ...cell, hidden_size: 4 }] };
    expectNumbers(await outputsOf(spec, stateDict(tensors)), expectedOutputs);
  });

  test("LSTM with a projection and no biases, saved alone", async () => {
    const tensors = file({ weight_ih_l0: [20, 2], weight_hh_l0: [20, 3], weight_hr_l0: [3, 5] });
    const expectedOutputs = rows.flatMap((xs) =>
      unrolled(torchLstm(weightsByRole(tensors, "", "_l0"), false, true), [3, 5], xs),
    );
    const spec = {
      data: numbers(3),
      model: [{ layer: "rnn", cell: "lstm", hidden_size: 5, projection_size: 3 }],
    };
    expectNumbers(await outputsOf(spec, stateDict(tensors)), expectedOutputs);
  });
});

describe("Keras", () => {
  const cell = (cellPath: string, names: readonly string[], inputs: number, gates: number, hidden: number) => ({
    [`${cellPath}/${names[0]}`]: [inputs, gates * hidden],
    [`${cellPath}/${names[1]}`]: [hidden, gates * hidden],
    [`${cellPath}/${names[2]}`]: [gates * hidden],
  });
  const places = ["0", "1", "2"];
  const inPlace = (tensors: Named, cellPath: string) => (role: string) =>
    weightsByRole(tensors, `${cellPath}/`)(String(["kernel", "recurrent_kernel", "bias"].indexOf(role)));

  const tensors = file({
    "layers/embedding/vars/0": [5, 3],
    ...cell("layers/bidirectional/forward_layer/cell/vars", places, 3, 4, 4),
    ...cell("layers/bidirectional/backward_layer/cell/vars", places, 3, 4, 4),
    ...cell("layers/lstm/cell/vars", places, 8, 4, 6),
    ...cell("layers/lstm_1/cell/vars", places, 6, 4, 6),
    "layers/dense/vars/0": [6, 5],
    "layers/dense/vars/1": [5],
    "layers/dropout/seed_generator/vars/0": [2],
    "optimizer/vars/0": [5, 3],
  });
  const spec = {
    data: tokens,
    model: [
      { layer: "embedding", size: 3 },
      {
        layer: "rnn",
        cells: [
          { cell: "lstm", hidden_size: 4, bidirectional: "concat" },
          { cell: "lstm", hidden_size: 6 },
          { cell: "lstm", hidden_size: 6 },
        ],
      },
      { layer: "dense", size: 5 },
    ],
    loss: { type: "sequence_loss" },
  };
  const expectedOutputs = () => {
    const step = (cellPath: string) => kerasLstm(inPlace(tensors, cellPath));
    const table = matrix(weightsByRole(tensors, "layers/embedding/vars/")("0"));
    return ids.flatMap((row) => {
      const xs = row.map((id) => table[id] ?? []);
      const bidirectional = concatColumns(
        unrolled(step("layers/bidirectional/forward_layer/cell/vars"), [4, 4], xs),
        unrolled(step("layers/bidirectional/backward_layer/cell/vars"), [4, 4], xs, true),
      );
      const middle = unrolled(step("layers/lstm/cell/vars"), [6, 6], bidirectional);
      return unrolled(step("layers/lstm_1/cell/vars"), [6, 6], middle).map((h) =>
        add(
          vecMat(h, matrix(weightsByRole(tensors, "layers/dense/vars/")("0"))),
          vector(weightsByRole(tensors, "layers/dense/vars/")("1")),
        ),
      );
    });
  };

  test(".weights.h5: Embedding, Bidirectional LSTM, two LSTMs, Dense", async () => {
    const actual = await outputsOf(spec, writeTemporary("m.weights.h5", await hdf5(tensors)));
    expectNumbers(actual, expectedOutputs());
  });

  test(".keras archives", async () => {
    const archiveFiles = { "config.json": Buffer.from("{}"), "model.weights.h5": await hdf5(tensors) };
    expectNumbers(await outputsOf(spec, writeTemporary("m.keras", archive(archiveFiles))), expectedOutputs());
  });

  test.each([true, false])("GRU, reset_after %s, in a legacy .h5", async (reset_after) => {
    const names = ["kernel:0", "recurrent_kernel:0", "bias:0"];
    const cellPath = "model_weights/gru/gru/gru_cell";
    const weights = file({
      ...cell(cellPath, names, 2, 3, 4),
      ...(reset_after && { [`${cellPath}/bias:0`]: [2, 12] }),
      "model_weights/head/head/kernel:0": [4, 2],
      "model_weights/head/head/bias:0": [2],
    });
    const attributes = {
      model_weights: { layer_names: ["input_1", "gru", "head"] },
      "model_weights/input_1": { weight_names: [] },
      "model_weights/gru": { weight_names: names.map((name) => `gru/gru_cell/${name}`) },
      "model_weights/head": { weight_names: ["head/kernel:0", "head/bias:0"] },
    };
    const expected = rows.flatMap((xs) =>
      unrolled(kerasGru(weightsByRole(weights, `${cellPath}/`, ":0"), reset_after), [4], xs).map((h) =>
        add(
          vecMat(h, matrix(weightsByRole(weights, "model_weights/head/head/")("kernel:0"))),
          vector(weightsByRole(weights, "model_weights/head/head/")("bias:0")),
        ),
      ),
    );
    const model = [
      { layer: "rnn", cell: "gru", hidden_size: 4, reset_after },
      { layer: "dense", size: 2 },
    ];
    const actual = await outputsOf(
      { data: numbers(2), model },
      writeTemporary("m.h5", await hdf5(weights, attributes)),
    );
    expectNumbers(actual, expected);
  });

  test("bidirectional SimpleRNN in a legacy .h5 of weights", async () => {
    const names = ["kernel:0", "recurrent_kernel:0", "bias:0"];
    const paths = ["forward_simple_rnn", "backward_simple_rnn"].map(
      (direction) => `bidirectional/${direction}/simple_rnn_cell`,
    );
    const weights = file(Object.assign({}, ...paths.map((path) => cell(`bidirectional/${path}`, names, 2, 1, 3))));
    const attributes = {
      "": { layer_names: ["bidirectional"] },
      bidirectional: { weight_names: paths.flatMap((path) => names.map((name) => `${path}/${name}`)) },
    };
    const step = (path = "") => kerasRnn(weightsByRole(weights, `bidirectional/${path}/`, ":0"));
    const expected = rows.flatMap((xs) =>
      concatColumns(unrolled(step(paths[0]), [3], xs), unrolled(step(paths[1]), [3], xs, true)),
    );
    const model = [{ layer: "rnn", cell: "rnn", hidden_size: 3, bidirectional: "concat" }];
    const actual = await outputsOf(
      { data: numbers(6), model },
      writeTemporary("m.h5", await hdf5(weights, attributes)),
    );
    expectNumbers(actual, expected);
    expect(actual).toHaveLength(60);
  });
});
