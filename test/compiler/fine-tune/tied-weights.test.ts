/** Tensors that several nodes read, and constants of exporters: trained as one, as their own, or not at all. */
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { type FineTuneRequest, fineTune } from "../../../compiler/fine-tune/index.js";
import { separateWeights, tiedWeights } from "../../../compiler/onnx/splice/separate-weights.js";
import { readTestSpec } from "../../support/fine-tune-spec.js";
import { modelBytes, type TestGraph } from "../../support/onnx-models.js";

const w = { shape: [2, 2], data: [0.5, -0.3, 0.2, 0.8] };

/** y = (x @ first) @ second. */
const chain = (first: string, second: string, more: Partial<TestGraph> = {}): TestGraph => ({
  inputs: { x: { shape: ["n", 2] } },
  initializers: Object.fromEntries(
    [first, second].filter((name) => !name.startsWith("alias")).map((name) => [name, w]),
  ),
  nodes: [
    ...(more.nodes ?? []),
    { operator: "MatMul", inputs: ["x", first], outputs: ["h"] },
    { operator: "MatMul", inputs: ["h", second], outputs: ["y"] },
  ],
  outputs: ["y"],
});

const tied = modelBytes(chain("w", "w"));

async function artifactOf(model: Uint8Array, more: Partial<FineTuneRequest> = {}) {
  const result = await fineTune(model, {
    spec: await readTestSpec("squared_error", { type: "sgd", learning_rate: 0.1 }),
    isOutputLoss: false,
    output: undefined,
    parameters: [],
    inputGradient: false,
    batchNorm: "inference",
    external: () => new Uint8Array(),
    ...more,
  });
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  return result;
}

const STEPS = 4;

async function lossesOf(model: Uint8Array): Promise<Float32Array> {
  const { train, weights } = (await artifactOf(model)).artifact;
  const session = await ort.InferenceSession.create(train);
  const perStep = (row: readonly number[]) =>
    new ort.Tensor("float32", Float32Array.from(Array.from({ length: STEPS }, () => row).flat()), [STEPS, 2, 2]);
  const feeds: Record<string, ort.Tensor> = {
    step: new ort.Tensor("int64", BigInt64Array.of(0n), []),
    x: perStep([1, 2, -1, 0.5]),
    targets: perStep([0, 1, 1, 0]),
  };
  for (const [name, { shape, data }] of weights) feeds[name] = new ort.Tensor("float32", data, shape);
  return (await session.run(feeds)).loss?.data as Float32Array;
}

const trainedNames = (result: Awaited<ReturnType<typeof artifactOf>>) =>
  result.artifact.manifest.parameters.flatMap(({ name, trainable }) => (trainable ? [name] : []));

describe("a tensor that two nodes read", () => {
  test("is trained as one, with a notice", async () => {
    const { notices } = await artifactOf(tied);
    expect(notices.join()).toContain("trained as one weight each: w (2 nodes)");
    expect((await artifactOf(tied, { parameters: ["w"], freeze: [] })).notices).toHaveLength(1);
    expect((await artifactOf(modelBytes(chain("a", "b")))).notices).toEqual([]);
  });

  test("has one weight for each node where it is untied: the losses of a model with two tensors", async () => {
    const [one, two] = [await lossesOf(tied), await lossesOf(modelBytes(chain("a", "b")))];
    expect(await lossesOf(separateWeights(tied, (name) => name === "w"))).toEqual(two);
    expect(one[0]).toBe(two[0]);
    expect(Math.abs((one.at(-1) ?? 0) - (two.at(-1) ?? 0))).toBeGreaterThan(1e-3);
  });

  test("keeps the names that an Identity has, and the nodes of one name together", async () => {
    const identity = { operator: "Identity", inputs: ["w"], outputs: ["alias"] };
    const aliased = modelBytes(chain("w", "alias", { nodes: [identity] }));
    expect(tiedWeights(aliased)).toMatchObject([{ name: "w", aliases: ["alias"] }]);
    const separated = separateWeights(aliased, (name) => name === "alias");
    expect(trainedNames(await artifactOf(separated)).toSorted()).toEqual(["alias", "w"]);
    expect(await lossesOf(separated)).toEqual(await lossesOf(modelBytes(chain("a", "b"))));
    const shared = modelBytes(chain("alias", "alias", { nodes: [identity] }));
    expect(tiedWeights(shared)).toEqual([]);
  });

  test("stays where no name is given", () => {
    expect(separateWeights(tied, () => false)).toEqual(tied);
  });
});

