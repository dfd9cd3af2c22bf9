/** The check of a spec's gradient: right ones, wrong rules, kinks, jumps, zeros, and values that are not finite. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ruleOf } from "../../../compiler/graph/builder.js";
import type { Builder } from "../../../compiler/ir/builder.js";
import type { UnaryOp, Value } from "../../../compiler/ir/types.js";
import { checkGradient, type GradientReport } from "../../../runtime/training/check-gradient.js";
import { specSchema } from "../../../schema/json-schema.js";
import { packageRoot } from "../../../schema/package-root.js";
import { normal } from "../../support/read-spec.js";

afterEach(() => vi.restoreAllMocks());

async function check(spec: object, entries = 4): Promise<GradientReport> {
  const read = await normal(spec);
  const result = await checkGradient({ spec: read.spec, folder: ".", init: null, entries });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const optimizer = { type: "sgd", learning_rate: 0.1 };
const text = { type: "text", text: "hello world, how are you", window: 8 };
const gated = {
  data: text,
  cells: {
    gated: {
      state: { h: "hidden_size" },
      parameters: { W: ["input_size", "2 * hidden_size"], U: ["hidden_size", "2 * hidden_size"] },
      equations: ["f, n = split(x @ W + h @ U, 2)", "g = tanh(n)", "h' = h + sigmoid(f) * (g - h)"],
      output: "h'",
    },
  },
  model: [{ layer: "one_hot" }, { layer: "rnn", cell: "gated", hidden_size: 4 }, { layer: "projection" }],
  loss: { type: "sequence_loss" },
  optimizer,
};

describe("without the files of the data", () => {
  const dense = { layer: "dense", size: 1 };
  const labels = { type: "sequences", file: "missing.jsonl", columns: { text: "message", label: "kind" } };
  test.each<[string, object]>([
    [
      "rows of a table, and targets that are numbers",
      {
        data: { type: "table", file: "missing.csv", target: ["price"] },
        model: [dense],
        loss: { type: "squared_error" },
      },
    ],
    [
      "sequences with lengths, and classes",
      {
        data: labels,
        model: [
          { layer: "embedding", size: 3 },
          { layer: "rnn", cell: "gru", hidden_size: 2, return: "last" },
          { layer: "dense", size: "classes" },
        ],
        loss: { type: "cross_entropy", class_weights: { spam: 2 } },
      },
    ],
    [
      "arrays with weights, and probabilities",
      {
        data: { type: "arrays", inputs: "missing.npy", targets: "missing.npy", weights: "missing.npy" },
        model: [dense],
        loss: { type: "binary_cross_entropy" },
      },
    ],
  ])("%s", async (_, spec) => {
    const report = await check({ ...spec, optimizer }, 2);
    expect(report).toMatchObject({ isRight: true, isRandom: true, nonFinite: null });
    expect(report.notices.at(-1)).toMatch(
      /^missing\.\w+ is missing: inputs and targets are random numbers of the same kinds\.$/,
    );
  });

  const byType = {
    ...{ arrays: "batches", audio: "spoken-digits", images: "mnist-rows", pairs: "caption", sequences: "tagging" },
    ...{ table: "weather", text: "hello" },
  };
  test.each(Object.entries(byType))("random numbers of the type %s, in the model %s", async (type, name) => {
    const folder = join(packageRoot(), "specs");
    const { spec } = await normal(readFileSync(join(folder, `${name}.json`), "utf8"), { folder });
    expect(spec.data.type).toBe(type);
    const result = await checkGradient({ spec, folder, init: null, entries: 1, random: true });
    expect(result).toMatchObject({ ok: true, value: { isRight: true, isRandom: true, nonFinite: null } });
  });

  test("every type of data has a model", () => {
    expect(Object.keys(byType).map((type) => `${type}_data`)).toEqual(
      Object.keys(specSchema().$defs ?? {})
        .filter((name) => /^[a-z]+_data$/.test(name))
        .sort(),
    );
  });

  test("random numbers in place of data that is there, the same each time", async () => {
    const read = await normal(gated);
    const request = { spec: read.spec, folder: ".", init: null, entries: 2, random: true };
    const [first, second] = [await checkGradient(request), await checkGradient(request)];
    expect(first).toMatchObject({ ok: true, value: { isRight: true, isRandom: true } });
    expect(second).toEqual(first);
    expect(await check(gated, 2)).toMatchObject({ isRandom: false });
  });
});

/** Rows of two numbers, and a model whose first layer has the given equations. */
function ofRows(layer: object): object {
  return {
    data: {
      type: "arrays",
      inputs: [
        [0.5, -0.25],
        [0.75, 1.5],
      ],
      targets: [[1], [0.5]],
    },
    layers: { own: layer },
    model: [{ layer: "own" }, { layer: "dense", size: 1 }],
    loss: { type: "squared_error" },
    optimizer,
  };
}

