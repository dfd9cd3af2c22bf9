/** Layers of a spec as equations: values, gradients, options, lengths, losses of logits, and mistakes. */
import { describe, expect, test } from "vitest";
import { restrictToOutputs } from "../../../../compiler/elaborate/program.js";
import { tabulate } from "../../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../../compiler/ir/types.js";
import { randomStream } from "../../../../runtime/tensors/random.js";
import { problemsOf } from "../../../support/check-spec.js";
import { expectGradients, weightedSum } from "../../../support/finite-differences.js";
import { analysisOf, open, operandsOf, outputsOf, programOf, tensorOfArray } from "../../../support/programs.js";

const layers = {
  highway: {
    parameters: {
      Wt: ["input_size", "input_size"],
      bt: ["input_size"],
      Wh: ["input_size", "input_size"],
      bh: ["input_size"],
    },
    initializers: { bt: -2 },
    equations: ["t = sigmoid(x @ Wt + bt)", "y = t * relu(x @ Wh + bh) + (1 - t) * x"],
  },
  /** A linear map by a name of its own. */
  linear: {
    options: { size: 3, start: 0.5, bias: true, activation: "none_of_them" },
    parameters: { W: ["input_size", "size"] },
    initializers: { W: "glorot_normal" },
    equations: ["z = x @ W"],
    output: "z",
    variants: {
      bias: {
        true: { parameters: { b: ["size"] }, initializers: { b: "start" }, equations: { z: "z = x @ W + b" } },
        false: {},
      },
      activation: { none_of_them: {}, otherwise: { equations: ["z = activation(x @ W)"] } },
    },
  },
  softmaxed: { parameters: { W: ["input_size", 2] }, equations: ["y = softmax(x @ W)"] },
  logarithm: { parameters: { g: ["input_size"] }, initializers: { g: 1 }, equations: ["y = g * log(x)"] },
  /** Reads the step before and the step before that one. */
  echo: {
    parameters: { a: ["input_size"], W: ["input_size", "input_size"] },
    equations: ["d = x - a * shift(x)", "y = tanh(d) + shift(d * x, 2) @ W"],
  },
  /** A gate of another layer's features between the input and a map of them. */
  mixed: {
    inputs: { context: "context_size", skip: "input_size" },
    parameters: { W: ["context_size", "input_size"], U: ["context_size", "input_size"] },
    equations: ["g = sigmoid(context @ U)", "y = g * (context @ W) + (1 - g) * x * skip"],
  },
  /** Each of two heads multiplies its features with a matrix of its own, and all heads read the sum of their keys. */
  mixed_heads: {
    options: { heads: 2 },
    parameters: { P: ["heads", "input_size/heads", "input_size/heads"], s: ["heads", 1] },
    equations: ["k = split_heads(x, heads) @ P", "o = k * s + k @ transpose(k) @ k", "y = merge_heads(o + sum(k, -2))"],
  },
};

const sequences = [
  [
    [0.5, 1],
    [1, 0.25],
  ],
  [
    [2, 0.125],
    [0, 0],
  ],
];
const specOf = (model: readonly object[], extra: object = {}) => ({
  data: {
    type: "arrays",
    inputs: sequences,
    lengths: [2, 1],
    targets: [
      [0, 1],
      [1, 0],
    ],
  },
  layers,
  model,
  loss: { type: "squared_error" },
  optimizer: { type: "adam" },
  ...extra,
});
const pool = { layer: "pool", mode: "mean" };
const answer = { layer: "dense", name: "answer", size: 2 };

async function programWith(spec: object, mode: "training" | "evaluation" = "training") {
  const opened = await open(spec);
  const program = programOf(opened, mode);
  const given = new Map([...opened.batch].map(([name, array]) => [name, tensorOfArray(array)] as const));
  const operands = new Map<string, Tensor>(
    program.inputs.map(({ name }, index) => {
      const random = randomStream(3, name);
      const shape = (program.graph.inputs[index]?.type.shape ?? []).map(Number);
      return [name, given.get(name) ?? tabulate("float32", shape, () => 0.3 + 0.3 * random.normal())];
    }),
  );
  return { program, operands };
}

