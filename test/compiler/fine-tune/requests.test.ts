/** Choices and mistakes of a training step of another program's model: notices, problems, frozen parameters, gradients. */
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { type FineTuneRequest, fineTune } from "../../../compiler/fine-tune/index.js";
import { readTestSpec } from "../../support/fine-tune-spec.js";
import { modelBytes, type TestGraph, tensorProto } from "../../support/onnx-models.js";

const weights = { w: { shape: [3, 2], data: [0.1, -0.2, 0.3, 0.4, -0.5, 0.6] }, b: { shape: [2], data: [0.1, 0.2] } };
const linear: TestGraph = {
  inputs: { x: { shape: ["n", 3] } },
  initializers: weights,
  nodes: [
    { operator: "MatMul", inputs: ["x", "w"], outputs: ["m"] },
    { operator: "Add", inputs: ["m", "b"], outputs: ["y"] },
  ],
  outputs: ["y"],
};
const withLast = (...nodes: TestGraph["nodes"]): TestGraph => ({
  ...linear,
  nodes: [...linear.nodes, ...nodes],
  outputs: ["z"],
});

async function request(loss: string, more: Partial<FineTuneRequest> = {}): Promise<FineTuneRequest> {
  return {
    spec: await readTestSpec(loss, { type: "sgd", learning_rate: 0.5 }),
    isOutputLoss: false,
    output: undefined,
    parameters: [],
    inputGradient: false,
    batchNorm: "inference",
    external: () => new Uint8Array(),
    ...more,
  };
}

async function artifactOf(graph: TestGraph, loss: string, more: Partial<FineTuneRequest> = {}) {
  const result = await fineTune(modelBytes(graph), await request(loss, more));
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  return result;
}

async function problemOf(graph: TestGraph, loss: string, more: Partial<FineTuneRequest> = {}): Promise<string> {
  const result = await fineTune(modelBytes(graph), await request(loss, more));
  return result.ok ? "" : result.problems.map(({ message, hint }) => `${message} ${hint}`).join("\n");
}

const x = new ort.Tensor("float32", Float32Array.of(1, 2, 3, -1, 0.5, 0.2), [2, 3]);
const ids = new ort.Tensor("int64", BigInt64Array.of(0n, 1n), [2]);
const stored = () =>
  Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => [
      name,
      new ort.Tensor("float32", Float32Array.from(data), shape),
    ]),
  );

async function lossOf(model: Uint8Array, feeds: ort.InferenceSession.OnnxValueMapType): Promise<number> {
  const session = await ort.InferenceSession.create(model);
  const results = await session.run(
    Object.fromEntries(session.inputNames.map((name) => [name, feeds[name] as ort.Tensor])),
  );
  return Number(results.loss?.data[0]);
}

describe("a softmax at the end of a model", () => {
  test("is left out where the loss includes it", async () => {
    const plain = await artifactOf(linear, "cross_entropy");
    const softmax = await artifactOf(withLast({ operator: "Softmax", inputs: ["y"], outputs: ["z"] }), "cross_entropy");
    expect(plain.notices).toEqual([]);
    expect(softmax.notices.join()).toContain("is a softmax: cross_entropy includes it");
    const feeds = { x, targets: ids, ...stored() };
    expect(await lossOf(softmax.artifact.eval, feeds)).toBeCloseTo(await lossOf(plain.artifact.eval, feeds), 6);
  });

  test("is found behind nodes that move its entries", async () => {
    const moved = withLast(
      { operator: "Transpose", attributes: { perm: [1, 0] }, inputs: ["y"], outputs: ["t"] },
      { operator: "Softmax", attributes: { axis: 0 }, inputs: ["t"], outputs: ["s"] },
      { operator: "Transpose", attributes: { perm: [1, 0] }, inputs: ["s"], outputs: ["z"] },
    );
    const { notices, artifact } = await artifactOf(moved, "cross_entropy");
    expect(notices.join()).toContain("is a softmax");
    const feeds = { x, targets: ids, ...stored() };
    const plain = await artifactOf(linear, "cross_entropy");
    expect(await lossOf(artifact.eval, feeds)).toBeCloseTo(await lossOf(plain.artifact.eval, feeds), 6);
  });

  test("along another axis than the classes is a problem", async () => {
    const along = withLast({ operator: "Softmax", attributes: { axis: 0 }, inputs: ["y"], outputs: ["z"] });
    expect(await problemOf(along, "cross_entropy")).toContain("along another one");
  });

  test("and a sigmoid are not confused", async () => {
    const sigmoid = withLast({ operator: "Sigmoid", inputs: ["y"], outputs: ["z"] });
    expect(await problemOf(sigmoid, "cross_entropy")).toMatch(/includes a softmax.*sigmoid.*Use binary_cross_entropy/);
  });
});