const verdicts = ({ tensors }: GradientReport) =>
  tensors.map(({ name, comparisons }) => [name, ...new Set(comparisons.map(({ verdict }) => verdict))]);

describe("right gradients", () => {
  test("of a cell, of all parameters", async () => {
    const report = await check(gated);
    expect(report).toMatchObject({ isRight: true, rows: 3, steps: 6, suspects: [], nonFinite: null });
    expect(verdicts(report)).toEqual(
      ["rnn/0/W", "rnn/0/U", "projection/W", "projection/b"].map((name) => [name, "same"]),
    );
    expect(await check(gated)).toEqual(report);
  });

  test("of sequences of several lengths, dropout, convolution and attention", async () => {
    const report = await check({
      data: {
        type: "arrays",
        inputs: [0, 1, 2, 3].map((row) => [0, 1, 2, 3, 4, 5, 6, 7].map((step) => [Math.sin(row + step), row / 4])),
        targets: [0, 1, 2, 3].map((row) => [row / 4]),
        lengths: [8, 8, 8, 8],
      },
      model: [
        { layer: "conv1d", size: 4, kernel_size: 2, activation: "gelu" },
        { layer: "attention", heads: 2 },
        { layer: "rnn", cell: "lstm", hidden_size: 3, dropout: { input: 0.2 }, return: "last" },
        { layer: "dense", size: 1 },
      ],
      loss: { type: "squared_error" },
      optimizer,
    });
    expect(report.isRight).toBe(true);
    // A bias of the keys shifts all scores of a query, which the softmax ignores.
    const others = verdicts(report).filter(([name]) => name !== "attention/bk");
    expect(new Set(others.flatMap(([, ...rest]) => rest))).toEqual(new Set(["same"]));
    expect(verdicts(report)).toContainEqual(["attention/bk", "unmeasurable"]);
    expect(report.tensors.at(-1)).toMatchObject({ name: "inputs", role: "input", shape: [3, 6, 2] });
  });
});

describe("a wrong rule", () => {
  /** Makes a rule's derivative 1% too large. */
  function breakRule(op: UnaryOp): void {
    const rule = ruleOf(op) as { vjp: (b: Builder, ...given: readonly unknown[]) => readonly (Value | undefined)[] };
    const { vjp } = rule;
    vi.spyOn(rule, "vjp").mockImplementation((b, ...given) =>
      vjp(b, ...given).map((cotangent) => cotangent && b.mul(cotangent, 1.01)),
    );
  }

  test("is found, with its equation", async () => {
    breakRule("Tanh");
    const report = await check(gated);
    expect(report.isRight).toBe(false);
    expect(report.suspects).toEqual([
      { operator: "Tanh", layer: "rnn", target: "g", path: "/cells/gated/equations/1" },
    ]);
    // Only what is after the cell has a right gradient.
    expect(verdicts(report).filter(([, ...rest]) => !rest.includes("wrong"))).toEqual([
      ["projection/W", "same"],
      ["projection/b", "same"],
    ]);
  });

  test("of a layer is found", async () => {
    breakRule("Exp");
    const report = await check(ofRows({ parameters: { a: ["input_size"] }, equations: ["y = exp(a * x)"] }));
    expect(report.isRight).toBe(false);
    expect(report.suspects).toEqual([
      { operator: "Exp", layer: "own", target: "own", path: "/layers/own/equations/0" },
    ]);
  });
});

describe("no false alarm", () => {
  test("at a kink", async () => {
    const report = await check(
      ofRows({ parameters: { a: ["input_size"] }, initializers: { a: 0 }, equations: ["y = x + relu(a)"] }),
    );
    expect(report.isRight).toBe(true);
    expect(verdicts(report)[0]).toEqual(["own/a", "kink"]);
    const { gradient, sides } = report.tensors[0]?.comparisons[0] ?? {};
    expect(gradient).toBe(0);
    const [flat = 1, steep = 0] = (sides ?? []).map(Math.abs).toSorted((a, b) => a - b);
    expect(flat).toBe(0);
    expect(steep).toBeGreaterThan(1e-3);
  });

  test("at a jump", async () => {
    const report = await check(
      ofRows({ parameters: { a: ["input_size"] }, initializers: { a: 1 }, equations: ["y = x * floor(a)"] }),
    );
    expect(report.isRight).toBe(true);
    expect(verdicts(report)[0]).toEqual(["own/a", "jump"]);
  });

  test("for a gradient of zeros, which is named", async () => {
    const report = await check(
      ofRows({ parameters: { a: ["input_size"] }, initializers: { a: 0.5 }, equations: ["y = x * floor(a) + x"] }),
    );
    expect(report.isRight).toBe(true);
    expect(report.tensors[0]).toMatchObject({ name: "own/a", isZero: true });
    expect(report.tensors[1]).toMatchObject({ isZero: false });
  });
});

