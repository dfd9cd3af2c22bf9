/** Activations of a spec: equal to the layers that compute the same, wherever an activation name is; and their mistakes. */
import { describe, expect, test } from "vitest";
import { restrictToOutputs } from "../../../compiler/elaborate/program.js";
import { tabulate } from "../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../compiler/ir/types.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import { problemsOf } from "../../support/check-spec.js";
import { expectGradients, weightedSum } from "../../support/finite-differences.js";
import { analysisOf, open, operandsOf, outputsOf, programOf, tensorOfArray } from "../../support/programs.js";
import { normal, unplacedProblems } from "../../support/read-spec.js";

const activations = {
  squared_relu: { equations: ["y = relu(x) ^ 2"] },
  soft_gate: { equations: ["u, v = split(x, 2)", "y = silu(u) * v"] },
  both_signs: { equations: ["y = concat(relu(x), relu(-x))"] },
  shifted: { equations: ["z = squared_relu(x) - 1"], output: "z" },
  logarithm: { equations: ["y = log(x)"] },
  total: { equations: ["y = sum(x)"] },
  leaky: { options: { slope: 0.5, shift: 0.25 }, equations: ["y = max(x, x * slope) + shift"] },
  leaky_fifth: { equations: ["y = max(x, x * 0.2) + 0.25"] },
  leaky_call: { equations: ["y = leaky(x, 0.2)"] },
  leaky_default: { equations: ["y = max(x, x * 0.5) + 0.25"] },
  steep: { equations: ["y = min(x, x * 3) + relu(x) - min(relu(x), relu(x) * 3)"] },
  negative: { equations: ["y = -x"] },
  elu_half: { equations: ["y = relu(x) + (exp(min(0, x)) - 1) * 0.5"] },
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
  data: { type: "arrays", inputs: sequences, lengths: [2, 1], targets: [[0], [1]] },
  activations,
  model: [...model, { layer: "pool", mode: "sum" }, { layer: "dense", name: "answer", size: 1 }],
  loss: { type: "squared_error" },
  optimizer: { type: "adam" },
  ...extra,
});

/** The program of a spec with parameters of its own, of known values by name. */
async function programWith(model: readonly object[], mode: "training" | "evaluation" = "evaluation") {
  const spec = await open(specOf(model));
  const program = programOf(spec, mode);
  const given = new Map([...spec.batch].map(([name, array]) => [name, tensorOfArray(array)] as const));
  const operands = new Map<string, Tensor>(
    program.inputs.map(({ name }, index) => {
      const random = randomStream(3, name);
      const shape = (program.graph.inputs[index]?.type.shape ?? []).map(Number);
      return [name, given.get(name) ?? tabulate("float32", shape, () => 0.3 + 0.1 * random.normal())];
    }),
  );
  return { program, operands };
}

async function lossOf(model: readonly object[]): Promise<number> {
  const { program, operands } = await programWith(model);
  return outputsOf(program, operands, ["loss"]).get("loss")?.data[0] ?? Number.NaN;
}

describe("an activation of a spec is the layers that compute it", () => {
  const relu = [
    { layer: "activation", name: "r", activation: "relu" },
    { layer: "multiply", from: ["r", "r"] },
  ];
  test.each([
    ["dense", [{ layer: "dense", size: 2, activation: "squared_relu" }], [{ layer: "dense", size: 2 }, ...relu]],
    [
      "conv1d",
      [{ layer: "conv1d", size: 2, kernel_size: 2, activation: "squared_relu" }],
      [{ layer: "conv1d", size: 2, kernel_size: 2 }, ...relu],
    ],
    ["activation", [{ layer: "activation", activation: "squared_relu" }], relu],
    [
      "a gate of two halves",
      [{ layer: "dense", size: 2, activation: "soft_gate" }],
      [{ layer: "dense", size: 2, activation: "swiglu" }],
    ],
  ])("%s", async (_, own, others) => {
    expect(await lossOf(own)).toBe(await lossOf(others));
  });
});

test("a normal spec with options of activations is a spec, the same one", async () => {
  const model = [{ layer: "dense", size: 2, activation: { type: "leaky", slope: 0.2 } }];
  const { spec } = await normal(specOf(model));
  expect(spec.model[0]).toMatchObject({ activation: { type: "leaky", slope: 0.2 } });
  expect((await normal(spec)).spec).toEqual(spec);
});

describe("an activation with options is the one with their values as constants", () => {
  const layersOf = (activation: unknown) => [
    { layer: "dense", size: 2, activation: "negative" },
    { layer: "dense", size: 2, activation },
    { layer: "conv1d", size: 2, kernel_size: 2, activation },
    { block: [{ layer: "activation", activation }], name: "inner" },
  ];
  test.each([
    ["an option", { type: "leaky", slope: 0.2 }, "leaky_fifth"],
    ["all defaults", { type: "leaky", slope: 0.5, shift: 0.25 }, "leaky_default"],
    ["defaults by name", "leaky", "leaky_default"],
    ["a call with an option after x", "leaky_call", "leaky_fifth"],
    ["a built-in one", { type: "elu", alpha: 0.5 }, "elu_half"],
  ])("%s", async (_, own, other) => {
    expect(await lossOf(layersOf(own))).toBe(await lossOf(layersOf(other)));
    expect(await lossOf(layersOf(own))).not.toBe(await lossOf(layersOf("relu")));
  });

  test("a slope above 1 is that of the entries below 0", async () => {
    expect(await lossOf(layersOf({ type: "leaky_relu", slope: 3 }))).toBe(await lossOf(layersOf("steep")));
  });
});

