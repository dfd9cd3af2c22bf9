/** Initial values as a graph: each distribution has its moments, and orthogonal matrices are orthonormal. */
import onnxProto from "onnx-proto";
import { InferenceSession } from "onnxruntime-node";
import { expect, test } from "vitest";
import type { Initializer } from "../../../compiler/artifact.js";
import { initializationGraph } from "../../../compiler/export/initializer-graph.js";

async function drawValues(initializer: Initializer, shape: readonly number[]): Promise<readonly number[]> {
  const tensors = [{ name: "t", shape, initializer, dtype: "float32" as const }];
  const graph = initializationGraph("first", tensors, (name) => name, 7);
  const model = onnxProto.onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ version: 18 }], graph }).finish();
  const session = await InferenceSession.create(model, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const results = await session.run({});
  await session.release();
  const data = results.t?.data as Float32Array;
  return [...data];
}

test("a normal distribution has its mean and its deviation", async () => {
  const numbers = await drawValues({ type: "normal", mean: 3, deviation: 0.5 }, [100, 40]);
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const square = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0) / numbers.length;
  expect(mean).toBeCloseTo(3, 1);
  expect(Math.sqrt(square)).toBeCloseTo(0.5, 1);
});

test.each([
  [3, 5],
  [5, 3],
])("a matrix of %i rows and %i columns is orthogonal", async (rows, columns) => {
  const numbers = await drawValues({ type: "orthogonal", gain: 2 }, [rows, columns]);
  const valueAt = (row: number, column: number) => numbers[row * columns + column] as number;
  const vectors = Array.from({ length: Math.min(rows, columns) }, (_, index) =>
    Array.from({ length: Math.max(rows, columns) }, (_, position) =>
      rows <= columns ? valueAt(index, position) : valueAt(position, index),
    ),
  );
  for (const [i, x] of vectors.entries())
    for (const [j, y] of vectors.entries()) {
      const product = x.reduce((sum, entry, position) => sum + entry * (y[position] as number), 0);
      expect(product).toBeCloseTo(i === j ? 4 : 0, 4);
    }
});

test("slices replace the base, and later slices earlier ones", async () => {
  const constant = (value: number): Initializer => ({ type: "constant", value });
  const slices = [
    { from: 1, to: 3, initializer: constant(1) },
    { from: 2, to: 4, initializer: constant(2) },
  ];
  expect(await drawValues({ type: "slices", base: constant(0), slices }, [5])).toEqual([0, 1, 2, 2, 0]);
});
