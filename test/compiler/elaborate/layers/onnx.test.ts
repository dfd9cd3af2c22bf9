/** Layers of other programs: their values, their gradients, and every wrong use of one. */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { check } from "../../../../compiler/compile.js";
import { restrictToOutputs } from "../../../../compiler/elaborate/program.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import { initialValues } from "../../../../compiler/onnx/read/initial-values.js";
import { openData } from "../../../../runtime/data/index.js";
import { randomStream } from "../../../../runtime/tensors/random.js";
import { expectGradients, weightedSum } from "../../../support/finite-differences.js";
import { modelBytes, rowsModel, type TestGraph } from "../../../support/onnx-models.js";
import { open, operandsOf, outputsOf, programOf, tensorOfArray } from "../../../support/programs.js";
import { normal, unplacedProblems } from "../../../support/read-spec.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

const fixture = (name: string) => fileURLToPath(new URL(`../../../fixtures/onnx/${name}`, import.meta.url));

const steps = (row: number, width: number, count = 5) =>
  Array.from({ length: count }, (_, step) =>
    Array.from({ length: width }, (_, feature) => Math.sin(row + 2 * step + feature)),
  );
const sequences = (width: number, count = 5) => [0, 1, 2].map((row) => steps(row, width, count));
const vectors = (width: number) => sequences(width).map(([first]) => first);

const specOf = (layers: readonly object[], inputs: unknown, more: object = {}) => ({
  data: { type: "arrays", inputs, targets: [[0.1], [0.5], [-0.2]], ...more },
  model: [...layers, { layer: "pool", mode: "mean" }, { layer: "dense", name: "answer", size: 1 }],
  loss: { type: "squared_error" },
  optimizer: { type: "sgd", learning_rate: 0.1 },
});

const net = { layer: "onnx", name: "net" };

/** Weights of the file under public names, and small numbers for all others. */
async function opened(spec: object, file: string) {
  const source = await open(spec);
  const program = programOf(source);
  const names = program.inputs.flatMap(({ name }) => (name.startsWith("net/") ? [name.slice(4)] : []));
  const stored = initialValues(readFileSync(file), new Set(names));
  const random = randomStream(3, "onnx", "layer");
  const operands = new Map(
    program.graph.inputs.map(({ type }, index) => {
      const { name = "" } = program.inputs[index] ?? {};
      const array = source.batch.get(name);
      const value = stored.get(name.slice(4));
      if (array !== undefined) return [name, tensorOfArray(array)] as const;
      const shape = type.shape.map(Number);
      const size = shape.reduce((product, length) => product * length, 1);
      return [
        name,
        tensor("float32", shape, value?.data ?? Array.from({ length: size }, () => 0.5 * random.normal())),
      ] as const;
    }),
  );
  return { source, program, operands, random };
}

describe("gradients", () => {
  test.each([
    [
      "of a model between two layers",
      [
        { layer: "dense", size: 4 },
        { ...net, file: rowsModel, output: "y" },
      ],
      sequences(3),
      rowsModel,
    ],
    [
      "of batch normalization by the batch",
      [
        { layer: "dense", size: 4 },
        { ...net, file: fixture("mlp.onnx"), batch_norm: "training" },
      ],
      vectors(3),
      fixture("mlp.onnx"),
    ],
  ])("%s are differences in float64", async (_, layers, inputs, file) => {
    const spec = specOf(layers, inputs);
    const isVector = !Array.isArray((inputs as unknown[][])[0]?.[0]);
    const model = isVector ? spec.model.filter(({ layer }: { layer?: string }) => layer !== "pool") : spec.model;
    const { program, operands, random } = await opened({ ...spec, model }, file);
    const { graph, inputs: ports } = restrictToOutputs(program, ({ role }) => role === "loss");
    const positions = ports.flatMap(({ role }, index) => (role === "parameter" ? [index] : []));
    expect(positions.length).toBeGreaterThan(5);
    expectGradients(weightedSum(graph, operandsOf(ports, operands), random), positions);
  });
});

