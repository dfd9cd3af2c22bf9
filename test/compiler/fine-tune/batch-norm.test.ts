/** Batch normalization of other programs' models: one step of training is PyTorch's, with its running statistics. */
import * as ort from "onnxruntime-node";
import { expect, test } from "vitest";
import { fineTune } from "../../../compiler/fine-tune/index.js";
import { PREDICTIONS } from "../../../compiler/fine-tune/names.js";
import { replaceWeights } from "../../../compiler/onnx/splice/replace-weights.js";
import { readTestSpec } from "../../support/fine-tune-spec.js";
import { modelBytes, type TestGraph } from "../../support/onnx-models.js";

/** A fresh nn.BatchNorm1d as torch.onnx exports it: equal tensors are stored once. */
const fresh: TestGraph = {
  inputs: { x: { shape: ["n", 3] } },
  initializers: {
    "0.weight": { shape: [2, 3], data: [0.1, -0.2, 0.3, 0.4, -0.5, 0.6] },
    "0.bias": { shape: [2], data: [0.1, 0.2] },
    "1.weight": { shape: [2], data: [1, 1] },
    "1.bias": { shape: [2], data: [0, 0] },
    "3.weight": { shape: [1, 2], data: [0.7, -0.3] },
    "3.bias": { shape: [1], data: [0.05] },
  },
  nodes: [
    { operator: "Identity", inputs: ["1.weight"], outputs: ["1.running_var"] },
    { operator: "Identity", inputs: ["1.bias"], outputs: ["1.running_mean"] },
    { operator: "Gemm", attributes: { transB: 1 }, inputs: ["x", "0.weight", "0.bias"], outputs: ["h"] },
    {
      operator: "BatchNormalization",
      inputs: ["h", "1.weight", "1.bias", "1.running_mean", "1.running_var"],
      outputs: ["n"],
    },
    { operator: "Relu", inputs: ["n"], outputs: ["r"] },
    { operator: "Gemm", attributes: { transB: 1 }, inputs: ["r", "3.weight", "3.bias"], outputs: ["y"] },
  ],
  outputs: ["y"],
};
/** The same without the nodes Identity: the statistics are the parameters themselves. */
const direct: TestGraph = {
  ...fresh,
  nodes: fresh.nodes
    .filter(({ operator }) => operator !== "Identity")
    .map((node) => ({
      ...node,
      inputs: node.inputs.map((name) => name.replace("running_mean", "bias").replace("running_var", "weight")),
    })),
};

/** Of PyTorch 2.13 after one step of SGD of rate 0.5. */
const expected = {
  "1.weight": [1.1026148796081543, 0.9635315537452698],
  "1.bias": [0.09731079638004303, -0.04170462489128113],
  mean: [0.03550000116229057, 0.07775000482797623],
  variance: [0.9124366641044617, 0.9641291499137878],
  "3.weight": [0.8465926647186279, -0.17843849956989288],
};

async function fineTuned(bytes: Uint8Array, batchNorm: "inference" | "training") {
  const result = await fineTune(bytes, {
    spec: await readTestSpec("squared_error", { type: "sgd", learning_rate: 0.5 }),
    isOutputLoss: false,
    output: undefined,
    parameters: [],
    inputGradient: false,
    batchNorm,
    external: () => new Uint8Array(),
  });
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join("\n"));
  return result;
}

async function trained(bytes: Uint8Array, batchNorm: "inference" | "training") {
  const { train, manifest, weights } = (await fineTuned(bytes, batchNorm)).artifact;
  const session = await ort.InferenceSession.create(train);
  const feeds: Record<string, ort.Tensor> = {
    step: new ort.Tensor("int64", BigInt64Array.of(0n), []),
    x: new ort.Tensor("float32", [1, 2, 3, -1, 0.5, 0.2, 0.3, -0.7, 1.1, 2, 0.1, -0.4], [1, 4, 3]),
    targets: new ort.Tensor("float32", [1, 0, 0.5, -1], [1, 4, 1]),
  };
  for (const [name, { data, shape }] of weights) feeds[name] = new ort.Tensor("float32", data, shape);
  const fed = Object.fromEntries(manifest.train.inputs.map(({ name }) => [name, feeds[name] as ort.Tensor]));
  const results = await session.run(fed);
  const next = new Map(
    manifest.parameters.map(({ name, shape }) => {
      const data = (results[`next/${name}`] ?? feeds[name])?.data as Float32Array;
      return [name, { shape, data }] as const;
    }),
  );
  return { next, weights, written: replaceWeights(bytes, next) };
}

