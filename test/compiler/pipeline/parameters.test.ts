/** Names and counts of parameters: of tutorials' models, and of every built-in cell. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { analyze, check, memoryByBatch } from "../../../compiler/compile.js";
import { openData } from "../../../runtime/data/index.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import { readSpecFile } from "../../../schema/read.js";
import { analysisOf, open } from "../../support/programs.js";

/** `name: shape = count` of each tensor, and the total. */
function parametersOf(opened: Parameters<typeof analysisOf>[0]) {
  const { parameters } = analysisOf(opened);
  return {
    total: parameters.total,
    tensors: parameters.tensors.map(({ name, shape, count }) => `${name}: [${shape.join(", ")}] = ${count}`),
  };
}

describe("models of tutorials", () => {
  const gallery = async (name: string) => {
    const read = await readSpecFile(join(import.meta.dirname, "../../../specs", `${name}.json`));
    if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
    return parametersOf({ spec: read.spec, signature: await signatureOf(read.spec, read.folder) });
  };

  test("ship has 10,850 parameters", async () => {
    expect(await gallery("ship")).toEqual({
      total: 10_850,
      tensors: [
        "rnn/0/W: [25, 100] = 2500",
        "rnn/0/U: [25, 100] = 2500",
        "rnn/0/b: [100] = 100",
        "rnn/1/W: [25, 100] = 2500",
        "rnn/1/U: [25, 100] = 2500",
        "rnn/1/b: [100] = 100",
        "projection/W: [25, 25] = 625",
        "projection/b: [25] = 25",
      ],
    });
  });

  test("ship-tied has one set of weights: 5,750 parameters", async () => {
    expect(await gallery("ship-tied")).toEqual({
      total: 5750,
      tensors: [
        "rnn/0/W: [25, 100] = 2500",
        "rnn/0/U: [25, 100] = 2500",
        "rnn/0/b: [100] = 100",
        "projection/W: [25, 25] = 625",
        "projection/b: [25] = 25",
      ],
    });
  });
});

describe("cells", () => {
  const parameters = async (features: number, layer: object, extra: object = {}) =>
    parametersOf(
      await open({
        data: { type: "arrays", inputs: [[new Array(features).fill(0.5)]], targets: [[0]] },
        model: [{ layer: "rnn", ...layer }, ...("head" in extra ? [extra.head] : [])],
        ...("cells" in extra && { cells: extra.cells }),
        loss: { type: "cross_entropy" },
        optimizer: { type: "adam" },
      }),
    );

  test.each<[string, number, object, number]>([
    ["BasicLSTMCell(2) on 4 symbols", 4, { cell: "lstm", hidden_size: 2 }, 56],
    ["an LSTM of 3 on 2 features", 2, { cell: "lstm", hidden_size: 3 }, 72],
    ["a GRU of 3 on 2 features, as Keras and cuDNN have it", 2, { cell: "gru", hidden_size: 3 }, 63],
    ["a GRU of 3 on 2 features, reset before", 2, { cell: "gru", hidden_size: 3, reset_after: false }, 54],
    ["an LSTM in both directions", 2, { cell: "lstm", hidden_size: 3, bidirectional: "sum" }, 144],
    ["three layers of one set of weights", 3, { cell: "rnn", hidden_size: 3, layers: 3, share_weights: true }, 21],
  ])("%s", async (_, features, layer, total) => {
    expect((await parameters(features, layer)).total).toBe(total);
  });

  test("a cell without biases: 150 + 225 + 45 weights", async () => {
    const minimal = {
      state: { h: "hidden_size" },
      parameters: { W: ["input_size", "hidden_size"], U: ["hidden_size", "hidden_size"] },
      equations: ["h' = tanh(x @ W + h @ U)"],
      output: "h'",
    };
    const headLayer = { layer: "dense", size: 3, bias: false };
    expect(
      await parameters(10, { cell: "bare", hidden_size: 15 }, { cells: { bare: minimal }, head: headLayer }),
    ).toEqual({
      total: 420,
      tensors: ["rnn/0/W: [10, 15] = 150", "rnn/0/U: [15, 15] = 225", "dense/W: [15, 3] = 45"],
    });
  });

  test("names follow layers, cells and directions", async () => {
    const layer = {
      name: "encoder",
      cells: [
        { cell: "rnn", hidden_size: 2, bidirectional: "concat" },
        { cell: "gru", hidden_size: 2 },
      ],
    };
    expect((await parameters(3, layer)).tensors).toEqual([
      "encoder/0/forward/W: [3, 2] = 6",
      "encoder/0/forward/U: [2, 2] = 4",
      "encoder/0/forward/b: [2] = 2",
      "encoder/0/backward/W: [3, 2] = 6",
      "encoder/0/backward/U: [2, 2] = 4",
      "encoder/0/backward/b: [2] = 2",
      "encoder/1/W: [4, 6] = 24",
      "encoder/1/U: [2, 6] = 12",
      "encoder/1/b: [6] = 6",
      "encoder/1/c: [6] = 6",
    ]);
  });
});

async function signatureOf(spec: NormalSpec, folder: string) {
  const opened = await openData(spec, folder);
  if (!opened.ok) throw new Error(opened.error.map(({ message }) => message).join("\n"));
  return opened.value.signature(spec.train);
}

test("the operations of a layer exclude those of its inputs", async () => {
  const read = await readSpecFile(join(import.meta.dirname, "../../../specs/translate.json"));
  if (!read.ok) throw new Error("the gallery's spec does not read");
  const { layers, flops } = analysisOf({ spec: read.spec, signature: await signatureOf(read.spec, read.folder) });
  expect(layers.every((layer) => layer.flops >= 0)).toBe(true);
  // Target and source differ only in length and table: looking up is free but for the padding's first step.
  const [source, , target] = layers.map((layer) => layer.flops);
  expect(target).toBeLessThanOrEqual(source ?? 0);
  expect(layers.reduce((sum, layer) => sum + layer.flops, 0)).toBeLessThan(flops.step);
});

test("a spec with problems has no analysis", async () => {
  const { spec, signature, origins } = await open({
    data: { type: "text", text: "hihello", window: 6 },
    model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 3 }],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam" },
  });
  const problems = check(spec, signature, origins);
  expect(problems).not.toEqual([]);
  expect(analyze(spec, signature, { origins })).toEqual({ ok: false, problems });
  expect(memoryByBatch(spec, signature)).toMatchObject({ ok: false, problems: problems.map(({ code }) => ({ code })) });
});