test("several inputs read the layers in from, in the order of inputs", async () => {
  const graph: TestGraph = {
    inputs: { a: { shape: ["rows", 2] }, b: { shape: ["rows", 2] } },
    initializers: { W: { shape: [2, 2], data: [1, 2, 3, 4] } },
    nodes: [
      { operator: "MatMul", inputs: ["b", "W"], outputs: ["product"] },
      { operator: "Sub", inputs: ["a", "product"], outputs: ["y"] },
    ],
    outputs: ["y"],
  };
  const file = join(temporaryFolder(), "difference.onnx");
  writeFileSync(file, modelBytes(graph));
  const value = async (layer: object) => {
    const model = [
      { layer: "dense", name: "one", size: 2, bias: false },
      { layer: "dense", name: "two", size: 2, bias: false, from: "inputs" },
      { ...net, file, from: ["one", "two"], ...layer },
    ];
    const spec = {
      ...specOf([], vectors(2)),
      data: { type: "arrays", inputs: vectors(2), targets: vectors(2) },
      model,
    };
    const { source, operands } = await opened(spec, file);
    const identity = tensor("float32", [2, 2], [1, 0, 0, 1]);
    const given = new Map([
      ...operands,
      ["one/W", identity],
      ["two/W", { ...identity, data: identity.data.map((v) => 2 * v) }],
    ]);
    const [prediction] = [...outputsOf(programOf(source, "evaluation"), given, ["prediction"]).values()];
    return Array.from(prediction?.data ?? []);
  };
  const differences = (one: number, two: number) =>
    vectors(2).flatMap(([x = 0, y = 0] = []) => [one * x - two * (x + 3 * y), one * y - two * (2 * x + 4 * y)]);
  const close = (actual: readonly number[], expected: readonly number[]) => {
    expect(actual.length).toBe(6);
    expected.forEach((entry, index) => {
      expect(actual[index]).toBeCloseTo(entry, 5);
    });
  };
  close(await value({}), differences(1, 2));
  close(await value({ inputs: ["b", "a"] }), differences(2, 1));
});

describe("lengths", () => {
  /** y = x · mask, summed over all steps: a model that reads a mask. */
  const masked: TestGraph = {
    inputs: { x: { shape: ["batch", "time", 2] }, mask: { dtype: "int64", shape: ["batch", "time"] } },
    initializers: { axes: { dtype: "int64", shape: [1], data: [2] }, sum: { dtype: "int64", shape: [1], data: [1] } },
    nodes: [
      { operator: "Cast", attributes: { to: 1 }, inputs: ["mask"], outputs: ["float"] },
      { operator: "Unsqueeze", inputs: ["float", "axes"], outputs: ["column"] },
      { operator: "Add", inputs: ["x", "column"], outputs: ["shifted"] },
      { operator: "Mul", inputs: ["shifted", "column"], outputs: ["product"] },
      { operator: "ReduceSum", attributes: { keepdims: 0 }, inputs: ["product", "sum"], outputs: ["y"] },
    ],
    outputs: ["y"],
  };

  test("a mask reaches the model, and padding does not change its result", async () => {
    const file = join(temporaryFolder(), "masked.onnx");
    writeFileSync(file, modelBytes(masked));
    const layer = { ...net, file, mask: "mask", return: "vector" };
    const spec = specOf([layer], sequences(2), { lengths: [5, 2, 3] });
    const model = [layer, { layer: "dense", name: "answer", size: 1 }];
    const { program, operands } = await opened({ ...spec, model }, file);
    const value = program.layers.find(({ name }) => name === "net")?.value;
    const expected = sequences(2).map((rows, row) =>
      [0, 1].map((feature) => rows.slice(0, [5, 2, 3][row]).reduce((sum, step) => sum + (step[feature] ?? 0) + 1, 0)),
    );
    const weights = operands.get("answer/W")?.data ?? [];
    const [prediction] = [
      ...outputsOf(programOf(await open({ ...spec, model }), "evaluation"), operands, ["prediction"]).values(),
    ];
    const bias = operands.get("answer/b")?.data[0] ?? 0;
    expected.forEach(([a = 0, b = 0], row) => {
      expect(prediction?.data[row]).toBeCloseTo(a * (weights[0] ?? 0) + b * (weights[1] ?? 0) + bias, 5);
    });
    expect(value?.type.shape).toEqual(["batch", 2]);
  });

  test("a sequence with accepted padding keeps its lengths", async () => {
    const { program, operands } = await opened(
      specOf([{ ...net, file: rowsModel, output: "y", padding: "zeros" }], sequences(4), { lengths: [5, 2, 3] }),
      rowsModel,
    );
    const loss = () => [...outputsOf(program, operands, ["loss"]).values()][0]?.data[0];
    const before = loss();
    const inputs = operands.get("inputs");
    if (inputs === undefined) throw new Error("no inputs");
    // Row 1 has 2 steps: its others are padding.
    operands.set("inputs", { ...inputs, data: inputs.data.with(1 * 5 * 4 + 3 * 4, 100) });
    expect(loss()).toBe(before);
  });
});