const cases = [
  ["an Identity", fresh, { mean: "1.running_mean", variance: "1.running_var" }],
  ["its name", direct, { mean: "1.bias/n/mean", variance: "1.weight/n/variance" }],
] as const;

test.each(cases)("statistics that share a tensor with a parameter by %s are tensors of their own", async (...each) => {
  const [, graph, names] = each;
  const { next, written } = await trained(modelBytes(graph), "training");
  for (const [key, values] of Object.entries(expected)) {
    const actual = next.get(names[key as keyof typeof names] ?? key)?.data ?? [];
    expect(actual.length, key).toBe(2);
    values.forEach((value, index) => {
      expect(actual[index], key).toBeCloseTo(value, 5);
    });
  }
  if (!written.ok) throw new Error(written.message);
  expect([...written.replaced].sort()).toEqual([...next.keys()].sort());
  const session = await ort.InferenceSession.create(written.model);
  const { y } = await session.run({ x: new ort.Tensor("float32", [1, 2, 3], [1, 3]) });
  const of = (name: string) => next.get(name)?.data ?? new Float32Array();
  const hidden = [0, 1].map((unit) => {
    const sum = [1, 2, 3].reduce((total, entry, index) => total + entry * (of("0.weight")[3 * unit + index] ?? 0), 0);
    const [mean, variance] = [of(names.mean)[unit] ?? 0, of(names.variance)[unit] ?? 0];
    const normal = (sum + (of("0.bias")[unit] ?? 0) - mean) / Math.sqrt(variance + 1e-5);
    return Math.max(0, normal * (of("1.weight")[unit] ?? 0) + (of("1.bias")[unit] ?? 0));
  });
  const answer = hidden.reduce((sum, value, unit) => sum + value * (of("3.weight")[unit] ?? 0), of("3.bias")[0] ?? 0);
  expect(y?.data[0]).toBeCloseTo(answer, 5);
});

test("the gain and the shift are trained with stored statistics", async () => {
  const { next, weights } = await trained(modelBytes(fresh), "inference");
  for (const name of ["1.weight", "1.bias"]) expect(next.get(name)?.data).not.toEqual(weights.get(name)?.data);
  for (const name of ["1.running_mean", "1.running_var"]) expect(next.get(name)?.data).toEqual(weights.get(name)?.data);
});

test("evaluations are those of the written model: they normalize by the stored statistics", async () => {
  const bytes = modelBytes(fresh);
  const { eval: evaluation, manifest, weights } = (await fineTuned(bytes, "training")).artifact;
  const x = new ort.Tensor("float32", [1, 2, 3, -1, 0.5, 0.2], [2, 3]);
  const feeds: Record<string, ort.Tensor> = { x, targets: new ort.Tensor("float32", [1, 0], [2, 1]) };
  for (const [name, { data, shape }] of weights) feeds[name] = new ort.Tensor("float32", data, shape);
  const fed = Object.fromEntries(manifest.eval.inputs.map(({ name }) => [name, feeds[name] as ort.Tensor]));
  const evaluated = await (await ort.InferenceSession.create(evaluation)).run(fed);
  const { y } = await (await ort.InferenceSession.create(bytes)).run({ x });
  for (const [row, entry] of ((y?.data ?? []) as Float32Array).entries())
    expect(evaluated[PREDICTIONS]?.data[row]).toBeCloseTo(entry, 5);
  const roles = new Map(manifest.eval.inputs.map(({ name, role }) => [name, role]));
  for (const name of ["1.running_mean", "1.running_var"]) expect(roles.get(name)).toBe("buffer");
});

test("a model of training_mode = 1 is trained by the chosen mode, with a notice of its file", async () => {
  const nodes = fresh.nodes.map((node) =>
    node.operator === "BatchNormalization"
      ? { ...node, attributes: { training_mode: 1 }, outputs: ["n", "mean", "variance"] }
      : node,
  );
  const inTraining = modelBytes({ ...fresh, nodes });
  for (const mode of ["inference", "training"] as const) {
    const [stated, plain] = [await trained(inTraining, mode), await trained(modelBytes(fresh), mode)];
    expect([...stated.next]).toEqual([...plain.next]);
    const [ofStated, ofPlain] = [await fineTuned(inTraining, mode), await fineTuned(modelBytes(fresh), mode)];
    expect(Buffer.from(ofStated.artifact.eval).equals(ofPlain.artifact.eval)).toBe(true);
    expect(ofStated.notices.filter((notice) => notice.includes("training_mode = 1"))).toHaveLength(1);
    expect(ofPlain.notices.join()).not.toContain("training_mode");
  }
});