describe("the parameters", () => {
  test("that no pattern matches are frozen", async () => {
    const { artifact } = await artifactOf(linear, "squared_error", { parameters: ["b"] });
    const { parameters, train } = artifact.manifest;
    expect(parameters.filter(({ trainable }) => trainable).map(({ name }) => name)).toEqual(["b"]);
    expect(train.outputs.map(({ name }) => name)).not.toContain("next/w");
  });

  test("that a pattern does not find are a problem", async () => {
    expect(await problemOf(linear, "squared_error", { parameters: ["v"] })).toMatch(/named "v".*(w|b)/);
  });

  test("do not include weights in Constant nodes, which a notice names", async () => {
    const matrix = { shape: [2, 2], data: [0.1, 0.2, 0.3, 0.4] };
    const graph = withLast(
      { operator: "Constant", attributes: { value: { tensor: tensorProto(matrix) } }, inputs: [], outputs: ["v"] },
      { operator: "MatMul", inputs: ["y", "v"], outputs: ["z"] },
    );
    const { artifact, notices } = await artifactOf(graph, "squared_error");
    expect(artifact.manifest.parameters.map(({ name }) => name)).toEqual(["w", "b"]);
    expect(notices).toEqual([
      "Weights in Constant nodes are not trained: v. To train them, export them as initializers.",
    ]);
  });

  test("have names that are none of the training step", async () => {
    const graph: TestGraph = {
      inputs: { step: { shape: ["n", 3] } },
      initializers: { loss: weights.w },
      nodes: [{ operator: "MatMul", inputs: ["step", "loss"], outputs: ["y"] }],
      outputs: ["y"],
    };
    const { artifact, notices } = await artifactOf(graph, "squared_error");
    expect(notices).toEqual(["The input step of the model is model/step in the training step, which has a port step."]);
    expect(artifact.manifest.train.inputs.map(({ name }) => name)).toEqual([
      "model/loss",
      "step",
      "model/step",
      "targets",
    ]);
  });
});

describe("stored numbers", () => {
  const added = (data: readonly number[]): TestGraph => ({
    ...withLast({ operator: "Add", inputs: ["y", "k"], outputs: ["z"] }),
    initializers: { ...weights, k: { shape: [2], data } },
  });

  test("that are infinite stay as they are", async () => {
    const { artifact, notices } = await artifactOf(added([0, Number.NEGATIVE_INFINITY]), "squared_error");
    expect(notices).toEqual(["k has infinite numbers: it stays as it is."]);
    expect(artifact.manifest.parameters.filter(({ trainable }) => !trainable).map(({ name }) => name)).toEqual(["k"]);
  });

  test("that are no numbers are a problem", async () => {
    expect(await problemOf(added([0, Number.NaN]), "squared_error")).toContain("k has 1 entry that is no number");
    expect(await problemOf({ ...added([0, Number.NaN]), outputs: ["y"] }, "squared_error")).toBe("");
  });
});

describe("a derivative of 0", () => {
  const floor: TestGraph = {
    ...linear,
    nodes: [
      { operator: "MatMul", inputs: ["x", "w"], outputs: ["m"] },
      { operator: "Floor", inputs: ["m"], outputs: ["k"] },
      { operator: "Add", inputs: ["k", "b"], outputs: ["y"] },
    ],
  };

  test("for some parameters is a notice, and they stay as they are", async () => {
    const { artifact, notices } = await artifactOf(floor, "squared_error");
    expect(notices.join()).toMatch(/stay as they are, because the derivative of the loss is 0: w\./);
    expect(artifact.manifest.train.outputs.map(({ name }) => name)).not.toContain("next/w");
    expect(artifact.manifest.train.outputs.map(({ name }) => name)).toContain("next/b");
  });

  test("for all parameters is a problem that names the operators", async () => {
    const sign = withLast({ operator: "Sign", inputs: ["y"], outputs: ["z"] });
    expect(await problemOf(sign, "squared_error")).toMatch(/derivative 0 for all.*derivative of Sign is 0/);
  });
});

test("batch normalization in training without such a node is a problem", async () => {
  expect(await problemOf(linear, "squared_error", { batchNorm: "training" })).toContain("has no BatchNormalization");
});