describe("wrong uses", () => {
  const rounded: TestGraph = {
    inputs: { x: { shape: ["batch", 3] } },
    initializers: { W: { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] } },
    nodes: [
      { operator: "MatMul", name: "product", inputs: ["x", "W"], outputs: ["p"] },
      { operator: "Round", name: "steps", inputs: ["p"], outputs: ["y"] },
    ],
    outputs: ["y"],
  };
  const unknown: TestGraph = {
    inputs: { x: { shape: ["batch", 3] } },
    nodes: [{ operator: "NonZero", name: "find", inputs: ["x"], outputs: ["y"] }],
    outputs: ["y"],
  };
  const whole: TestGraph = { ...rounded, inputs: { x: { shape: [1, 3] } } };

  async function problemsOf(layers: readonly object[], inputs: unknown, more: object = {}): Promise<readonly string[]> {
    const spec = { ...specOf(layers, inputs, more), model: [...layers, { layer: "dense", name: "answer", size: 1 }] };
    const folder = temporaryFolder();
    for (const [name, graph] of Object.entries({ rounded, unknown, whole }))
      writeFileSync(join(folder, `${name}.onnx`), modelBytes(graph));
    for (const name of ["mlp", "conv", "encoder", "tcn", "bilstm", "rows"])
      copyFileSync(fixture(`${name}.onnx`), join(folder, `${name}.onnx`));
    writeFileSync(join(folder, "text.onnx"), "not a model");
    const early = await unplacedProblems(spec, { folder });
    if (early.length > 0) return early;
    const read = await normal(spec, { folder });
    const source = await openData(read.spec, folder);
    if (!source.ok) throw new Error(JSON.stringify(source.error));
    const found = check(read.spec, source.value.signature(read.spec.train), read.origins);
    return found.map(({ code, path, message, hint = "" }) => `${code} ${path}: ${message} ${hint}`);
  }

  const cases: readonly (readonly [string, object, unknown, object, readonly string[]])[] = [
    [
      "a folder",
      { file: "." },
      vectors(4),
      {},
      ['file-not-readable /model/0/file | "." is not a file. | Name an ONNX file.'],
    ],
    [
      "another content",
      { file: "mlp.onnx", sha256: "0".repeat(64) },
      vectors(4),
      {},
      [
        expect.stringMatching(
          /^model-digest \/model\/0\/sha256 \| The SHA-256 of "mlp.onnx" is [0-9a-f]{64}: the file has another content\. \| Restore the file, or remove "sha256"\.$/,
        ),
      ],
    ],
    [
      "a file that is no model",
      { file: "text.onnx" },
      vectors(4),
      {},
      [expect.stringMatching(/^not-a-model \/model\/0\/file: text\.onnx: /)],
    ],
    [
      "another width",
      { file: "mlp.onnx" },
      vectors(3),
      {},
      [
        "model-input /model/0: The input x of mlp.onnx is float32 [batch, 4], but net reads numbers [batch, 3]. The model needs rows of 4 numbers.",
      ],
    ],
    [
      "a pattern of untie that names nothing",
      { file: "mlp.onnx", untie: ["w*"] },
      vectors(4),
      {},
      [
        'untie /model/0/untie: "untie" of net: "w*" names no tensor that several nodes of mlp.onnx read. Remove "untie".',
      ],
    ],
    [
      "a shape of other sizes than the model",
      { file: "conv.onnx", shape: [1, 4, 16] },
      vectors(64),
      {},
      [
        'model-input /model/0: The input x of conv.onnx is float32 [batch, 1, 8, 8], but "shape" is [1, 4, 16]. Make the sizes agree.',
      ],
    ],
    [
      "an image of another size than its shape",
      { file: "conv.onnx", shape: [1, 8, 8] },
      sequences(4),
      {},
      [
        "model-input /model/0: The input x of conv.onnx is float32 [batch, 1, 8, 8], but net reads numbers [batch, time, 4], and [1, 8, 8] has 64 numbers. Make the sizes agree.",
      ],
    ],
    [
      "a shape for sequences of several lengths",
      { file: "conv.onnx", shape: [1, 4, 5], padding: "zeros" },
      sequences(4),
      { lengths: [5, 2, 3] },
      [
        'model-input /model/0: The input x of conv.onnx is float32 [batch, 1, 8, 8], but net reads sequences of several lengths, which have no fixed "shape". Remove "shape".',
      ],
    ],
    [
      "images with channels last in an array",
      { file: "conv.onnx" },
      [0, 1, 2].map((row) => steps(row, 8, 8).map((line) => line.map((entry) => [entry]))),
      {},
      [
        "model-input /model/0: The input x of conv.onnx is float32 [batch, 1, 8, 8], but the array has rows [8, 8, 1]. Make the sizes agree.",
      ],
    ],
    [
      "a sequence for a model of vectors",
      { file: "mlp.onnx" },
      sequences(4),
      {},
      [
        "model-input /model/0: The input x of mlp.onnx is float32 [batch, 4], but net reads numbers [batch, time, 4]. A layer of this input reads batch, time, features.",
      ],
    ],
    [
      "channels last for a model of channels first",
      { file: "tcn.onnx", return: "vector" },
      sequences(2, 9),
      {},
      [
        'model-input /model/0: The input x of tcn.onnx is float32 [batch, 2, time], but net reads sequences of 9 steps. Write "layout": "channels_first".',
      ],
    ],
    [
      "numbers for ids",
      { file: "encoder.onnx", return: "vector" },
      sequences(3, 6),
      {},
      [
        'needs-ids /model/0: The input ids of encoder.onnx is int64 [batch, 6], but net reads numbers [batch, time, 3]. Name a layer or an input of token ids in "from".',
      ],
    ],
    [
      "another number of steps",
      { file: "encoder.onnx", return: "vector", vocabulary_size: 12 },
      [
        [1, 2],
        [2, 3],
        [1, 0],
      ],
      {},
      [
        "model-input /model/0: The input ids of encoder.onnx is int64 [batch, 6], but net reads sequences of 2 steps. Use sequences of 6 steps, or export the model with a symbolic axis of steps for ids.",
      ],
    ],
    [
      "an unfed input",
      { file: "bilstm.onnx", return: "vector" },
      sequences(3),
      {},
      [
        'model-input /model/0/from: bilstm.onnx has the inputs x, lengths, but net reads 1 layer. Nothing feeds lengths, int64 [batch]. Name a layer or an input of the data for each in "from", such as "from": ["x", "lengths"] with arrays of these names in "inputs" of the data; lengths and masks are named in "lengths" and "mask".',
      ],
    ],
    [
      "an unknown input",
      { file: "bilstm.onnx", lengths: "length" },
      sequences(3),
      {},
      ['model-input /model/0/lengths: bilstm.onnx has no input "length". Its inputs: x, lengths.'],
    ],
    [
      "lengths that no one reads",
      { file: "rows.onnx", output: "y" },
      sequences(4),
      { lengths: [5, 2, 3] },
      [
        'model-lengths /model/0: net reads sequences of several lengths, but rows.onnx is given neither lengths nor a mask: its results may depend on padding. Name an input of the model in "lengths" or "mask", or accept that it reads zeros as padding: "padding": "zeros".',
      ],
    ],
    [
      "several outputs",
      { file: "rows.onnx" },
      sequences(4),
      {},
      ['output /model/0/file: rows.onnx has several outputs: y, z. Name one, such as "output": "y".'],
    ],
    [
      "an unknown output",
      { file: "rows.onnx", output: "a" },
      sequences(4),
      {},
      ['output /model/0/output: rows.onnx has no output "a". Its outputs: y, z.'],
    ],
    [
      "steps returned as a vector",
      { file: "rows.onnx", output: "y", return: "vector" },
      sequences(4),
      {},
      [
        'model-output /model/0/output: The output y of rows.onnx is [batch, time, 4], which has no fixed number of features. Write "return": "sequence", and a pool layer after it, or name another "output".',
      ],
    ],
    [
      "a vector returned as steps",
      { file: "bilstm.onnx", lengths: "lengths" },
      sequences(3),
      {},
      [
        'model-output /model/0/file: The output y of bilstm.onnx is [batch, 2], which has no steps with features. Write "return": "vector" for one row for each sequence.',
      ],
    ],
    [
      "no gradient on the way to a weight",
      { file: "rounded.onnx" },
      vectors(3),
      {},
      [
        'no-gradient /model/0/file: No gradient of the output of rounded.onnx reaches a weight of the model: steps (Round) has none. Write "trainable": false.',
      ],
    ],
    [
      "an operator without a rule",
      { file: "unknown.onnx" },
      vectors(3),
      {},
      [
        expect.stringMatching(
          /^operator \/model\/0\/file: The output y of unknown\.onnx depends on find \(NonZero\), which /,
        ),
      ],
    ],
  ];

  test.each(cases)("%s", async (_, layer, inputs, more, expected) => {
    expect(await problemsOf([{ ...net, ...layer }], inputs, more)).toEqual(expected);
  });

  test("a frozen model without a gradient, after a trained layer", async () => {
    const layers = [
      { layer: "dense", size: 3 },
      { ...net, file: "rounded.onnx", trainable: false },
    ];
    expect(await problemsOf(layers, vectors(3))).toEqual([
      'no-gradient /model/1/file: No gradient of the output of rounded.onnx reaches its input x, which depends on trained weights: steps (Round) has none. Write "trainable": false in the layers before it.',
    ]);
    expect(await problemsOf([{ ...net, file: "rounded.onnx", trainable: false }], vectors(3))).toEqual([]);
  });

  test.each([
    ['"adapt"', { adapt: { rank: 1, layers: ["*"] } }],
    ['"trainable": false', { trainable: false }],
  ])("statistics of the batch with %s", async (key, layer) => {
    const found = await problemsOf([{ ...net, file: "mlp.onnx", batch_norm: "training", ...layer }], vectors(4));
    expect(found).toEqual([
      `batch-norm /model/0/batch_norm: net has "batch_norm": "training", but ${key} keeps its weights and its statistics as they are. Remove "batch_norm" to normalize by the stored statistics, or remove ${key}.`,
    ]);
  });

  test("a model of one row reads any number of rows where its nodes allow it", async () => {
    expect(await problemsOf([{ ...net, file: "whole.onnx", trainable: false }], vectors(3))).toEqual([]);
  });
});