describe("a matrix and its transpose", () => {
  const shared = { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] };
  const transposed = { shape: [2, 3], data: [1, 3, 5, 2, 4, 6] };
  /** An embedding and an output layer without a bias. */
  const model = (output: typeof shared) =>
    modelBytes({
      inputs: { ids: { shape: ["n"], dtype: "int64" } },
      initializers: { embedding: shared, output },
      nodes: [
        { operator: "Gather", inputs: ["embedding", "ids"], outputs: ["h"] },
        { operator: "MatMul", inputs: ["h", "output"], outputs: ["y"] },
      ],
      outputs: ["y"],
    });

  test("are trained as two, with a notice", async () => {
    const result = await artifactOf(model(transposed));
    expect(result.notices.join()).toContain("trained as two: embedding and output.");
    expect(trainedNames(result).toSorted()).toEqual(["embedding", "output"]);
    expect((await artifactOf(model(transposed), { freeze: ["output"] })).notices).toEqual([]);
  });

  test("are no pair where one entry differs, or where the rows are not exchanged", async () => {
    for (const data of [
      [1, 3, 5, 2, 4, 7],
      [1, 2, 3, 4, 5, 6],
    ])
      expect((await artifactOf(model({ shape: [2, 3], data }))).notices).toEqual([]);
  });
});

describe("constants of PyTorch's exporter", () => {
  const graph: TestGraph = {
    inputs: { x: { shape: ["n", 2] } },
    initializers: { val_1: w, val_2: { shape: [1], data: [0.25] }, slope: { shape: [1], data: [0.5] } },
    nodes: [
      { operator: "MatMul", inputs: ["x", "val_1"], outputs: ["h"] },
      { operator: "Mul", inputs: ["h", "val_2"], outputs: ["s"] },
      { operator: "PRelu", inputs: ["s", "slope"], outputs: ["y"] },
    ],
    outputs: ["y"],
  };
  const exported = modelBytes(graph, 17, { producerName: "pytorch" });

  test("stay as they are, and weights that it transposed are trained", async () => {
    const result = await artifactOf(exported);
    expect(trainedNames(result).toSorted()).toEqual(["slope", "val_1"]);
    expect(result.notices.join()).toContain("stay as they are: val_2.");
    expect(trainedNames(await artifactOf(exported, { parameters: ["val_2"] }))).toEqual(["val_2"]);
    expect(trainedNames(await artifactOf(modelBytes(graph)))).toContain("val_2");
  });

  test("others are frozen by name", async () => {
    expect(trainedNames(await artifactOf(exported, { freeze: ["slo*"] }))).toEqual(["val_1"]);
    await expect(artifactOf(exported, { freeze: ["slop"] })).rejects.toThrow('is named "slop"');
  });
});

describe("quantized models", () => {
  const integers: TestGraph = {
    inputs: { x: { shape: ["n", 2] } },
    initializers: {
      w: { dtype: "int8", shape: [2, 2], data: [50, -30, 20, 80] },
      scale: { shape: [2], data: [0.01, 0.02] },
      b: { shape: [2], data: [0.1, 0.2] },
    },
    nodes: [
      { operator: "DequantizeLinear", inputs: ["w", "scale"], outputs: ["wf"] },
      { operator: "MatMul", inputs: ["x", "wf"], outputs: ["h"] },
      { operator: "Add", inputs: ["h", "b"], outputs: ["y"] },
    ],
    outputs: ["y"],
  };

  test("with integer weights alone are trained around them, with a notice", async () => {
    const result = await artifactOf(modelBytes(integers));
    expect(trainedNames(result)).toEqual(["scale", "b"]);
    expect(result.notices.join()).toContain("has integer weights (DequantizeLinear)");
  });

  test("with quantized values between nodes are refused with the way out", async () => {
    const zero = { dtype: "int8", shape: [], data: [0] } as const;
    const quantized: TestGraph = {
      ...integers,
      initializers: { ...integers.initializers, step: { shape: [], data: [0.1] }, zero },
      nodes: [
        { operator: "QuantizeLinear", inputs: ["x", "step", "zero"], outputs: ["q"] },
        { operator: "DequantizeLinear", inputs: ["q", "step", "zero"], outputs: ["xf"] },
        ...integers.nodes.map((node) => ({ ...node, inputs: node.inputs.map((name) => (name === "x" ? "xf" : name)) })),
      ],
    };
    const result = await fineTune(modelBytes(quantized), {
      spec: await readTestSpec("squared_error", { type: "sgd", learning_rate: 0.1 }),
      ...{ isOutputLoss: false, output: undefined, parameters: [], inputGradient: false, batchNorm: "inference" },
      external: () => new Uint8Array(),
    });
    expect(result).toMatchObject({
      ok: false,
      problems: [{ code: "operator", hint: expect.stringContaining("Fine-tune the model of floats") }],
    });
  });
});
