/** Models specialized to static shapes: the results of the dynamic models, in operators that the device has kernels for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { readModel } from "../../../compiler/onnx/read/model.js";
import { readNodes } from "../../../compiler/onnx/read/nodes.js";
import { portability } from "../../../compiler/portability/report.js";
import { openData } from "../../../runtime/data/index.js";
import { readSpec } from "../../../schema/read.js";

const specs = join(import.meta.dirname, "../../../specs");

/** Tied weights, dropout, lengths, two sequences, initial states, pooling; with the number of updates per call. */
const names: readonly (readonly [string, number])[] = [
  ["hihello", 3],
  ...["ship-tied", "dropout", "lengths", "tagging", "translate", "caption", "spam", "max-pool", "convolution"].map(
    (name) => [name, 1] as const,
  ),
];

async function compiled(name: string, target: "cuda" | "webgpu") {
  const file = join(specs, `${name}.json`);
  const read = await readSpec(readFileSync(file, "utf8"));
  if (!read.ok) throw new Error(`${name} is wrong`);
  const opened = await openData(read.spec, specs);
  if (!opened.ok) throw new Error(`the data of ${name} is not there`);
  const signature = opened.value.signature(read.spec.train);
  const result = await compile(read.spec, signature, { target });
  if (!result.ok) throw new Error(`${name} does not compile`);
  return { ...result, signature };
}

/** Small specs of different layers for CUDA, where the long loops of the others add nothing. */
const cudaNames = ["hihello", "ship-tied", "dropout", "translate", "convolution"].map((name) => [name, 1] as const);

/** Small numbers for every input; integers are 0 and 1. */
function createFeeds(name: string, dims: readonly number[], dtype: string): Tensor {
  const count = dims.reduce((product, size) => product * size, 1);
  const integers = Array.from({ length: count }, (_, index) =>
    name === "step" ? 3 : name.endsWith("lengths") ? 1 : index % 2,
  );
  if (dtype === "int64") return new Tensor("int64", BigInt64Array.from(integers, BigInt), dims);
  if (dtype === "int32") return new Tensor("int32", Int32Array.from(integers), dims);
  const data = Float32Array.from({ length: count }, (_, index) => 0.1 * Math.sin(1 + index));
  return new Tensor("float32", name.endsWith("/v") ? data.map((x) => x * x) : data, dims);
}

test.each([
  ...names.map(([name, steps]) => ["webgpu", name, steps] as const),
  ...cudaNames.map(([name, steps]) => ["cuda", name, steps] as const),
])("%s: %s", async (target, name, steps) => {
  const { models, artifact, signature } = await compiled(name, target);
  const sizes = new Map(Object.entries({ ...signature.expected, batch: Math.min(signature.expected.batch, 8), steps }));
  const { model: bytes, hostOutputs: sections, isCapturable } = await models.train(sizes);
  if (target === "cuda") expect(isCapturable).toBe(true);

  const read = readModel(bytes);
  if (!read.ok) throw new Error(read.problem.message);
  const report = portability(read.model, readNodes(bytes)).find(({ runtime }) =>
    runtime.endsWith(target === "cuda" ? "CUDA" : "WebGPU"),
  );
  expect(report?.findings).toEqual([]);
  expect(Object.values(report?.nodes ?? {}).reduce((sum, count) => sum + count)).toBeGreaterThan(20);

  const { inputs } = artifact.manifest.train;
  const run = async (model: Uint8Array, useInt32: boolean) => {
    const session = await InferenceSession.create(model, { logSeverityLevel: 4, intraOpNumThreads: 1 });
    const feeds = inputs.map(({ name: port, dtype, shape }) => {
      const dims = shape.map((dim) => (typeof dim === "number" ? dim : (sizes.get(dim) ?? Number.NaN)));
      return [port, createFeeds(port, dims, useInt32 && dtype === "int64" ? "int32" : dtype)] as const;
    });
    const outputs = await session.run(Object.fromEntries(feeds));
    await session.release();
    return outputs;
  };
  const [actual, expected] = [await run(bytes, target === "webgpu"), await run(artifact.train, false)];
  const combined = Array.from(actual.report?.data as ArrayLike<number>);
  for (const { name: port, role } of artifact.manifest.train.outputs) {
    if (role === "step") continue;
    const expectedValues = Array.from(expected[port]?.data as ArrayLike<number>, Number);
    const before = sections.slice(
      0,
      sections.findIndex((section) => section.name === port),
    );
    const start = before.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
    const actualValues = Array.from(
      (actual[port]?.data as ArrayLike<number>) ?? combined.slice(start, start + expectedValues.length),
    );
    const scale = expectedValues.reduce((largest, x) => Math.max(largest, Math.abs(x)), 1e-3);
    const mismatch = expectedValues.findIndex(
      (x, index) => !(Math.abs(x - (actualValues[index] ?? Number.NaN)) <= 1e-4 * scale),
    );
    expect(mismatch, `${port}: ${actualValues[mismatch]} for ${expectedValues[mismatch]}`).toBe(-1);
  }
});

test("an evaluation of static shapes reports its accumulators, and no parameters", async () => {
  const { models, artifact, signature } = await compiled("hihello", "webgpu");
  const { model, hostOutputs: report } = await models.eval(new Map(Object.entries(signature.expected)));
  const { inputs, outputs } = artifact.manifest.eval;
  expect(report.map(({ name }) => name)).toEqual(outputs.map(({ name }) => name));
  const session = await InferenceSession.create(model, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const feeds = inputs.map(({ name, dtype, shape }) => {
    const dims = shape.map((dim) => (typeof dim === "number" ? dim : (signature.expected[dim] ?? Number.NaN)));
    return [name, createFeeds(name, dims, dtype)] as const;
  });
  const actual = await session.run(Object.fromEntries(feeds));
  await session.release();
  const entries = report.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
  expect(actual.report?.dims).toEqual([entries]);
});