test("integer weights, and what the file keeps, are notices of the layer", async () => {
  const file = join(temporaryFolder(), "integers.onnx");
  const graph: TestGraph = {
    inputs: { x: { shape: ["n", 2] } },
    initializers: {
      w: { dtype: "int8", shape: [2, 2], data: [50, -30, 20, 80] },
      scale: { shape: [2], data: [0.01, 0.02] },
      gain: { shape: [2], data: [1, 2] },
      shift: { shape: [2], data: [0.1, 0.2] },
      center: { shape: [2], data: [0, 1] },
      spread: { shape: [2], data: [1, 0.5] },
    },
    nodes: [
      { operator: "DequantizeLinear", inputs: ["w", "scale"], outputs: ["wf"] },
      { operator: "MatMul", inputs: ["x", "wf"], outputs: ["h"] },
      {
        operator: "BatchNormalization",
        attributes: { training_mode: 1 },
        inputs: ["h", "gain", "shift", "center", "spread"],
        outputs: ["y", "mean", "variance"],
      },
    ],
    outputs: ["y"],
  };
  writeFileSync(file, modelBytes(graph));
  const model = [
    { ...net, file, output: "y" },
    { layer: "dense", size: 1 },
  ];
  const { notices } = programOf(await open({ ...specOf([], vectors(2)), model }));
  expect(notices).toEqual([
    "net: The model has int8 values: they are computed in int32.",
    expect.stringMatching(/^net: The model has integer weights \(DequantizeLinear\)/),
    expect.stringMatching(/^net: BatchNormalization of the model has training_mode = 1/),
  ]);
});