test("the option of a cell names an activation, which its equations call", async () => {
  const cells = {
    plain: {
      state: { h: "hidden_size" },
      parameters: { W: ["input_size", "hidden_size"], U: ["hidden_size", "hidden_size"], b: ["hidden_size"] },
      equations: ["a = relu(x @ W + b + h @ U)", "h' = a * a - 1"],
      output: "h'",
    },
  };
  const layer = { layer: "rnn", name: "rnn", hidden_size: 2 };
  const graphOf = async (use: object) =>
    programOf(await open(specOf([{ ...layer, ...use }], { cells }))).graph.nodes.find(({ op }) => op === "Scan")
      ?.attributes;
  const ops = (attributes: unknown) =>
    (attributes as { body: { nodes: readonly { op: string }[] } }).body.nodes.map(({ op }) => op);
  expect(ops(await graphOf({ cell: "rnn", activation: "shifted" }))).toEqual(ops(await graphOf({ cell: "plain" })));
});

test.each([
  ["dense", [{ layer: "dense", size: 3, activation: "shifted" }]],
  ["conv1d", [{ layer: "conv1d", size: 4, kernel_size: 2, activation: "both_signs" }]],
  ["activation", [{ layer: "activation", activation: "logarithm" }]],
  ["a cell", [{ layer: "rnn", cell: "indrnn", hidden_size: 3, activation: "shifted" }]],
  [
    "after zeros past the lengths",
    [{ layer: "conv1d", size: 2, kernel_size: 2, bias: false, activation: "logarithm" }],
  ],
])("gradients are finite differences, with lengths: %s", async (_, model) => {
  const { program, operands } = await programWith(model, "training");
  const { graph, inputs } = restrictToOutputs(program, ({ role }) => role === "loss");
  const positions = inputs.flatMap(({ role }, index) => (role === "parameter" ? [index] : []));
  expect(positions.length).toBeGreaterThan(1);
  expectGradients(weightedSum(graph, operandsOf(inputs, operands), randomStream(5)), positions);
});

test("the columns of a layer follow from its activation", async () => {
  const columnsOf = async (activation: string, size: number) => {
    const { parameters } = analysisOf(await open(specOf([{ layer: "dense", size, activation }])));
    return parameters.tensors.find(({ name }) => name === "dense/b")?.shape;
  };
  expect(await columnsOf("squared_relu", 4)).toEqual([4]);
  expect(await columnsOf("soft_gate", 4)).toEqual([8]);
  expect(await columnsOf("both_signs", 4)).toEqual([2]);
});