async function outputs(spec: object, role: "loss" | "prediction"): Promise<readonly number[]> {
  const { program, operands } = await programWith(spec, "evaluation");
  return [...outputsOf(program, operands, [role]).values()].flatMap(({ data }) => [...data]);
}

test("sizes are arguments of one_hot and split_heads, and sums, products and quotients of them", async () => {
  const extra = {
    layers: {
      // The indices 1 and 2 of four.
      placed: { equations: ["k = cumsum(x * 0 + 1)", "y = einsum('j,ji->i', x, one_hot(k, 2 * input_size + 1 - 1))"] },
      between: { equations: ["u, v = split(x, 2)", "y = concat(u * 0, u, v, v * 0)"] },
      doubled: { equations: ["y = merge_heads(split_heads(x, input_size / 2) * 2)"] },
      twice: { equations: ["y = x * 2"] },
    },
  };
  const predictions = (...names: readonly string[]) =>
    outputs(specOf([...names.map((layer) => ({ layer })), pool, answer], extra), "prediction");
  const expected = await predictions("between", "twice");
  expect(await predictions("placed", "twice")).toEqual(expected);
  expect(await predictions("between", "doubled")).toEqual(expected);
});

test("a highway layer is its equations, at every valid step", async () => {
  const spec = specOf([{ layer: "highway" }, pool]);
  const { operands } = await programWith(spec, "evaluation");
  const get = (name: string) => operands.get(name)?.data ?? [];
  const row = ([x0 = 0, x1 = 0]: readonly number[]) =>
    [0, 1].map((column) => {
      const times = (W: string, b: string) =>
        x0 * (get(W)[column] ?? 0) + x1 * (get(W)[2 + column] ?? 0) + (get(b)[column] ?? 0);
      const t = 1 / (1 + Math.exp(-times("highway/Wt", "highway/bt")));
      return t * Math.max(times("highway/Wh", "highway/bh"), 0) + (1 - t) * (column === 0 ? x0 : x1);
    });
  const [first = [], second = []] = sequences;
  const [a = [], b = []] = first.map(row);
  const expected = [...a.map((entry, column) => (entry + (b[column] ?? 0)) / 2), ...row(second[0] ?? [])];
  const actual = await outputs(spec, "prediction");
  expect(actual.map((entry, index) => Math.abs(entry - (expected[index] ?? 0)) < 1e-12)).toEqual([
    true,
    true,
    true,
    true,
  ]);
});

test.each([
  ["highway", [{ layer: "highway" }, { layer: "highway" }]],
  [
    "options",
    [
      { layer: "linear", size: 4, bias: false },
      { layer: "linear", activation: "gelu" },
    ],
  ],
  [
    "shared weights",
    [
      { layer: "highway", name: "one" },
      { layer: "highway", weights: "one" },
    ],
  ],
  ["heads", [{ layer: "mixed_heads" }]],
  ["earlier steps", [{ layer: "echo" }]],
  [
    "several inputs",
    [
      { layer: "dense", name: "wide", size: 3 },
      { layer: "rnn", name: "states", cell: "gru", hidden_size: 2 },
      { layer: "mixed", from: ["activation", "wide", "states"] },
    ],
  ],
  [
    "an input without time steps",
    [
      { layer: "rnn", name: "summary", cell: "gru", hidden_size: 3, return: "last" },
      { layer: "mixed", from: ["activation", "summary", "activation"] },
    ],
  ],
  ["a row in place of a sequence", [pool, { layer: "highway", name: "last" }]],
  ["the logarithm after zeros past the lengths", [{ layer: "logarithm" }]],
])("gradients are finite differences, with lengths: %s", async (_, model) => {
  const spec = specOf(
    [{ layer: "activation", activation: "softplus" }, ...model, pool, answer].filter(
      (layer, index, all) => layer !== pool || all.indexOf(pool) === index,
    ),
  );
  const { program, operands } = await programWith(spec);
  const { graph, inputs } = restrictToOutputs(program, ({ role }) => role === "loss");
  const positions = inputs.flatMap(({ role }, index) => (role === "parameter" ? [index] : []));
  expect(positions.length).toBeGreaterThan(2);
  expectGradients(weightedSum(graph, operandsOf(inputs, operands), randomStream(5)), positions);
});

