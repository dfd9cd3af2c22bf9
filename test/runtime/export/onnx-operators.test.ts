/** Cells exported as ONNX operators: which qualify, and equivalence in all variants. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exportTrainedModel } from "../../../runtime/export/index.js";
import { subject } from "../../support/export-subjects.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const ids = [
  [0, 1, 2, 3, 1],
  [2, 2, 0, 1, 3],
  [3, 0, 1, 1, 2],
];

/** A model of token ids, one layer, and a class per step. */
function tokens(layer: object, extra: object = {}): object {
  return {
    data: { type: "arrays", inputs: ids, targets: ids },
    model: [
      { layer: "embedding", size: 3 },
      { layer: "rnn", hidden_size: 4, ...layer },
      { layer: "projection", size: "classes" },
    ],
    loss: { type: "sequence_loss" },
    ...extra,
  };
}

async function exportSpec(spec: object, form: "sequence" | "step" = "sequence") {
  const out = join(temporaryFolder(), "model.onnx");
  const settings = { form, opset: 17, recurrent: "operators", unroll: null } as const;
  const outcome = await exportTrainedModel(await subject(spec), { out, ...settings });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  expect(outcome.value.verification.difference).toBeLessThan(2e-6);
  return outcome.value.cells;
}

describe("cells with an ONNX operator", () => {
  test.each([
    ["RNN", { cell: "rnn" }],
    ["RNN", { cell: "rnn", activation: "relu" }],
    ["GRU", { cell: "gru" }],
    ["GRU", { cell: "gru", reset_after: false }],
    ["GRU", { cell: "minimal_gated" }],
    ["LSTM", { cell: "lstm" }],
    ["LSTM", { cell: "lstm", peepholes: true }],
    ["LSTM", { cell: "lstm", residual: true, hidden_size: 3 }],
    ["LSTM", { cell: "lstm", dropout: { input: 0.5, output: 0.5 }, layer_norm: true }],
    ["GRU", { cell: "gru", initial_state: "learned" }],
  ] as const)("%s: %o", async (operator, layer) => {
    const as = [{ name: "rnn/0", form: operator, reason: "" }];
    expect(await exportSpec(tokens(layer))).toEqual(as);
    expect(await exportSpec(tokens(layer), "step")).toEqual(as);
  });

  test.each(["rnn", "gru", "lstm"])("%s over sequences of other lengths, both ways, the last output", async (cell) => {
    const lengths = { type: "arrays", inputs: ids, targets: [0, 1, 2], lengths: [5, 2, 4] };
    const layer = { cell, bidirectional: "concat", return: "last", layers: 2 };
    const cells = await exportSpec(tokens(layer, { data: lengths, loss: { type: "cross_entropy" } }));
    expect(cells.map(({ name, form }) => `${name} ${form}`)).toEqual(
      ["rnn/0/forward", "rnn/0/backward", "rnn/1/forward", "rnn/1/backward"].map(
        (layerName) => `${layerName} ${cell.toUpperCase()}`,
      ),
    );
  });

  test("initial states as inputs", async () => {
    const inputs = ids.map((row) => row.map((id) => [id / 2, 1 - id]));
    const states = { "rnn/0/c": ids.map((row) => row.slice(0, 4).map((id) => id / 4)) };
    const spec = {
      data: { type: "arrays", inputs, targets: inputs, initial_states: states },
      model: [
        { layer: "rnn", cell: "lstm", hidden_size: 4 },
        { layer: "dense", size: 2 },
      ],
      loss: { type: "squared_error" },
    };
    expect(await exportSpec(spec)).toMatchObject([{ form: "LSTM" }]);
  });
});

describe("cells without an operator", () => {
  test.each([
    ["has no mapping to an ONNX operator", { cell: "lstm", cell_clip: 1 }],
    ["has no mapping to an ONNX operator", { cell: "lstm", projection_size: 3 }],
    ["has no mapping to an ONNX operator", { cell: "layer_norm_lstm" }],
    ["has no mapping to an ONNX operator", { cell: "mingru" }],
    ["it has zoneout", { cell: "lstm", zoneout: 0.2 }],
    ["it has zoneout", { cell: "lstm", zoneout: { c: 0.2 } }],
  ] as const)("%s: %o", async (reason, layer) => {
    expect(await exportSpec(tokens(layer))).toEqual([
      { name: "rnn/0", form: "Scan", reason: expect.stringContaining(reason) },
    ]);
    expect(await exportSpec(tokens(layer), "step")).toMatchObject([{ form: "unrolled" }]);
  });
});