describe("a loss with several outputs for each target", () => {
  test("has as many targets as the outputs allow", async () => {
    const { artifact, notices } = await artifactOf(linear, "gaussian_nll");
    expect(notices).toEqual(["gaussian_nll reads 2 outputs for each target."]);
    expect(artifact.manifest.train.inputs.at(-1)).toMatchObject({ name: "targets", shape: ["steps", "n", 1] });
    const targets = new ort.Tensor("float32", Float32Array.of(0.5, -0.25), [2, 1]);
    const actual = await lossOf(artifact.eval, { x, targets, ...stored() });
    const rows = [
      [1, 2, 3],
      [-1, 0.5, 0.2],
    ];
    const w = weights.w.data;
    const outputOf = (row: readonly number[], column: number) =>
      row.reduce((sum, value, index) => sum + value * (w[2 * index + column] ?? 0), weights.b.data[column] ?? 0);
    // y has the mean and the logarithm of the variance.
    const losses = rows.map((row, index) => {
      const [mean, logarithm] = [outputOf(row, 0), outputOf(row, 1)];
      return 0.5 * (logarithm + (mean - ([0.5, -0.25][index] ?? 0)) ** 2 * Math.exp(-logarithm));
    });
    expect(actual).toBeCloseTo(losses.reduce((sum, loss) => sum + loss, 0) / 2, 4);
  });

  test("and other numbers of outputs are a problem", async () => {
    expect(await problemOf(linear, "quantile")).toContain("the 2 outputs of y are no multiple of them");
  });
});

describe("the batch of a model", () => {
  const fixed = (target: readonly number[]): TestGraph => ({
    ...linear,
    inputs: { x: { shape: [2, 3] } },
    initializers: { ...weights, s: { dtype: "int64", shape: [2], data: target } },
    nodes: [...linear.nodes, { operator: "Reshape", inputs: ["y", "s"], outputs: ["z"] }],
    outputs: ["z"],
  });

  test("of a fixed size becomes one of any size", async () => {
    const { artifact, notices } = await artifactOf(fixed([-1, 2]), "squared_error");
    expect(notices.join()).toContain("may have any size");
    expect(artifact.manifest.train.inputs.at(-1)?.shape).toEqual(["steps", "batch", 2]);
  });

  test("stays fixed where a node needs that", async () => {
    const { artifact, notices } = await artifactOf(fixed([2, 2]), "squared_error");
    expect(notices.join()).toContain("allow no other size");
    expect(artifact.manifest.train.inputs.at(-1)?.shape).toEqual(["steps", 2, 2]);
  });
});

describe("the output", () => {
  test("is named where the model has several", async () => {
    expect(await problemOf({ ...linear, outputs: ["m", "y"] }, "squared_error")).toContain("--output m");
    const { artifact } = await artifactOf({ ...linear, outputs: ["m", "y"] }, "squared_error", { output: "m" });
    expect(artifact.manifest.parameters.map(({ name }) => name)).toEqual(["w"]);
  });

  test("behind a refused node is a problem with its name", async () => {
    const graph = withLast({ operator: "Det", name: "volume", inputs: ["y"], outputs: ["z"] });
    expect(await problemOf(graph, "squared_error")).toContain("volume (Det), which needs a function");
  });

  test("that depends on no parameter is a problem", async () => {
    const graph: TestGraph = { ...linear, nodes: [{ operator: "Relu", inputs: ["x"], outputs: ["y"] }] };
    expect(await problemOf(graph, "squared_error")).toContain("depends on no trained parameter");
  });

  test("of integers is a problem", async () => {
    const graph = withLast({ operator: "ArgMax", inputs: ["y"], outputs: ["z"] });
    expect(await problemOf(graph, "squared_error", { output: "z" })).toContain("no numbers to train");
  });

  test("may be the loss itself", async () => {
    const graph = withLast({ operator: "ReduceSum", attributes: { keepdims: 0 }, inputs: ["y"], outputs: ["z"] });
    const { artifact, notices } = await artifactOf(graph, "squared_error", { isOutputLoss: true });
    expect(notices).toEqual([]);
    expect(await lossOf(artifact.eval, { x, ...stored() })).toBeCloseTo(2.67, 5);
    // Its metric is the mean over batches, or over all entries of an output with axes.
    expect(artifact.manifest.metrics).toEqual({ loss: "mean" });
    const whole = await artifactOf(linear, "squared_error", { isOutputLoss: true });
    const session = await ort.InferenceSession.create(whole.artifact.eval);
    const [sum = 0, count] = ((await session.run({ x, ...stored() }))["metrics/loss"] as ort.TypedTensor<"float32">)
      .data;
    expect(count).toBe(4);
    expect(sum).toBeCloseTo(2.67, 5);
  });
});

