/** Time folded into a matrix product. */
import { describe, expect, test } from "vitest";
import { foldTimeIntoMatmul } from "../../../../compiler/optimize/kernels/fold-time-into-matmul.js";
import { changes, expectUntouched, graphOf } from "../../../support/before-after.js";

describe("fold-time-into-matmul", () => {
  test("multiplies matrices of T · batch rows", () => {
    const graph = graphOf((b, float) => [
      b.sum(b.matmul(b.transpose(float("a", "time", "batch", 2), [0, 2, 1]), float("g", "time", "batch", 3)), [0]),
    ]);
    expect(changes(foldTimeIntoMatmul, graph)).toMatchInlineSnapshot(`
      "
      -  transpose: f32[time, 2, batch] = Transpose(a, perm=[0, 2, 1])
      -  matmul: f32[time, 2, 3] = MatMul(transpose, g)
      -  reducesum: f32[2, 3] = ReduceSum(matmul, axes=[0])
      -  output reducesum
      +  reshape: f32[batch*time, 2] = Reshape(a)
      +  transpose: f32[2, batch*time] = Transpose(reshape, perm=[1, 0])
      +  reshape.1: f32[batch*time, 3] = Reshape(g)
      +  matmul: f32[2, 3] = MatMul(transpose, reshape.1)
      +  output matmul
      "
    `);
  });

  test("keeps sums over other axes, sums that keep their axes, and other products", () => {
    expectUntouched(
      foldTimeIntoMatmul,
      graphOf((b, float) => {
        const [a, g] = [float("a", 4, 2, 3), float("g", 4, 2, 5)];
        const products = b.matmul(b.transpose(a, [0, 2, 1]), g);
        const t = float("t", 4, 3, 2);
        const shared = float("shared", 2, 5);
        const transposed = b.transpose(float("s", 2, 4, 3), [1, 2, 0]);
        return [
          b.sum(products, [1]),
          b.sum(products, [0], true),
          b.sum(b.matmul(t, g), [0]),
          b.sum(b.matmul(b.transpose(a, [0, 2, 1]), shared), [0]),
          b.sum(b.matmul(transposed, g), [0]),
          b.sum(b.matmul(b.transpose(float("one", 1, 2, 3), [0, 2, 1]), g), [0]),
        ];
      }),
    );
  });
});
