/** Row sums of the gradient of attention weights. */
import { describe, expect, test } from "vitest";
import type { Builder } from "../../../../compiler/ir/builder.js";
import type { Value } from "../../../../compiler/ir/types.js";
import { softmaxGradient } from "../../../../compiler/optimize/reuse/softmax-gradient.js";
import { expectUntouched, graphOf, type Inputs, resultOf } from "../../../support/before-after.js";

/** softmax(s) v, and the row sums of (g vᵀ) * softmax(s), with heads as axes of time-major values. */
function attention(b: Builder, float: Inputs, other = false): readonly Value[] {
  const weights = b.softmax(float("s", "batch", 2, 3, "words"));
  const values = float("v", "words", "batch", 2, 4);
  const result = b.matmul(weights, b.transpose(values, [1, 2, 0, 3]));
  const gradient = float("g", "batch", 2, 3, 4);
  const factor = other ? float("u", "words", "batch", 2, 4) : values;
  const product = b.matmul(gradient, b.transpose(factor, [1, 2, 3, 0]));
  return [result, b.sum(b.mul(product, weights), [3], true)];
}

describe("softmax-gradient", () => {
  test("sums over the columns of the values, where the memory is long", () => {
    const graph = graphOf((b, float) => attention(b, float));
    expect(resultOf(softmaxGradient, graph, { expected: { words: 16 } })).toMatchInlineSnapshot(`
      "
        softmax: f32[batch, 2, 3, words] = Softmax(s)
        transpose: f32[batch, 2, words, 4] = Transpose(v, perm=[1, 2, 0, 3])
        matmul: f32[batch, 2, 3, 4] = MatMul(softmax, transpose)
        mul: f32[batch, 2, 3, 4] = Mul(g, matmul)
        reducesum: f32[batch, 2, 3, 1] = ReduceSum(mul, axes=[3], keep)
        output matmul
        output reducesum
      "
    `);
  });

  test("keeps sums over a short memory, and over one of unknown length", () => {
    const graph = graphOf((b, float) => attention(b, float));
    expectUntouched(softmaxGradient, graph, { expected: { words: 15 } });
    expectUntouched(softmaxGradient, graph);
  });

  test("keeps the product with other values, and sums over another axis", () => {
    const expected = { words: 64 };
    expectUntouched(
      softmaxGradient,
      graphOf((b, float) => attention(b, float, true)),
      { expected },
    );
    const graph = graphOf((b, float) => {
      const weights = b.softmax(float("s", 2, 3, "words"));
      const values = float("v", 2, "words", 4);
      const product = b.matmul(float("g", 2, 3, 4), b.transpose(values, [0, 2, 1]));
      return [b.matmul(weights, values), b.sum(b.mul(product, weights), [1], true)];
    });
    expectUntouched(softmaxGradient, graph, { expected });
  });
});