test("an input without time steps is the same at each step", async () => {
  const own = { inputs: { row: 2 }, parameters: { a: [] }, initializers: { a: 0.3 }, equations: ["y = x + row * a"] };
  const data = { type: "arrays", inputs: sequences, targets: sequences };
  const last = { layer: "rnn", name: "last", cell: "gru", hidden_size: 2, return: "last" };
  const model = [last, { layer: "own", from: ["inputs", "last"] }];
  const actual = await outputs(specOf(model, { data, layers: { own } }), "prediction");
  const added = actual.map((value, index) => value - (sequences.flat(2)[index] ?? 0));
  expect(added[0]).not.toBe(0);
  expect(added[0]).toBeCloseTo(added[2] ?? 0, 12);
  expect(added[5]).toBeCloseTo(added[7] ?? 0, 12);
  expect(added[0]).not.toBeCloseTo(added[4] ?? 0, 3);
});

test("shift reads earlier steps, and zeros before the first", async () => {
  const steps = [
    [1, 2],
    [3, 5],
    [7, 11],
    [13, 17],
  ];
  const shifted = {
    twice: { parameters: { a: [] }, initializers: { a: 1 }, equations: ["y = (shift(x) + 100 * shift(x, 2)) * a / a"] },
  };
  const targets = [steps];
  const data = { type: "arrays", inputs: [steps], targets };
  expect(await outputs(specOf([{ layer: "twice" }], { data, layers: shifted }), "prediction")).toEqual([
    0, 0, 1, 2, 103, 205, 307, 511,
  ]);
});

test("names, shapes and initial values of parameters, and the short form is the long one", async () => {
  const short = await open(
    specOf([{ layer: "linear", size: 5, start: 0.25 }, { layer: "linear", bias: false }, pool, answer]),
  );
  const { inputs } = programOf(short);
  expect(inputs.filter(({ role }) => role === "parameter").map(({ name, initializer }) => [name, initializer])).toEqual(
    [
      ["linear/W", { type: "normal", mean: 0, deviation: Math.sqrt(2 / 7) }],
      ["linear/b", { type: "constant", value: 0.25 }],
      ["linear_2/W", { type: "normal", mean: 0, deviation: Math.sqrt(2 / 8) }],
      ["answer/W", expect.anything()],
      ["answer/b", expect.anything()],
    ],
  );
  const long = await open(
    specOf([
      { layer: "custom", type: "linear", options: { size: 5, start: 0.25 } },
      { layer: "custom", type: "linear", options: { bias: false } },
      pool,
      answer,
    ]),
  );
  expect(long.spec).toEqual(short.spec);
  expect(
    analysisOf(short)
      .layers.map(({ name, layer }) => [name, layer])
      .slice(0, 2),
  ).toEqual([
    ["linear", "linear"],
    ["linear_2", "linear"],
  ]);
});

test("the parameters of a layer that is not trained have no gradient", async () => {
  const { inputs } = programOf(await open(specOf([{ layer: "highway", trainable: false }, pool, answer])));
  const names = (wanted: string) => inputs.flatMap(({ name, role }) => (role === wanted ? [name] : []));
  expect(names("frozen")).toEqual(["highway/Wt", "highway/bt", "highway/Wh", "highway/bh"]);
  expect(names("parameter")).toEqual(["answer/W", "answer/b"]);
});

