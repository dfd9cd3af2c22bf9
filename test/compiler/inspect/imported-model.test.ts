/** The training that a model of another program allows: the rows that its cost is counted for. */
import { expect, test } from "vitest";
import { trainingReport } from "../../../compiler/inspect/imported-model.js";
import { modelBytes, type TestGraph } from "../../support/onnx-models.js";

const linear = (rows: number | string, shape: readonly number[]): TestGraph => ({
  inputs: { x: { shape: [rows, 3] } },
  initializers: {
    w: { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] },
    s: { dtype: "int64", shape: [shape.length], data: shape },
  },
  nodes: [
    { operator: "MatMul", inputs: ["x", "w"], outputs: ["m"] },
    { operator: "Reshape", inputs: ["m", "s"], outputs: ["y"] },
  ],
  outputs: ["y"],
});

const costOf = (graph: TestGraph) => trainingReport(modelBytes(graph), {})?.cost;

test("a model whose batch may have any size is counted for one row", () => {
  const [free, fixed] = [costOf(linear("n", [-1, 2])), costOf(linear(8, [-1, 2]))];
  expect(free).toMatchObject({ rows: 1, forwardFlops: 12 });
  expect(fixed).toMatchObject({ rows: 1, forwardFlops: 12 });
});

test("a model whose batch is fixed is counted for that batch", () => {
  expect(costOf(linear(8, [8, 2]))).toMatchObject({ rows: 8, forwardFlops: 96 });
});
