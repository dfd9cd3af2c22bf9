/** Tally: the sum of many long rows by a product with ones. */
import { expect, test } from "vitest";
import { reduceAsMatmul } from "../../../../compiler/optimize/kernels/reduce-as-matmul.js";
import { changes, expectUntouched, graphOf } from "../../../support/before-after.js";

/** How large the sizes are taken to be. */
const long = { expected: { batch: 50, time: 50, words: 2048 } };

test("all rows of all steps are met by ones", () => {
  const graph = graphOf((b, float) => {
    const g = float("g", "time", "batch", "words");
    return [b.sum(g, [0, 1]), b.sum(g, [0, 1], true)];
  });
  expect(changes(reduceAsMatmul, graph, long)).toMatchInlineSnapshot(`
    "
    -  reducesum: f32[words] = ReduceSum(g, axes=[0, 1])
    -  reducesum.1: f32[1, 1, words] = ReduceSum(g, axes=[0, 1], keep)
    -  output reducesum
    -  output reducesum.1
    +  expand: f32[1, batch*time] = Expand(1.0)
    +  reshape: f32[batch*time, words] = Reshape(g)
    +  matmul: f32[1, words] = MatMul(expand, reshape)
    +  reshape.1: f32[words] = Reshape(matmul)
    +  expand.1: f32[1, batch*time] = Expand(1.0)
    +  reshape.2: f32[batch*time, words] = Reshape(g)
    +  matmul.1: f32[1, words] = MatMul(expand.1, reshape.2)
    +  reshape.3: f32[1, 1, words] = Reshape(matmul.1)
    +  output reshape.1
    +  output reshape.3
    "
  `);
});

test("few entries, short rows, other axes and other numbers stay", () => {
  const fewAxes = graphOf((b, float) => [b.sum(float("g", "time", "batch", "words"), [0, 1])]);
  expectUntouched(reduceAsMatmul, fewAxes, { expected: { batch: 4, time: 50, words: 2048 } });
  expectUntouched(reduceAsMatmul, fewAxes, { expected: { batch: 5000, time: 50, words: 64 } });
  expectUntouched(reduceAsMatmul, fewAxes);
  const otherGraphs = graphOf((b, float, typed) => {
    const g = float("g", "time", "batch", "words");
    const integers = typed("int64")("n", "time", "batch", "words");
    return [b.sum(g, [0]), b.sum(g, [1, 2]), b.sum(g), b.sum(integers, [0, 1]), b.sum(float("row", "words"), [])];
  });
  expectUntouched(reduceAsMatmul, otherGraphs, long);
});
