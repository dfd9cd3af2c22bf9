/** Prepacking of weights that a loop multiplies by. */
import { expect, test } from "vitest";
import type { Dim } from "../../../../compiler/ir/types.js";
import { prepackWeights } from "../../../../compiler/optimize/kernels/prepack-weights.js";
import { changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

/** Large enough for the pass, and small when values are compared. */
const SIZE = "words";
const long = { expected: { batch: 50, time: 50, words: 725 } };
const fewSizes = { expected: { batch: 16, time: 50, words: 725 } };

const recurrent = (size: Dim) =>
  graphOf((b, float) =>
    loop(b, [float("h", "batch", size)], [float("x", "time", "batch", size)], (inner, [h], [x]) => {
      const next = inner.tanh(inner.gemm(h, float("U", size, size), x));
      return [[next], []];
    }),
  );

test("a captured matrix is transposed before the loop, and the product reads it transposed", () => {
  expect(changes(prepackWeights, recurrent(SIZE), long)).toMatchInlineSnapshot(`
    "
    +  transpose: f32[words, words] = Transpose(U, perm=[1, 0])
       scan: f32[batch, words] = Scan(length=time)
         state h.1: f32[batch, words] = h
         slice x.1: f32[batch, words] = x
    -    capture U
    -    gemm: f32[batch, words] = Gemm(h.1, U, x.1)
    +    capture transpose
    +    gemm: f32[batch, words] = Gemm(h.1, transpose, x.1, transB)
         tanh: f32[batch, words] = Tanh(gemm)
         next h.1 = tanh
       output scan
    "
  `);
});

test("few rows are transposed, and the matrix is the left operand", () => {
  expect(changes(prepackWeights, recurrent(SIZE), fewSizes)).toMatchInlineSnapshot(`
    "
    +  transpose: f32[words, words] = Transpose(U, perm=[1, 0])
       scan: f32[batch, words] = Scan(length=time)
         state h.1: f32[batch, words] = h
         slice x.1: f32[batch, words] = x
    -    capture U
    -    gemm: f32[batch, words] = Gemm(h.1, U, x.1)
    -    tanh: f32[batch, words] = Tanh(gemm)
    +    capture transpose
    +    transpose.1: f32[words, batch] = Transpose(h.1, perm=[1, 0])
    +    matmul: f32[words, batch] = MatMul(transpose, transpose.1)
    +    transpose.2: f32[batch, words] = Transpose(matmul, perm=[1, 0])
    +    add: f32[batch, words] = Add(transpose.2, x.1)
    +    tanh: f32[batch, words] = Tanh(add)
         next h.1 = tanh
       output scan
    "
  `);
});

test("without an addend the few rows are only transposed back", () => {
  const graph = graphOf((b, float) =>
    loop(b, [float("h", "batch", SIZE)], [float("x", "time", "batch", SIZE)], (inner, [h], [x]) => [
      [inner.mul(inner.matmul(h, float("U", SIZE, SIZE)), x)],
      [],
    ]),
  );
  expect(changes(prepackWeights, graph, fewSizes)).toContain(`
+    transpose.2: f32[batch, words] = Transpose(matmul, perm=[1, 0])
+    mul: f32[batch, words] = Mul(transpose.2, x.1)
`);
});

test("a matrix that is a transpose already is read before the transpose", () => {
  const graph = graphOf((b, float) => {
    const transposed = b.transpose(float("U", SIZE, SIZE), [1, 0]);
    return loop(b, [float("g", "batch", SIZE)], [float("x", "time", "batch", SIZE)], (inner, [g], [x]) => [
      [inner.mul(inner.matmul(g, transposed), x)],
      [],
    ]);
  });
  expect(changes(prepackWeights, graph, long)).toMatchInlineSnapshot(`
    "
    -  transpose: f32[words, words] = Transpose(U, perm=[1, 0])
       scan: f32[batch, words] = Scan(length=time)
         state g.1: f32[batch, words] = g
         slice x.1: f32[batch, words] = x
    -    capture transpose
    -    matmul: f32[batch, words] = MatMul(g.1, transpose)
    -    mul: f32[batch, words] = Mul(matmul, x.1)
    +    capture U
    +    gemm: f32[batch, words] = Gemm(g.1, U, transB)
    +    mul: f32[batch, words] = Mul(gemm, x.1)
         next g.1 = mul
       output scan
    "
  `);
});

test("keeps small matrices, short loops, single rows and matrices with other readers", () => {
  expectUntouched(prepackWeights, recurrent(8), long);
  expectUntouched(prepackWeights, recurrent(SIZE), { expected: { ...long.expected, time: 4 } });
  expectUntouched(prepackWeights, recurrent(SIZE), { expected: { ...long.expected, batch: 1 } });
  expectUntouched(
    prepackWeights,
    graphOf((b, float) => {
      const U = float("U", SIZE, SIZE);
      return loop(b, [float("h", "batch", SIZE)], [float("x", "time", "batch", SIZE)], (inner, [h], [x]) => [
        [inner.add(inner.gemm(h, U, x), inner.sum(U, [0]))],
        [],
      ]);
    }),
    long,
  );
  // As the left operand, transposed by the product, and as the addend.
  for (const product of ["left", "transposed", "term"])
    expectUntouched(
      prepackWeights,
      graphOf((b, float) => {
        const U = float("U", SIZE, SIZE);
        return loop(b, [float("h", SIZE, SIZE)], [float("x", "time", SIZE)], (inner, [h], [x]) => {
          const result =
            product === "left"
              ? inner.matmul(U, h)
              : product === "transposed"
                ? inner.gemm(h, U, undefined, false, true)
                : inner.gemm(h, U, U);
          return [[inner.add(result, x)], []];
        });
      }),
      long,
    );
});