describe("mistakes", () => {
  const use = (entry: object, extra: object = {}) => specOf([entry, pool, answer], extra);
  test.each<[string, object, readonly string[]]>([
    [
      "a shape that is wrong for this input",
      use({ layer: "square" }, { layers: { square: { parameters: { W: [3, 3] }, equations: ["y = x @ W"] } } }),
      [
        'shape-mismatch, /layers/square/equations/0 @ W": x @ W: [time, batch, 2] times [3, 3]: the inner sizes 2 and 3 differ W is declared [3, 3]; make its first size 2, or write "input_size".',
      ],
    ],
    [
      "a matrix for each row",
      use({ layer: "outer_product" }, { layers: { outer_product: { equations: ["y = outer(x, x)"] } } }),
      [
        "shape-mismatch, /layers/outer_product/equations/0 y = outer(x: the output y is [batch, input_size, input_size], not [batch, width] Write merge_heads(y) for one axis in place of two.",
      ],
    ],
    [
      "a state, and a size of cells",
      use(
        { layer: "idle" },
        { layers: { idle: { parameters: { W: [2] }, equations: ["h' = x", "y = hidden_size * x"] } } },
      ),
      [
        'unknown-name, /layers/idle/equations/0 h\' = x": "h\'" is the next value of "h", which is not a state Only cells have states.',
        'unknown-name, /layers/idle/equations/1 hidden_size * x": unknown name "hidden_size" Names: x, W, h\'.',
      ],
    ],
    [
      "too few inputs",
      use({ layer: "mixed" }),
      [
        'input-count, /model/0 {"layer":"mixed": mixed reads x, context and skip, but "from" names 1 of them. Name layers or inputs of the data for all of them: "from": ["inputs", "context", "skip"].',
      ],
    ],
    [
      "two inputs of a layer of one",
      specOf([{ layer: "dense", name: "a", size: 2 }, { layer: "highway", from: ["inputs", "a"] }, pool, answer]),
      [
        'input-count, /model/1/from ["inputs": highway reads 1 layer, but "from" names 2. Combine them first with a "concat" or "add" layer.',
      ],
    ],
    [
      "steps for a row, and a width that is not that of x",
      specOf([
        { layer: "dense", name: "wide", size: 3 },
        { ...pool, name: "row", from: "inputs" },
        { layer: "mixed", name: "a", from: ["row", "wide", "row"] },
        { layer: "mixed", name: "b", from: ["inputs", "row", "wide"] },
        { ...pool, name: "end" },
        answer,
      ]),
      [
        'unlike-inputs, /model/2/from ["row": a reads numbers [batch, 2] as x, with numbers [batch, time, 3] (wide) as context. Give inputs of as many time steps as x, or without time steps.',
        'shape-mismatch, /layers/mixed/inputs/skip "input_size": skip has input_size = 2 features, but in b it is wide, which has 3 Name another layer in "from", or declare its size by a new name: "skip": "skip_size".',
      ],
    ],
    [
      "inputs that no equation reads, and that have taken names",
      use(
        { layer: "idle", from: ["inputs", "inputs", "inputs"] },
        {
          layers: {
            idle: { inputs: { unread: 2, x: 2 }, equations: ["y = x"] },
            other: {
              inputs: { tanh: "n", W: "m", z: "2 * k" },
              parameters: { W: ["n"] },
              equations: ["y = x * W * z"],
            },
            unread: { inputs: { other: "n" }, equations: ["y = x"] },
          },
        },
      ),
      [
        'name-taken, /layers/idle/inputs/x "x": "x" is the layer\'s input already Use another name.',
        'name-taken, /layers/other/inputs/tanh "tanh": "tanh" is a function already Use another name.',
        'name-taken, /layers/other/parameters/W "W": "W" is an input already Use another name.',
        'unknown-size, /layers/other/inputs/z k": unknown size "k" Sizes: input_size, n, m.',
        'unused-input, /layers/unread/inputs/other "other": no equation reads the input "other" Remove it, or read it in an equation.',
      ],
    ],
    [
      "earlier steps of a row",
      specOf([pool, { layer: "echo" }]),
      [
        'needs-sequence, /model/1 {"layer":"echo": The layer echo reads sequences of numbers [batch, time, features], but its input is numbers [batch, 2]. Write "return": "sequence" in the layer before it.',
      ],
    ],
    [
      "earlier steps of a parameter, and a number of steps that is none",
      use(
        { layer: "late" },
        {
          layers: {
            late: { parameters: { a: [2] }, equations: ["z = shift(x, -1)", "y = z + shift(x, 0) + shift(a)"] },
          },
        },
      ),
      [
        'argument, /layers/late/equations/0 -1)": -1: the number of steps is an integer from 1 to 1000 shift(x, 2) is x of two steps before; no step reads a later one.',
        'argument, /layers/late/equations/1 0) + shift(a)": 0: the number of steps is an integer from 1 to 1000 shift(x, 2) is x of two steps before; no step reads a later one.',
        'argument, /layers/late/equations/1 a)": a: does not depend on the input: it has no time steps',
      ],
    ],
    [
      "earlier steps in an activation and in a cell",
      specOf([{ layer: "rnn", cell: "own", hidden_size: 2 }, { layer: "activation", activation: "late" }, pool], {
        activations: { late: { equations: ["y = shift(x)"] } },
        cells: {
          own: {
            state: { h: "hidden_size" },
            parameters: { W: ["input_size", "hidden_size"] },
            equations: ["h' = h + shift(x) @ W"],
            output: "h'",
          },
        },
      }),
      [
        'unknown-function, /activations/late/equations/0 shift(x)": shift reads earlier time steps, which only the equations of a layer can Call it in the equations of a layer.',
        'unknown-function, /cells/own/equations/0 shift(x) @ W": shift reads earlier time steps, which only the equations of a layer can Keep them in a state: "h\' = x", and read h.',
      ],
    ],
    [
      "an output of another name",
      use({ layer: "named" }, { layers: { named: { equations: ["a = x * 2", "z = relu(a)"] } } }),
      [
        'unknown-name, /layers/named {"equations":["a = x * 2": the output "y" is not a name that an equation sets Set y, or write "output": "z".',
      ],
    ],
    [
      "weights of another type",
      specOf([{ layer: "linear", name: "a", size: 2 }, { layer: "highway", weights: "a" }, pool, answer]),
      ['shared-weights, /model/1/weights "a": No highway layer before highway is named "a". Remove the key.'],
    ],
    [
      "a softmax that the loss includes",
      specOf([pool, { layer: "softmaxed" }], { loss: { type: "cross_entropy" } }),
      [
        'own-output-activation, /model/1 {"layer":"softmaxed": softmaxed ends in softmax, but cross_entropy reads logits, the operand of softmax. Remove softmax from the equations, and apply it by a last layer { "layer": "activation", "activation": "softmax" }.',
      ],
    ],
    [
      "a sigmoid of an activation that the loss includes",
      specOf([pool, { layer: "dense", size: 2, activation: "own" }], {
        activations: { own: { equations: ["y = sigmoid(2 * x)"] } },
        loss: { type: "binary_cross_entropy" },
      }),
      [
        'own-output-activation, /model/1 {"layer":"dense": dense ends in sigmoid, but binary_cross_entropy reads logits, the operand of sigmoid. Remove sigmoid from the equations, and apply it by a last layer { "layer": "activation", "activation": "sigmoid" }.',
      ],
    ],
    ["a softmax that the loss does not include", specOf([pool, { layer: "softmaxed" }]), []],
  ])("%s", async (_, spec, expected) => {
    expect(await problemsOf(spec)).toEqual(expected);
  });
});