const numbered = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("mistakes", () => {
  const dense = (activation: unknown, size = 3) => [{ layer: "dense", size, activation }];
  test.each<[string, object, readonly string[]]>([
    [
      "a size that the activation cannot make",
      specOf(dense("both_signs")),
      [
        'activation-width, /model/0/activation "both_signs": both_signs makes 2 features of each, and dense has a size of 3. Make the size a multiple of 2.',
      ],
    ],
    [
      "one output of all features",
      specOf(dense("total")),
      [
        'activation-width, /model/0/activation "total": the width of total is no multiple of the width of its operand, so dense has no number of columns. Use it in an "activation" layer.',
      ],
    ],
    [
      "an odd width",
      specOf([...dense("none"), { layer: "activation", activation: "soft_gate" }]),
      [
        'odd-width, /model/1/activation "soft_gate": soft_gate halves its input, but the input of activation has 3 features, an odd number. Give the layer before it an even size.',
      ],
    ],
    [
      "taken names",
      specOf(dense("none"), { activations: { gelu: { equations: ["y = x"] }, none: { equations: ["y = x"] } } }),
      [
        'name-taken, /activations/gelu "gelu": "gelu" is a function of the equation language already Use another name.',
        'name-taken, /activations/none "none": "none" is a built-in activation already Use another name.',
      ],
    ],
    [
      "the name of a function of several operands",
      specOf(dense("split"), { activations: { split: { equations: ["y = x"] } } }),
      [
        'name-taken, /activations/split "split": "split" is a function of the equation language already Use another name.',
      ],
    ],
    [
      "a circle, and an activation that calls into it",
      specOf(dense("c"), {
        activations: {
          a: { equations: ["y = b(x) + 1"] },
          b: { equations: ["y = a(x) * 2"] },
          c: { equations: ["y = a(x)"] },
        },
      }),
      [
        'circular-call, /activations/a/equations ["y = b(x) + 1": the activation "a" calls itself: a → b → a Call only other activations.',
        'circular-call, /activations/b/equations ["y = a(x) * 2": the activation "b" calls itself: b → a → b Call only other activations.',
      ],
    ],
    [
      "calls of calls that grow exponentially, and a chain that is too long",
      specOf(dense("g40"), {
        activations: Object.fromEntries([
          ["g0", { equations: ["y = x * 2"] }],
          ...numbered(40).map((index) => [`g${index}`, { equations: [`y = g${index - 1}(x) + g${index - 1}(-x)`] }]),
          ["c0", { equations: ["y = x * 2"] }],
          ...numbered(500).map((index) => [`c${index}`, { equations: [`y = c${index - 1}(x)`] }]),
        ]),
      }),
      [
        'too-many-calls, /activations/g8/equations ["y = g7(x) + g7(-x)": the activation "g8" has 1276 operations, with those that it calls, more than 1000 Write it with fewer calls of other activations.',
        'too-many-calls, /activations/c20/equations ["y = c19(x)": the activation "c20" calls activations that call others, more than 20 deep Write it with fewer calls of other activations.',
      ],
    ],
    [
      "names, functions and shapes, once each, and not again where the activation is used",
      specOf([...dense("bad"), { layer: "rnn", cell: "rnn", hidden_size: 2, activation: "bad" }], {
        activations: { bad: { equations: ["p = tahn(x)", "q = x @ x", "y = k + q"] }, flat: { equations: ["y = 3"] } },
      }),
      [
        'unknown-function, /activations/bad/equations/0 tahn(x)": unknown function "tahn" Did you mean "tanh"?',
        'unknown-name, /activations/bad/equations/2 k + q": unknown name "k" Names: x, p, q. Numbers are declared in "options".',
        'shape-mismatch, /activations/bad/equations/1 @ x": x @ x: [batch, features] times [batch, features]: the inner sizes features and batch differ Write "sum(a * b)" for the product of two vectors of a row.',
        'shape-mismatch, /activations/flat/equations/0 y = 3": the output y is a number, not [batch, width] Read x in it.',
      ],
    ],
    [
      "options that nothing reads, tensors for them, too many, and values that the equations cannot have",
      specOf(dense({ type: "inverse", a: 2 }), {
        activations: {
          inverse: { options: { a: 1 }, equations: ["y = x * (1 / (a - 2))"] },
          unread: { options: { a: 1, gain: 2 }, equations: ["y = x * a"] },
          called: { equations: ["y = inverse(x, x) + inverse(x, 1, 1)"] },
        },
      }),
      [
        'unused-option, /activations/unread/options/gain "gain": nothing depends on the option "gain" Remove it, or read it in an equation.',
        "argument-count, /activations/called/equations/0 inverse(x: inverse takes 1 or 2 arguments, not 3 Write inverse(x, a = 1).",
        "argument, /activations/called/equations/0 x) + inverse(x: x: the option a of inverse is a number, not a tensor Write a number, or the name of a numeric option.",
        'argument, /model/0/activation {"type":"inverse": inverse(a=2): 1 / (a - 2) is not a finite number',
      ],
    ],
  ])("%s", async (_, spec, expected) => {
    expect(await problemsOf(spec)).toEqual(expected);
  });
});

test("options in layers: their names, their values, and those of no activation", async () => {
  const dense = (activation: unknown) => ({ layer: "dense", size: 3, activation });
  const cell = { layer: "rnn", cell: "rnn", hidden_size: 2, activation: { type: "leaky", slope: 0.2 } };
  const model = [
    dense({ type: "leaky", slop: 0.2 }),
    dense({ type: "leaky", slope: "0.2" }),
    { block: [dense({ type: "leeky" })], repeat: 2 },
    dense({ type: "relu", slope: 0.2 }),
    dense({ slope: 0.2 }),
    cell,
  ];
  const own = { unread: { options: { type: 2 }, equations: ["y = x * type"] } };
  const extra = { activations: { ...activations, ...own } };
  expect(await unplacedProblems(specOf(model, extra))).toEqual([
    'reserved-name /activations/unread/options/type | The option name "type" is reserved: every activation with options has a key of that name. | Choose another name.',
    'unknown-key /model/0/activation/slop | Unknown key "slop" in the activation "leaky". | Did you mean "slope"?',
    'wrong-type /model/1/activation/slope | "slope" must be a number, but is "0.2".',
    'unknown-activation /model/2/block/0/activation/type | Unknown activation "leeky". | Did you mean "leaky"?',
    'unknown-key /model/3/activation/slope | The activation "relu" has no options, but "slope" is given. | Write "activation": "relu".',
    'missing-key /model/4/activation | Missing key "type" in the activation with options. | For example "type": "leaky_relu".',
    'wrong-type /model/5/activation | "activation" must be the name of an activation, but is an object. | Define one with these options in "activations", and name it.',
  ]);
});
