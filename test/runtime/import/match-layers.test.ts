/** Matching of a file's layers with the model's: notices and problems. */
import { expect, test } from "vitest";
import type { StoredTensor } from "../../../compiler/artifact.js";
import type { NameMap } from "../../../runtime/import/index.js";
import { readInitialWeights } from "../../../runtime/import/initial-weights.js";
import type { Tensor } from "../../../runtime/tensors/safetensors.js";
import { normal } from "../../support/read-spec.js";
import { archive, hdf5, type Named, stateDict, writeTemporary } from "./weight-files.js";

const data = { type: "arrays", inputs: [[0, 1]], targets: [[1, 2]] };

/** Tensors whose values are their indices, by name and shape. */
function tensors(shapes: Readonly<Record<string, readonly number[]>>): Named {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]): [string, Tensor] => {
      const count = shape.reduce((product, size) => product * size, 1);
      return [name, { shape, data: Float32Array.from({ length: count }, (_, index) => index) }];
    }),
  );
}

const gru = (prefix: string, inputs: number, hidden: number) => ({
  [`${prefix}.weight_ih_l0`]: [3 * hidden, inputs],
  [`${prefix}.weight_hh_l0`]: [3 * hidden, hidden],
  [`${prefix}.bias_ih_l0`]: [3 * hidden],
  [`${prefix}.bias_hh_l0`]: [3 * hidden],
});
const layerShapes = (prefix: string, inputs: number, hidden: number) => ({
  [`${prefix}/W`]: [inputs, 3 * hidden],
  [`${prefix}/U`]: [hidden, 3 * hidden],
  [`${prefix}/b`]: [3 * hidden],
  [`${prefix}/c`]: [3 * hidden],
});

async function read(
  layers: readonly object[],
  parameters: Readonly<Record<string, readonly number[]>>,
  file: string,
  maps: readonly NameMap[] = [],
) {
  const { spec } = await normal({
    data,
    model: [{ layer: "embedding", size: 3 }, ...layers],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam" },
  });
  const stored = Object.entries(parameters).map(([name, shape]): StoredTensor => {
    return { name, shape, initializer: { type: "constant", value: 0 } };
  });
  return readInitialWeights({ file, maps }, { spec, parameters: stored });
}

async function problemsOf(...args: Parameters<typeof read>): Promise<readonly string[]> {
  const result = await read(...args);
  return result.ok
    ? []
    : result.error.map(({ code, message, hint }) => [code, message, hint].filter(Boolean).join(" | "));
}

const cell = { layer: "rnn", cell: "gru", hidden_size: 2 };
const headLayer = { layer: "dense", size: 3 };
const table = { "embedding/W": [3, 3] };
const completeWeights: Readonly<Record<string, readonly number[]>> = {
  ...table,
  ...layerShapes("rnn/0", 3, 2),
  "dense/W": [2, 3],
  "dense/b": [3],
};
const torchShapes = { "emb.weight": [3, 3], ...gru("gru", 3, 2), "out.weight": [3, 2], "out.bias": [3] };

test("matched layers are reported", async () => {
  const result = await read([cell, headLayer], completeWeights, stateDict(tensors(torchShapes)));
  expect(result).toMatchObject({
    ok: true,
    value: { notices: ["Weights from the PyTorch file: emb to embedding, gru to rnn/0, out to dense."] },
  });
});

test("parameters without a counterpart start from the seed, with a notice", async () => {
  const withInitialState = { ...completeWeights, "rnn/0/h/initial": [2] };
  const result = await read(
    [{ ...cell, initial_state: "learned" }, headLayer],
    withInitialState,
    stateDict(tensors(torchShapes)),
  );
  expect(result).toMatchObject({
    ok: true,
    value: {
      notices: [expect.any(String), "Initialized from the seed, because the file lacks them: rnn/0/h/initial."],
    },
  });
});