test("a value of a layer that is not finite is named by its equation", async () => {
  const layer = { parameters: { a: ["input_size"] }, initializers: { a: 0 }, equations: ["q = log(a)", "y = x * q"] };
  expect((await check(ofRows(layer))).nonFinite).toMatchObject({
    description: "q of the layer own",
    path: "/layers/own/equations/0",
    cause: expect.stringContaining("logarithm"),
  });
});

test("a value that is not finite is named", async () => {
  const report = await check({
    ...gated,
    cells: {
      gated: { ...gated.cells.gated, equations: ["f, n = split(x @ W + h @ U, 2)", "g = log(n - n)", "h' = h + g"] },
    },
  });
  expect(report).toMatchObject({
    isRight: false,
    tensors: [],
    nonFinite: { description: "g of rnn/0, at time step 1", path: "/cells/gated/equations/1" },
  });
});

test.each(["x * 1e30 * 1e30", "x * 1e39"])("%s is not finite in float32", async (value) => {
  const report = await check({
    data: { type: "arrays", inputs: [[2], [3], [4]], targets: [[1], [2], [3]] },
    layers: { large: { equations: [`y = ${value}`] } },
    model: [{ layer: "large" }, { layer: "dense", size: 1 }],
    loss: { type: "absolute_error" },
    optimizer,
  });
  expect(report).toMatchObject({ isRight: false, nonFinite: { path: "/layers/large/equations/0" } });
});

test("a constant that float32 rounds to infinity is stated where tanh hides it", async () => {
  const of = (constant: string) =>
    check({
      data: { type: "arrays", inputs: [[2], [3], [4]], targets: [[1], [2], [3]] },
      layers: { large: { equations: [`y = tanh(x * ${constant})`] } },
      model: [{ layer: "dense", size: 1 }, { layer: "large" }],
      loss: { type: "squared_error" },
      optimizer,
    });
  expect((await of("1e36")).notices).toEqual([]);
  expect((await of("1e39")).notices).toEqual([
    "The constant 1e+39 in y of the layer large is infinite in training, which computes in float32, up to 3.4e38; this check computes in float64. Use a smaller constant.",
  ]);
});

test("a computed value that float32 rounds to infinity is stated where a logarithm hides it", async () => {
  const of = (target: number) =>
    check({
      data: { type: "arrays", inputs: [[0]], targets: [[target]] },
      losses: { steep: { equations: ["a = exp((y - t) ^ 2)", "loss = log(1 + a)"] } },
      model: [{ layer: "dense", size: 1 }],
      loss: { type: "steep" },
      optimizer,
    });
  expect((await of(9)).notices).toEqual([]);
  expect((await of(10)).notices).toEqual([
    "A value in a of the loss steep is infinite in training, which computes in float32, up to 3.4e38; this check computes in float64. exp overflows above 88: bound the operand, as in exp(min(x, 20)).",
  ]);
});

test("such a value of a cell is stated with its time step", async () => {
  const report = await check({
    data: { type: "arrays", inputs: [[[0], [0], [0]]], targets: [[1]] },
    cells: {
      own: {
        state: { h: "hidden_size" },
        parameters: { W: ["input_size", "hidden_size"] },
        equations: ["h' = h + 1", "a = exp(h' * 40) * sigmoid(x @ W)", "y = log(a)"],
        output: "y",
      },
    },
    model: [
      { layer: "rnn", cell: "own", hidden_size: 1, return: "last" },
      { layer: "dense", size: 1 },
    ],
    loss: { type: "squared_error" },
    optimizer,
  });
  expect(report.notices.join()).toMatch(/^A value in a of rnn\/0, at time step 3 is infinite in training/);
});

test("such a constant of a cell is stated", async () => {
  const [equation] = gated.cells.gated.equations;
  const equations = [equation ?? "", "g = tanh(n * 1e39)", "h' = h + sigmoid(f) * (g - h)"];
  const report = await check({ ...gated, cells: { gated: { ...gated.cells.gated, equations } } });
  expect(report.notices.join()).toMatch(/^The constant 1e\+39 is infinite in training/);
});
