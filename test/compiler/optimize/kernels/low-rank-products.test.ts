/** Products with a matrix plus a low-rank product: the factors multiply alone, and no gradient has the matrix's size. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../../compiler/autodiff/reverse.js";
import { lowRankProducts } from "../../../../compiler/optimize/kernels/low-rank-products.js";
import { canonicalize, runPasses } from "../../../../compiler/optimize/pipeline.js";
import { changes, expectUntouched, graphOf } from "../../../support/before-after.js";

const context = { expected: { batch: 4, time: 4 } };

/** x @ (W + 0.5 · A @ B), or with its transpose. */
const adapted = (rank: number, isTransposed = false) =>
  graphOf((b, float) => {
    const [rows, columns] = isTransposed ? [10, 6] : [6, 10];
    const low = b.matmul(float("A", rows, rank), float("B", rank, columns));
    const weight = b.add(float("W", rows, columns), b.mul(low, 0.5));
    return [b.matmul(float("x", "batch", 6), isTransposed ? b.transpose(weight, [1, 0]) : weight)];
  });

describe("low-rank-products", () => {
  test("multiplies by the factors", () => {
    expect(changes(lowRankProducts, adapted(2), context)).toMatchInlineSnapshot(`
      "
      -  matmul: f32[6, 10] = MatMul(A, B)
      -  mul: f32[6, 10] = Mul(matmul, 0.5)
      -  add: f32[6, 10] = Add(W, mul)
      -  matmul.1: f32[batch, 10] = MatMul(x, add)
      -  output matmul.1
      +  matmul: f32[batch, 2] = MatMul(x, A)
      +  matmul.1: f32[batch, 10] = MatMul(matmul, B)
      +  matmul.2: f32[batch, 10] = MatMul(x, W)
      +  mul: f32[batch, 10] = Mul(matmul.1, 0.5)
      +  add: f32[batch, 10] = Add(matmul.2, mul)
      +  output add
      "
    `);
  });

  test("multiplies by the transposed factors in the other order", () => {
    expect(changes(lowRankProducts, adapted(2, true), context)).toMatchInlineSnapshot(`
      "
      -  matmul: f32[10, 6] = MatMul(A, B)
      -  mul: f32[10, 6] = Mul(matmul, 0.5)
      -  add: f32[10, 6] = Add(W, mul)
      -  transpose: f32[6, 10] = Transpose(add, perm=[1, 0])
      -  matmul.1: f32[batch, 10] = MatMul(x, transpose)
      -  output matmul.1
      +  transpose: f32[6, 2] = Transpose(B, perm=[1, 0])
      +  matmul: f32[batch, 2] = MatMul(x, transpose)
      +  transpose.1: f32[2, 10] = Transpose(A, perm=[1, 0])
      +  matmul.1: f32[batch, 10] = MatMul(matmul, transpose.1)
      +  transpose.2: f32[6, 10] = Transpose(W, perm=[1, 0])
      +  matmul.2: f32[batch, 10] = MatMul(x, transpose.2)
      +  mul: f32[batch, 10] = Mul(matmul.1, 0.5)
      +  add: f32[batch, 10] = Add(matmul.2, mul)
      +  output add
      "
    `);
  });

  test("keeps factors that need more products than the matrix", () => {
    expectUntouched(lowRankProducts, adapted(4), context);
  });

  test("leaves no gradient of the size of the matrix", () => {
    const graph = graphOf((b, float) => {
      const low = b.matmul(float("A", 6, 2), float("B", 2, 10));
      const weight = b.add(float("W", 6, 10), low);
      const y = b.matmul(float("x", "batch", 6), weight);
      return [b.sum(b.mul(y, y))];
    });
    const factors = graph.inputs.flatMap(({ name }, index) => (name === "A" || name === "B" ? [index] : []));
    const sizesIn = (subject: typeof graph) =>
      runPasses(differentiate(subject, 0, factors), canonicalize, { expected: new Map() })
        .nodes.filter(({ op }) => op === "MatMul")
        .map(({ outputs }) => outputs[0]?.type.shape.join());
    expect(sizesIn(graph)).toContain("6,10");
    expect(sizesIn(lowRankProducts.run(graph, { expected: new Map() }))).not.toContain("6,10");
  });
});