test("a softmax over nothing whose NaN is replaced has the gradient 0", async () => {
  const graph: TestGraph = {
    inputs: { x: { shape: ["n", 3] }, mask: { shape: ["n", 2] } },
    initializers: { w: weights.w, zero: { shape: [], data: [0] } },
    nodes: [
      { operator: "MatMul", inputs: ["x", "w"], outputs: ["m"] },
      { operator: "Add", inputs: ["m", "mask"], outputs: ["s"] },
      { operator: "Softmax", inputs: ["s"], outputs: ["p"] },
      { operator: "IsNaN", inputs: ["p"], outputs: ["none"] },
      { operator: "Where", inputs: ["none", "zero", "p"], outputs: ["y"] },
    ],
    outputs: ["y"],
  };
  const { artifact } = await artifactOf(graph, "squared_error");
  const nothing = Number.NEGATIVE_INFINITY;
  const feeds = {
    x,
    mask: new ort.Tensor("float32", Float32Array.of(0, 0, nothing, nothing), [2, 2]),
    targets: new ort.Tensor("float32", Float32Array.of(1, 0, 0.5, 0.5), [2, 2]),
  };
  const wAt = (entry: number, delta: number) =>
    new ort.Tensor(
      "float32",
      Float32Array.from(weights.w.data, (value, index) => value + (index === entry ? delta : 0)),
      [3, 2],
    );
  const session = await ort.InferenceSession.create(artifact.train);
  const perStep = Object.entries(feeds).map(([name, { data, dims }]) => {
    return [name, new ort.Tensor("float32", data as Float32Array, [1, ...dims])] as const;
  });
  const step = new ort.Tensor("int64", BigInt64Array.of(0n), []);
  const results = await session.run({ ...Object.fromEntries(perStep), w: wAt(0, 0), step });
  const next = (results["next/w"] as ort.TypedTensor<"float32">).data;
  for (const [entry, value] of weights.w.data.entries()) {
    const lossAt = (delta: number) => lossOf(artifact.eval, { ...feeds, w: wAt(entry, delta) });
    const difference = ((await lossAt(1e-2)) - (await lossAt(-1e-2))) / 2e-2;
    // The update is that of gradient descent with the rate 0.5.
    expect((value - (next[entry] ?? Number.NaN)) / 0.5).toBeCloseTo(difference, 3);
  }
});

test("the input gradient is that of the loss", async () => {
  const { artifact } = await artifactOf(linear, "cross_entropy", { inputGradient: true });
  const session = await ort.InferenceSession.create(artifact.inputGradient ?? new Uint8Array());
  expect(session.inputNames).toEqual(["x", "targets"]);
  const results = await session.run({ x, targets: ids });
  const gradient = results["gradient/x"]?.data as Float32Array;
  const feeds = { targets: ids, ...stored() };
  for (const entry of [0, 2, 5]) {
    const lossAt = (delta: number) => {
      const data = Float32Array.from(x.data as Float32Array);
      data[entry] = (data[entry] ?? 0) + delta;
      return lossOf(artifact.eval, { ...feeds, x: new ort.Tensor("float32", data, [2, 3]) });
    };
    const difference = ((await lossAt(1e-2)) - (await lossAt(-1e-2))) / 2e-2;
    expect(gradient[entry]).toBeCloseTo(difference, 3);
  }
});

describe("inputs and parameters that the trained output does not depend on", () => {
  const twoHeads: TestGraph = {
    ...linear,
    inputs: { ...linear.inputs, other: { shape: ["n", 3] } },
    initializers: { ...weights, v: { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] } },
    nodes: [...linear.nodes, { operator: "MatMul", inputs: ["other", "v"], outputs: ["z"] }],
    outputs: ["y", "z"],
  };

  test("are named, and the step lacks them", async () => {
    const { artifact, notices } = await artifactOf(twoHeads, "cross_entropy", { output: "y" });
    expect(notices).toEqual([
      "Parameters that stay as they are, because the output y does not depend on them: v.",
      "Inputs that training does not read, because the output y does not depend on them: other.",
    ]);
    expect(artifact.manifest.train.inputs.map(({ name }) => name)).not.toContain("other");
    expect(artifact.manifest.parameters.map(({ name }) => name)).toEqual(["w", "b"]);
  });

  test("are refused as the only ones that would train", async () => {
    const problem = await problemOf(twoHeads, "cross_entropy", { output: "y", parameters: ["v"] });
    expect(problem).toContain("The output y depends on no trained parameter.");
  });
});