test("layers of equal shape are matched by names, by numbers, or refused", async () => {
  const two = { ...table, ...layerShapes("encoder/0", 3, 3), ...layerShapes("decoder/0", 3, 3) };
  const layers = ["encoder", "decoder"].map((name) => ({ ...cell, hidden_size: 3, name }));
  const shapePair = (a: string, b: string) =>
    stateDict(tensors({ "emb.weight": [3, 3], ...gru(a, 3, 3), ...gru(b, 3, 3) }));
  const mappedNames = async (file: string, maps: readonly NameMap[] = []) => {
    const result = await read(layers, two, file, maps);
    return result.ok ? result.value.notices[0] : result.error.map(({ message, hint }) => `${message} | ${hint}`);
  };
  expect(await mappedNames(shapePair("seq.decoder", "seq.encoder"))).toContain(
    "seq.encoder to encoder/0, seq.decoder to decoder/0.",
  );
  expect(await mappedNames(shapePair("rnns.10", "rnns.9"))).toContain("rnns.9 to encoder/0, rnns.10 to decoder/0");
  const expected = "gru (W [3, 9], U [3, 9], b [9], c [9])";
  const sorted = `bias_hh [9], bias_ih [9], weight_hh [9, 3], weight_ih [9, 3]`;
  expect(await mappedNames(shapePair("reader", "writer"))).toEqual([
    `The layers of the PyTorch file cannot be matched unambiguously. The file has reader (${sorted}); writer (${sorted}). ` +
      `The model has encoder/0, ${expected}; decoder/0, ${expected}. Matched: emb to embedding. | ` +
      "Match them with --map reader=encoder/0. Skip a layer of the file with --map reader=, or initialize one of the model from the seed with --map =encoder/0.",
  ]);
  expect(await mappedNames(shapePair("reader", "writer"), [{ from: "writer", to: "encoder" }])).toContain(
    "emb to embedding, writer to encoder/0, reader to decoder/0",
  );
});

test("unmatched tensors are refused; a map with an empty side skips them", async () => {
  const extended = stateDict(tensors({ ...torchShapes, "norm.scale": [2], "extra.weight": [4, 9], "extra.bias": [4] }));
  expect(await problemsOf([cell, headLayer], completeWeights, extended)).toEqual([
    "init-match | The model has no layer for extra (bias [4], weight [4, 9]) of the PyTorch file. Matched: emb to embedding, gru to rnn/0, out to dense. | Skip it with --map extra=.",
    "init-name | The PyTorch file has tensors outside of the layers that rnnx can import: norm.scale [2]. | Skip one with --map norm.scale=.",
  ]);
  const without = ["extra", "norm"].map((from) => ({ from, to: "" }));
  expect(await read([cell, headLayer], completeWeights, extended, without)).toMatchObject({ ok: true });

  const { "out.weight": _, "out.bias": __, ...withoutHead } = torchShapes;
  const file = stateDict(tensors(withoutHead));
  expect(await problemsOf([cell, headLayer], completeWeights, file)).toEqual([
    "init-match | The PyTorch file has no layer for dense, dense (W [2, 3], b [3]). Matched: emb to embedding, gru to rnn/0. | Initialize it from the seed with --map =dense.",
  ]);
  expect(await read([cell, headLayer], completeWeights, file, [{ from: "", to: "dense" }])).toMatchObject({
    ok: true,
    value: {
      notices: [expect.any(String), "Initialized from the seed, because the file lacks them: dense/W, dense/b."],
    },
  });
});

