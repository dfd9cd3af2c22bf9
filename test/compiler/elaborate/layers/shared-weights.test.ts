/** Shared weights: every kind of layer with parameters, in repeated blocks; layers that cannot share. */
import { describe, expect, test } from "vitest";
import { restrictToOutputs } from "../../../../compiler/elaborate/program.js";
import { tabulate } from "../../../../compiler/ir/tensor.js";
import { randomStream } from "../../../../runtime/tensors/random.js";
import { definition, propertiesOf } from "../../../../schema/json-schema.js";
import type { NormalLayer } from "../../../../schema/normal/index.js";
import { problemsOf } from "../../../support/check-spec.js";
import { expectGradients, weightedSum } from "../../../support/finite-differences.js";
import { rowsModel } from "../../../support/onnx-models.js";
import { open, operandsOf, programOf, tensorOfArray } from "../../../support/programs.js";

const WIDTH = 4;
const random = randomStream(5, "shared");
const rows = [0, 1, 2].map(() => [0, 1, 2].map(() => Array.from({ length: WIDTH }, () => random.normal())));
const ids = [
  [0, 1, 2],
  [2, 0, 1],
  [1, 1, 0],
];

/** A layer of each kind that reads and returns sequences of WIDTH features, or reads ids. */
const kinds: { readonly [K in NormalLayer["layer"]]: object } = {
  one_hot: { from: "inputs" },
  cycle: { from: "inputs" },
  embedding: { from: "inputs", size: WIDTH },
  rnn: { cell: "gru", hidden_size: WIDTH, initial_state: "learned" },
  dense: { size: WIDTH, activation: "tanh" },
  projection: { size: WIDTH },
  activation: { activation: "tanh" },
  layer_norm: {},
  rms_norm: {},
  group_norm: { groups: 2 },
  batch_norm: {},
  dropout: { rate: 0.5 },
  spec_augment: {},
  conv1d: { size: WIDTH, kernel_size: 2 },
  log_mel: { sample_rate: 100, window: 0.02, hop: 0.01, fft_size: 8, bands: 1 },
  pool: { size: 2, stride: 1 },
  concat: { from: ["inputs", "inputs"] },
  add: { from: ["inputs", "inputs"] },
  multiply: { from: ["inputs", "inputs"] },
  position: { type: "learned", length: 3 },
  attention: { heads: 2 },
  custom: { type: "highway" },
  onnx: { file: rowsModel, output: "y" },
};

const highway = {
  parameters: { Wt: ["input_size", "input_size"], bt: ["input_size"], Wh: ["input_size", "input_size"] },
  equations: ["t = sigmoid(x @ Wt + bt)", "y = t * tanh(x @ Wh) + (1 - t) * x"],
};
/** The inputs that a kind of layer reads. */
const inputsOf = (kind: string) =>
  readsIds(kind) ? ids : kind === "log_mel" ? rows.map((steps) => steps.map((step) => step.slice(0, 1))) : rows;
const readsIds = (kind: string) => ["one_hot", "embedding", "cycle"].includes(kind);

const specOf = (entries: readonly object[], inputs: readonly unknown[] = rows) => ({
  data: { type: "arrays", inputs, targets: [[1], [0], [2]] },
  layers: { highway },
  model: [...entries, { layer: "pool", mode: "mean" }, { layer: "dense", name: "answer", size: 1 }],
  loss: { type: "squared_error" },
  optimizer: { type: "sgd", learning_rate: 0.1 },
});

/** Names and shapes of the parameters, without those of the last layer. */
async function parametersOf(kind: string, entries: readonly object[]): Promise<readonly string[]> {
  const { inputs } = programOf(await open(specOf(entries, inputsOf(kind))));
  return inputs.flatMap(({ name, role }) => (role === "parameter" && !name.startsWith("answer/") ? [name] : []));
}

