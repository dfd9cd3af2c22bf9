/** Initial values as a graph: each distribution has its moments, and orthogonal matrices are orthonormal. */
import { InferenceSession } from "onnxruntime-node";
import { expect, test } from "vitest";
import type { DrawnInitializer } from "../../../compiler/artifact.js";
import { type InitializedTensor, initializationGraph } from "../../../compiler/export/initializer-graph.js";
import { encodeModel } from "../../../compiler/onnx/write/messages.js";

const emptyModel = {
  irVersion: 8,
  producerName: "test",
  opsetImport: [{ domain: "", version: 18 }],
  metadataProps: [],
};

async function drawTensors(
  tensors: readonly Omit<InitializedTensor, "dtype">[],
): Promise<Readonly<Record<string, readonly number[]>>> {
  const typed = tensors.map((tensor) => ({ ...tensor, dtype: "float32" as const }));
  const graph = initializationGraph("first", typed, (name) => name, 7);
  const model = encodeModel({ ...emptyModel, graph });
  const session = await InferenceSession.create(model, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const results = await session.run({});
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, [...(data as Float32Array)]]));
}

async function drawValues(initializer: DrawnInitializer, shape: readonly number[]): Promise<readonly number[]> {
  return (await drawTensors([{ name: "t", shape, initializer }])).t ?? [];
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

test("norms are those of the tensor that is drawn", async () => {
  const of = { name: "v", shape: [3, 2, 4], initializer: { type: "normal", mean: 0, deviation: 1 } } as const;
  const tensors = [of, { name: "g", shape: [4], initializer: { type: "norms", of } } as const];
  const { v = [], g = [] } = await drawTensors(tensors);
  g.forEach((norm, unit) => {
    expect(norm).toBeCloseTo(Math.hypot(...v.filter((_, index) => index % 4 === unit)), 5);
  });
});

test("slices replace the base, and later slices earlier ones", async () => {
  const constant = (value: number): DrawnInitializer => ({ type: "constant", value });
  const slices = [
    { from: 1, to: 3, initializer: constant(1) },
    { from: 2, to: 4, initializer: constant(2) },
  ];
  expect(await drawValues({ type: "slices", base: constant(0), slices }, [5])).toEqual([0, 1, 2, 2, 0]);
});