describe("custom cells", () => {
  /** h' = f * h + (1 - f) * n: a GRU with its update gate f and without reset. */
  const own = (onnx: object | null, gate = "f") => ({
    state: { h: "hidden_size" },
    parameters: {
      A: ["input_size", "2*hidden_size"],
      B: ["hidden_size", "hidden_size"],
      a: ["2*hidden_size"],
      C: ["hidden_size", "hidden_size"],
    },
    equations: [
      "p, q = split(x @ A + a, 2)",
      "f = sigmoid(p + h @ B)",
      "n = tanh(q + f * (h @ C))",
      `h' = ${gate} * h + (1 - ${gate}) * n`,
    ],
    output: "h'",
    onnx,
  });
  const mapping = {
    operator: "GRU",
    linear_before_reset: true,
    W: ["A[0]", "A[0]", "A[1]"],
    R: ["B", "B", "C"],
    Wb: ["a[0]", "a[0]", "a[1]"],
  };
  const use = (cell: object) => tokens({ cell: "own" }, { cells: { own: cell } });

  test("becomes an operator if its mapping is equivalent", async () => {
    expect(await exportSpec(use(own(mapping)))).toEqual([{ name: "rnn/0", form: "GRU", reason: "" }]);
  });

  test.each([
    ["its results differ from GRU by", { ...mapping, R: ["B", "C", "C"] }],
    ["its results differ from GRU by", { ...mapping, linear_before_reset: false }],
    ["its results differ from GRU by", { ...mapping, activations: ["Sigmoid", "Relu"] }],
    ["its results differ from GRU by", { ...mapping, Wb: [] }],
    ["its results differ from GRU by", { ...mapping, W: ["-A[0]", "A[0]", "A[1]"] }],
    ["W has shape [3, 16], but GRU reads [3, 12]", { ...mapping, W: ["A", "A"] }],
    ["A has no block 2 of 4 columns", { ...mapping, W: ["A[0]", "A[0]", "A[2]"] }],
    ["a has shape [8], which is no block of R", { ...mapping, R: ["a[0]", "B", "C"] }],
    ["LSTM has 2 states, and the cell has 1", { ...mapping, operator: "LSTM" }],
    ["GRU has 2 activations, and the mapping names 1", { ...mapping, activations: ["Tanh"] }],
  ])("stays a Scan otherwise: %s", async (reason, invalid) => {
    expect(await exportSpec(use(own(invalid)))).toEqual([
      { name: "rnn/0", form: "Scan", reason: expect.stringContaining(reason) },
    ]);
  });

  test("reports unknown names in a mapping", async () => {
    const invalid = { ...mapping, W: ["AA[0]", "A[0]", "A[1]"], states: ["g"] };
    await expect(subject(use(own(invalid)))).rejects.toThrow('the cell has no parameter "AA"');
    await expect(subject(use(own(invalid)))).rejects.toThrow('the cell has no state "g"');
  });

  test("may map to negated weights, other activations and two states", async () => {
    const negated = { ...mapping, W: ["-A[0]", "A[0]", "A[1]"], R: ["-B", "B", "C"], Wb: ["-a[0]", "a[0]", "a[1]"] };
    expect(await exportSpec(use(own(negated, "(1 - f)")))).toMatchObject([{ form: "GRU" }]);
    const pair = {
      state: { m: "hidden_size", y: "hidden_size" },
      parameters: { W: ["input_size", "4*hidden_size"], U: ["hidden_size", "4*hidden_size"] },
      equations: [
        "i, o, f, g = split(x @ W + y @ U, 4)",
        "m' = sigmoid(f) * m + sigmoid(i) * relu(g)",
        "y' = sigmoid(o) * tanh(m')",
      ],
      output: "y'",
      onnx: { operator: "LSTM", activations: ["Sigmoid", "Relu", "Tanh"], states: ["y", "m"], W: ["W"], R: ["U"] },
    };
    expect(await exportSpec(use(pair))).toMatchObject([{ form: "LSTM" }]);
  });

  /** A simple cell with variations. */
  const plainCell = (change: object) => ({
    state: { h: "hidden_size" },
    parameters: { W: ["input_size", "hidden_size"], U: ["hidden_size", "hidden_size"] },
    equations: ["h' = tanh(x @ W + h @ U)"],
    output: "h'",
    onnx: { operator: "RNN", W: ["W"], R: ["U"] },
    ...change,
  });

  test("may be equivalent for some sizes only, which are tested", async () => {
    const literal = plainCell({ parameters: { W: ["input_size", 4], U: [4, "hidden_size"] } });
    const splitCell = plainCell({ equations: ["p, q = split(x @ W + h @ U, 2)", "h' = concat(tanh(p), tanh(q))"] });
    for (const cell of [plainCell({}), literal, splitCell])
      expect(await exportSpec(use(cell))).toMatchObject([{ form: "RNN", reason: "" }]);
  });

  test.each<[string, object]>([
    ["differ from RNN by Infinity", { equations: ["h' = tanh(sqrt(x + 9) @ W + h @ U)"] }],
    ["differ from RNN by Infinity", { equations: ["h' = tanh(x @ W + h @ U)", "y = concat(h', h')"], output: "y" }],
    [
      "RNN has 1 state, and the cell has 2",
      { state: { h: "hidden_size", g: "hidden_size" }, equations: ["h' = tanh(x @ W + g @ U)", "g' = h"] },
    ],
    [
      "the states of LSTM have one size",
      {
        state: { h: "hidden_size", c: "2*hidden_size" },
        equations: ["h' = tanh(x @ W + h @ U) + sum(c)", "c' = concat(h, h)"],
        onnx: { operator: "LSTM", W: ["W"], R: ["U"] },
      },
    ],
  ])("stays a Scan: %s: %o", async (reason, change) => {
    expect(await exportSpec(use(plainCell(change)))).toEqual([
      { name: "rnn/0", form: "Scan", reason: expect.stringContaining(reason) },
    ]);
  });
});
