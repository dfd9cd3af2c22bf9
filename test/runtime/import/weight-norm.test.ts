/** Weight normalization: initial values, weights of files in either form, and exports, whose kernels are constants. */
import { expect, test } from "vitest";
import { buildExport } from "../../../compiler/export/index.js";
import { boundaryOf } from "../../../runtime/export/source-run.js";
import { readInitialWeights } from "../../../runtime/import/initial-weights.js";
import { initializeTensors, normsOf } from "../../../runtime/tensors/initializers.js";
import type { Tensor, Tensors } from "../../../runtime/tensors/safetensors.js";
import { build } from "../../support/artifacts.js";
import { readFixture } from "../../support/reference-numbers.js";
import { outputsOf, stateDict } from "./weight-files.js";

interface Case {
  readonly name: string;
  readonly weights: Readonly<Record<string, Tensor>>;
  readonly inputs: readonly unknown[];
  readonly model: readonly object[];
  readonly outputs: { readonly data: readonly number[] };
}

const found = readFixture<{ readonly cases: readonly Case[] }>("weights/pytorch.json").cases.find(
  ({ name }) => name === "weight normalization",
);
if (found === undefined) throw new Error("the fixture has no case of weight normalization");
const { weights, inputs, outputs } = found;
const pytorch = Object.fromEntries(
  Object.entries(weights).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
);

const specOf = (weight_norm: boolean) => ({
  data: { type: "arrays", inputs, targets: [0, 0].map(() => [0, 0, 0]) },
  model: [
    { layer: "conv1d", size: 6, kernel_size: 2, padding: "valid", activation: "relu", weight_norm },
    { layer: "conv1d", size: 3, kernel_size: 1, weight_norm },
    { layer: "pool", mode: "mean" },
  ],
  loss: { type: "squared_error" },
  optimizer: { type: "sgd", learning_rate: 0.1 },
});

async function read(weight_norm: boolean, file: Readonly<Record<string, Tensor>>): Promise<Tensors> {
  const { spec, artifact } = await build(specOf(weight_norm));
  const { parameters } = artifact.manifest;
  const result = await readInitialWeights({ file: stateDict(file), maps: [] }, { spec, parameters });
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join("\n"));
  return initializeTensors(parameters, spec.seed, result.value.tensors);
}

const expectOutputs = (actual: readonly number[]) => {
  actual.forEach((value, index) => {
    expect(value).toBeCloseTo(outputs.data[index] ?? Number.NaN, 5);
  });
};

test("PyTorch's directions and norms are those of the model, or its kernel", async () => {
  const normalized = await read(true, pytorch);
  expect([...(normalized.get("conv1d/g")?.data ?? [])]).toEqual([
    ...(pytorch["net.0.parametrizations.weight.original0"]?.data ?? []),
  ]);
  // [kernel_size, in, out] is [out, in, kernel_size] reversed.
  expect(normalized.get("conv1d_2/v")?.data[1]).toBe(pytorch["net.2.weight_v"]?.data[6]);
  for (const weight_norm of [true, false]) expectOutputs(await outputsOf(specOf(weight_norm), stateDict(pytorch)));
});

test("kernels without weight normalization are their own direction, and back", async () => {
  const plain = await read(false, pytorch);
  const normalized = await read(true, Object.fromEntries(plain));
  expect(normalized.get("conv1d/v")).toEqual(plain.get("conv1d/W"));
  const again = await read(false, Object.fromEntries(normalized));
  expect([...again.keys()]).toEqual([...plain.keys()]);
  for (const [name, { data }] of plain)
    data.forEach((value, index) => {
      expect(again.get(name)?.data[index]).toBeCloseTo(value, 6);
    });
});

test("initial norms are those of the direction, from the seed or a file", async () => {
  const { spec, artifact } = await build(specOf(true));
  const { parameters } = artifact.manifest;
  const expectNorms = (tensors: Tensors) => {
    const direction = tensors.get("conv1d/v") as Tensor;
    const columns = Array.from({ length: 6 }, (_, unit) => direction.data.filter((_, index) => index % 6 === unit));
    tensors.get("conv1d/g")?.data.forEach((norm, unit) => {
      expect(norm).toBeCloseTo(Math.hypot(...(columns[unit] ?? [])), 5);
    });
  };
  expectNorms(initializeTensors(parameters, spec.seed));
  const given: Tensor = { shape: [2, 4, 6], data: Float32Array.from({ length: 48 }, (_, index) => 1 + index) };
  const started = initializeTensors(parameters, spec.seed, new Map([["conv1d/v", given]]));
  expect(started.get("conv1d/v")).toBe(given);
  expectNorms(started);
  expect([...normsOf({ shape: [2, 2], data: Float32Array.of(3, 5, 4, 12) })]).toEqual([5, 13]);
});

test.each(["sequence", "step"] as const)("the %s form has kernels without directions and norms", async (form) => {
  const text = { ...specOf(true), model: specOf(true).model.slice(0, form === "step" ? 2 : 3) };
  const model = text.model.map((layer) => ({ ...layer, ...("padding" in layer && { padding: "causal" }) }));
  const targets = form === "step" ? inputs.map(() => Array(5).fill([0, 0, 0])) : text.data.targets;
  const { spec, signature, source, artifact } = await build({ ...text, model, data: { ...text.data, targets } });
  const parameters = initializeTensors(artifact.manifest.parameters, spec.seed);
  const boundary = boundaryOf({ spec, metadata: source.metadata });
  const options = { form, opset: 17, recurrent: "operators", unroll: null, boundary } as const;
  const exported = buildExport(spec, signature, parameters, options);
  const kernels = exported.weights.map(({ name }) => name).filter((name) => !name.endsWith("/b"));
  expect(kernels).toHaveLength(2);
  const operators = new Set(exported.graph.nodes.map(({ op }) => op));
  expect(["Sqrt", "Div", "Mul"].filter((op) => operators.has(op as never))).toEqual([]);
});