test.each(Object.entries(kinds))(
  "%s: with parameters it has the key weights, and copies share one set",
  async (kind, options) => {
    const layer = { layer: kind, ...options };
    const parameters = await parametersOf(kind, [layer]);
    const hasKey = Object.hasOwn(propertiesOf(definition(kind)), "weights");
    expect({ kind, hasKey }).toEqual({ kind, hasKey: parameters.length > 0 });
    if (!hasKey) return;
    const block = { block: [layer], name: "b" };
    const ofFirstCopy = parameters.map((name) => `b/0/${name}`);
    const ofSecondCopy = parameters.map((name) => `b/1/${name}`);
    expect(await parametersOf(kind, [{ ...block, repeat: 2, share_weights: true }])).toEqual(ofFirstCopy);
    // A layer of ids in the first copy has no reader.
    if (!readsIds(kind))
      expect(await parametersOf(kind, [{ ...block, repeat: 2 }])).toEqual([...ofFirstCopy, ...ofSecondCopy]);
  },
);

test("the gradient of shared weights is the sum of those of their uses", async () => {
  const layers = Object.entries(kinds).flatMap(([kind, options]) => {
    const keys = propertiesOf(definition(kind));
    if (!Object.hasOwn(keys, "weights") || readsIds(kind)) return [];
    const layer = { layer: kind, ...options };
    return Object.hasOwn(keys, "weight_norm") ? [layer, { ...layer, weight_norm: true }] : [layer];
  });
  const opened = await open(specOf([{ block: layers, repeat: 2, share_weights: true, residual: true, name: "b" }]));
  const { graph, inputs } = restrictToOutputs(programOf(opened), ({ role }) => role === "loss");
  const operands = new Map(
    graph.inputs.map(({ type }, index) => {
      const { name = "" } = inputs[index] ?? {};
      const array = opened.batch.get(name);
      const value =
        array === undefined
          ? tabulate("float32", type.shape.map(Number), () => 0.5 * random.normal())
          : tensorOfArray(array);
      return [name, value] as const;
    }),
  );
  const positions = inputs.flatMap(({ role }, index) => (role === "parameter" ? [index] : []));
  expect(positions.length).toBeGreaterThan(20);
  expectGradients(weightedSum(graph, operandsOf(inputs, operands), random), positions);
});

describe("layers that cannot share", () => {
  const attention = { layer: "attention", name: "first", heads: 2, bias: false };
  test.each<[string, readonly object[], string]>([
    [
      "a parameter that the first lacks",
      [attention, { layer: "attention", heads: 2, weights: "first" }],
      'attention needs first/bq, but first has no such parameter. Give both layers the same options, or remove "weights".',
    ],
    [
      "no parameter of the first",
      [
        { layer: "position", type: "learned", length: 3, name: "first" },
        { layer: "position", type: "sinusoidal", weights: "first" },
      ],
      'position uses no parameter of first. Give both layers the same options, or remove "weights".',
    ],
    [
      "a kernel that is normalized in the first alone",
      [
        { layer: "dense", size: 4, name: "first", weight_norm: true },
        { layer: "dense", size: 4, weights: "first" },
      ],
      'dense needs first/W, but first has no such parameter. Give both layers the same options, or remove "weights".',
    ],
    [
      "another size",
      [
        { layer: "conv1d", size: 4, kernel_size: 2, name: "first" },
        { layer: "conv1d", size: 4, kernel_size: 3, weights: "first" },
      ],
      'first/W has shape [2, 4, 4], but conv1d needs [3, 4, 4]. Give both layers the same sizes, or remove "weights".',
    ],
  ])("%s", async (_, entries, expected) => {
    const [problem, ...others] = await problemsOf(specOf(entries));
    expect(problem).toContain(expected);
    expect(others).toEqual([]);
  });

  test("sinusoidal positions of a block have none to share", async () => {
    const block = [
      { layer: "position", type: "sinusoidal" },
      { layer: "dense", size: WIDTH },
    ];
    expect(await problemsOf(specOf([{ block, repeat: 2, share_weights: true }]))).toEqual([]);
  });
});