test("cells of other kinds and sizes", async () => {
  const lstm = { ...torchShapes, ...gru("gru", 3, 2), "gru.weight_ih_l0": [8, 3], "gru.weight_hh_l0": [8, 2] };
  expect(await problemsOf([cell, headLayer], completeWeights, stateDict(tensors(lstm)))).toEqual([
    expect.stringMatching(
      /^init-match \| gru.weight_ih_l0 has shape \[8, 3\], but rnn\/0\/W \[3, 6\] needs \[6, 3\]. \| /,
    ),
  ]);
  const before = { ...cell, reset_after: false };
  const { "rnn/0/c": _, ...withoutBias } = completeWeights;
  expect(await problemsOf([before, headLayer], withoutBias, stateDict(tensors(torchShapes)))).toEqual([
    expect.stringMatching(/rnn\/0 has the parameters W, U, b, but PyTorch's gru has W, U, b, c\. \| /),
  ]);
  const minimal = { ...cell, cell: "mingru" };
  const { "rnn/0/c": ___, "rnn/0/U": ____, ...partial } = completeWeights;
  expect(await problemsOf([minimal, headLayer], partial, stateDict(tensors(torchShapes)))).toEqual([
    expect.stringContaining("rnnx has no conversion from PyTorch to rnn/0, a mingru cell."),
  ]);
  const bidirectional = { ...torchShapes, "gru.weight_ih_l0_reverse": [6, 3], "gru.weight_hh_l0_reverse": [6, 2] };
  expect(await problemsOf([cell, headLayer], completeWeights, stateDict(tensors(bidirectional)))).toEqual([
    expect.stringContaining("gru has two directions, but rnn/0 has one direction."),
  ]);
});

test("maps without a match, or of different numbers of layers", async () => {
  const file = stateDict(tensors(torchShapes));
  expect(await problemsOf([cell, headLayer], completeWeights, file, [{ from: "lstm", to: "rnn" }])).toEqual([
    "init-map | --map lstm=rnn: the file has no unmatched layer of that name. | Unmatched: emb, gru, out.",
  ]);
  expect(await problemsOf([cell, headLayer], completeWeights, file, [{ from: "gru", to: "rn" }])).toEqual([
    "init-map | --map gru=rn: the model has no unmatched layer of that name. | Unmatched: embedding, rnn/0, dense.",
  ]);
});

test("a tied projection accepts the embedding's table only", async () => {
  const tied = { layer: "projection", size: "vocabulary", weights: "embedding" };
  const parameters = { ...table, ...layerShapes("rnn/0", 3, 3), "projection/b": [3] };
  const weights = { "emb.weight": [3, 3], ...gru("gru", 3, 3), "out.weight": [3, 3], "out.bias": [3] };
  const wideCell = { ...cell, hidden_size: 3 };
  const matching = tensors(weights);
  expect(await read([wideCell, tied], parameters, stateDict(matching))).toMatchObject({ ok: true });
  const other = { ...matching, "out.weight": { shape: [3, 3], data: new Float32Array(9) } };
  expect(await problemsOf([wideCell, tied], parameters, stateDict(other))).toEqual([
    'init-tied | out has a separate kernel, but projection shares that of embedding. | Remove "weights" from layer projection.',
  ]);
});

test("values that are not finite", async () => {
  const bad = { ...tensors(torchShapes), "out.bias": { shape: [3], data: Float32Array.of(0, Number.NaN, 0) } };
  expect(await problemsOf([cell, headLayer], completeWeights, stateDict(bad))).toEqual([
    "init-value | out.bias has values that are not finite.",
  ]);
});

test("files of other formats", async () => {
  const rejectionsOf = (name: string, bytes: Uint8Array) =>
    problemsOf([cell, headLayer], completeWeights, writeTemporary(name, bytes));
  const good = await hdf5(tensors({ "layers/dense/vars/0": [2, 3] }));
  expect(await rejectionsOf("cut.h5", good.subarray(0, 300))).toEqual([
    expect.stringMatching(/^file-format \| ".*cut\.h5" cannot be read: HDF5 reports "truncated file/),
  ]);
  expect(await rejectionsOf("model.pt", archive({ "model/data.pkl": Buffer.from("x") }))).toEqual([
    expect.stringMatching(/it is a PyTorch pickle\. \| Save the state dict with safetensors/),
  ]);
  expect(await rejectionsOf("model.zip", archive({ a: Buffer.from("x") }))).toEqual([
    expect.stringContaining("it is an archive without Keras's model.weights.h5"),
  ]);
  expect(await rejectionsOf("small.weights.h5", good)).toEqual([
    expect.stringMatching(/^init-match \| The Keras file has no layer for embedding/),
  ]);
});
