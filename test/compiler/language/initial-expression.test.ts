/** Initial values as expressions: their numbers in the runtime and in an exported graph, and their problems. */
import { InferenceSession } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import type { Initializer } from "../../../compiler/artifact.js";
import { initializationGraph } from "../../../compiler/export/initializer-graph.js";
import { initialValue } from "../../../compiler/language/initial-expression.js";
import { encodeModel } from "../../../compiler/onnx/write/messages.js";
import { initializeTensor } from "../../../runtime/tensors/initializers.js";

const emptyModel = {
  irVersion: 8,
  producerName: "test",
  opsetImport: [{ domain: "", version: 18 }],
  metadataProps: [],
};

const names = new Map([
  ["hidden_size", 4],
  ["low", 0.25],
]);

function initializerOf(text: string): Initializer {
  const parsed = initialValue(text, names);
  if (!parsed.ok) throw new Error(parsed.problem.message);
  return parsed.initializer;
}

async function drawn(text: string, shape: readonly number[]) {
  const initializer = initializerOf(text);
  const tensors = [{ name: "t", shape, initializer, dtype: "float32" as const }];
  const graph = initializationGraph("first", tensors, (name) => name, 7);
  const model = encodeModel({ ...emptyModel, graph });
  const session = await InferenceSession.create(model, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const { t } = await session.run({});
  await session.release();
  const data = t?.data as Float32Array;
  const exported = [...data];
  return { runtime: [...initializeTensor({ name: "t", shape, initializer }, 1)], exported };
}

describe("numbers", () => {
  test.each<[string, (index: number) => number]>([
    ["log(index + 1)", (index) => Math.log(index + 1)],
    ["8 * (index / max(hidden_size - 1, 1)) ^ 0.7 - 5", (index) => 8 * (index / 3) ** 0.7 - 5],
    ["-exp(min(index, 2)) / sqrt(low)", (index) => -Math.exp(Math.min(index, 2)) / 0.5],
  ])("%s", async (text, expected) => {
    const { runtime, exported } = await drawn(text, [2, 4]);
    for (const values of [runtime, exported]) {
      expect(values).toHaveLength(8);
      for (const [index, value] of values.entries()) expect(value).toBeCloseTo(expected(index % 4), 5);
    }
  });

  test("numbers and sizes alone are a constant", () => {
    expect(initializerOf("1 / sqrt(hidden_size) - low")).toEqual({ type: "constant", value: 0.25 });
  });

  test("each entry has its own random number", async () => {
    // The modulus exp(-exp(nu)) of a linear recurrent unit is between its bounds, its square uniform.
    const { runtime, exported } = await drawn("log(-0.5 * log(uniform(low ^ 2, 0.81)))", [50, 40]);
    for (const values of [runtime, exported]) {
      const squares = values.map((nu) => Math.exp(-2 * Math.exp(nu)));
      expect(Math.min(...squares)).toBeGreaterThan(0.0624);
      expect(Math.max(...squares)).toBeLessThan(0.8101);
      expect(squares.reduce((sum, square) => sum + square, 0) / 2000).toBeCloseTo((0.0625 + 0.81) / 2, 1);
      expect(new Set(values).size).toBeGreaterThan(1900);
    }
    const normal = await drawn("3 + normal(0, 2) / 4", [50, 40]);
    for (const values of [normal.runtime, normal.exported])
      expect(values.reduce((sum, value) => sum + (value - 3) ** 2, 0) / 2000).toBeCloseTo(0.25, 1);
  });
});

test.each([
  ["sqrt(hiden_size)", 'unknown name "hiden_size"'],
  ["tanh(1)", 'unknown function "tanh"'],
  ["uniform(index, 1)", "the arguments of uniform must be numbers"],
  ["uniform(1)", "uniform takes 2 arguments, not 1"],
  ["index @ 2", '"@" is not allowed in an initial value'],
  ["log(-1)", "log(-1) is not a finite number"],
])("%s is an error", (text, message) => {
  const parsed = initialValue(text, names);
  expect(parsed.ok ? "" : parsed.problem.message).toBe(message);
});
