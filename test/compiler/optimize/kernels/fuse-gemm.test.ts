/** Fusion of transposes and addends into Gemm. */
import { describe, expect, test } from "vitest";
import { fuseGemm } from "../../../../compiler/optimize/kernels/fuse-gemm.js";
import { changes, expectUntouched, graphOf, loop, resultOf } from "../../../support/before-after.js";

describe("fuse-gemm", () => {
  test("fuses transposes of both operands", () => {
    const graph = graphOf((b, float) => {
      const [x, y] = [float("x", 3, 2), float("y", 4, 3)];
      const transposed = (value: typeof x) => b.transpose(value, [1, 0]);
      return [
        b.matmul(transposed(x), transposed(y)),
        b.matmul(transposed(x), float("z", 3, 5)),
        b.matmul(y, transposed(float("u", 2, 3))),
      ];
    });
    expect(changes(fuseGemm, graph)).toMatchInlineSnapshot(`
      "
      -  transpose: f32[2, 3] = Transpose(x, perm=[1, 0])
      -  transpose.1: f32[3, 4] = Transpose(y, perm=[1, 0])
      -  matmul: f32[2, 4] = MatMul(transpose, transpose.1)
      -  transpose.2: f32[2, 3] = Transpose(x, perm=[1, 0])
      -  matmul.1: f32[2, 5] = MatMul(transpose.2, z)
      -  transpose.3: f32[3, 2] = Transpose(u, perm=[1, 0])
      -  matmul.2: f32[4, 2] = MatMul(y, transpose.3)
      -  output matmul
      -  output matmul.1
      -  output matmul.2
      +  gemm: f32[2, 4] = Gemm(x, y, transA, transB)
      +  gemm.1: f32[2, 5] = Gemm(x, z, transA)
      +  gemm.2: f32[4, 2] = Gemm(y, u, transB)
      +  output gemm
      +  output gemm.1
      +  output gemm.2
      "
    `);
  });

  test("transposes a long left operand before the product, by a permutation that ONNX Runtime keeps", () => {
    const graph = graphOf((b, float) => {
      const long = b.reshape(float("x", "time", "batch", 2), ["batch*time", 2]);
      return [b.matmul(b.transpose(long, [1, 0]), float("y", "batch*time", "words"))];
    });
    expect(changes(fuseGemm, graph, { expected: { batch: 1000, time: 1000, words: 1024 } })).toMatchInlineSnapshot(`
      "
         reshape: f32[batch*time, 2] = Reshape(x)
      -  transpose: f32[2, batch*time] = Transpose(reshape, perm=[1, 0])
      -  matmul: f32[2, words] = MatMul(transpose, y)
      +  reshape.1: f32[batch*time, 1, 2] = Reshape(reshape)
      +  transpose: f32[2, batch*time, 1] = Transpose(reshape.1, perm=[2, 0, 1])
      +  reshape.2: f32[2, batch*time] = Reshape(transpose)
      +  matmul: f32[2, words] = MatMul(reshape.2, y)
         output matmul
      "
    `);
  });

  test("folds the transpose of a left operand of few elements or before few columns", () => {
    const graph = graphOf((b, float) => [
      b.matmul(b.transpose(float("x", "batch", 2), [1, 0]), float("y", "batch", "words")),
    ]);
    for (const expected of [
      { batch: 1000, words: 1024 },
      { batch: 1_000_000, words: 64 },
    ])
      expect(resultOf(fuseGemm, graph, { expected })).toContain("Gemm(x, y, transA)");
  });

  test("computes a large transposed one-hot by comparison", () => {
    const graph = graphOf((b, float, typed) => {
      const oneHot = b.oneHot(typed("int32")("ids", "batch"), 3);
      return [b.gemm(oneHot, float("g", "batch", 4), float("c", 4), true)];
    });
    expect(changes(fuseGemm, graph, { expected: { batch: 50_000 } })).toMatchInlineSnapshot(`
      "
      -  onehot: f32[batch, 3] = OneHot(ids, depth=3)
      -  gemm: f32[3, 4] = Gemm(onehot, g, c, transA)
      +  unsqueeze: i32[1, batch] = Unsqueeze(ids, axes=[0])
      +  cast: i64[1, batch] = Cast(unsqueeze)
      +  range: i64[3] = Range(limit=3)
      +  unsqueeze.1: i64[3, 1] = Unsqueeze(range, axes=[1])
      +  equal: bool[3, batch] = Equal(unsqueeze.1, cast)
      +  cast.1: f32[3, batch] = Cast(equal)
      +  gemm: f32[3, 4] = Gemm(cast.1, g, c)
         output gemm
      "
    `);
    expectUntouched(fuseGemm, graph, { expected: { batch: 50 } });
  });

  test("fuses an addend that broadcasts to the product, on either side", () => {
    const graph = graphOf((b, float) => {
      const [x, y] = [float("x", "batch", 2), float("y", 2, 3)];
      return [
        b.add(b.matmul(x, y), float("row", 3)),
        b.add(float("column", "batch", 1), b.matmul(x, y)),
        b.add(b.matmul(x, y), 1),
        b.add(b.matmul(x, b.transpose(float("z", 3, 2), [1, 0])), float("whole", "batch", 3)),
      ];
    });
    expect(changes(fuseGemm, graph)).toMatchInlineSnapshot(`
      "
      -  matmul: f32[batch, 3] = MatMul(x, y)
      -  add: f32[batch, 3] = Add(matmul, row)
      -  matmul.1: f32[batch, 3] = MatMul(x, y)
      -  add.1: f32[batch, 3] = Add(column, matmul.1)
      -  matmul.2: f32[batch, 3] = MatMul(x, y)
      -  add.2: f32[batch, 3] = Add(matmul.2, 1.0)
      -  transpose: f32[2, 3] = Transpose(z, perm=[1, 0])
      -  matmul.3: f32[batch, 3] = MatMul(x, transpose)
      -  add.3: f32[batch, 3] = Add(matmul.3, whole)
      -  output add
      -  output add.1
      -  output add.2
      -  output add.3
      +  gemm: f32[batch, 3] = Gemm(x, y, row)
      +  gemm.1: f32[batch, 3] = Gemm(x, y, column)
      +  gemm.2: f32[batch, 3] = Gemm(x, y, 1.0)
      +  gemm.3: f32[batch, 3] = Gemm(x, z, whole, transB)
      +  output gemm
      +  output gemm.1
      +  output gemm.2
      +  output gemm.3
      "
    `);
  });

  test("chains the products of a sum", () => {
    const graph = graphOf((b, float) => {
      const product = (name: string) => b.matmul(float(`${name}0`, "batch", 2), float(`${name}1`, 2, 3));
      const [c, d] = [float("c", "batch", 3), float("d", 3)];
      return [b.add(b.add(b.add(product("x"), product("y")), c), d)];
    });
    expect(changes(fuseGemm, graph)).toMatchInlineSnapshot(`
      "
      -  matmul: f32[batch, 3] = MatMul(x0, x1)
      -  matmul.1: f32[batch, 3] = MatMul(y0, y1)
      -  add: f32[batch, 3] = Add(matmul, matmul.1)
      -  add.1: f32[batch, 3] = Add(add, c)
      -  add.2: f32[batch, 3] = Add(add.1, d)
      -  output add.2
      +  gemm: f32[batch, 3] = Gemm(y0, y1, c)
      +  gemm.1: f32[batch, 3] = Gemm(x0, x1, gemm)
      +  add: f32[batch, 3] = Add(gemm.1, d)
      +  output add
      "
    `);
  });

  test("keeps an addend that does not broadcast to the product, and a product with another reader", () => {
    expectUntouched(
      fuseGemm,
      graphOf((b, float) => {
        const [x, y] = [float("x", 1, 2), float("y", 2, 3)];
        const retained = b.matmul(x, y);
        return [
          b.add(b.matmul(x, y), float("wide", 4, 3)),
          b.add(b.matmul(x, y), float("deep", 5, 1, 3)),
          retained,
          b.neg(b.add(retained, 1)),
        ];
      }),
    );
  });

  test("keeps a Gemm with an addend, operands of a higher rank, and other permutations", () => {
    expectUntouched(
      fuseGemm,
      graphOf((b, float) => {
        const [x, y, c] = [float("x", 3, 2), float("y", 2, 3), float("c", 3)];
        const cube = float("deep", 4, 3, 2);
        return [
          b.add(b.gemm(x, y, c), c),
          b.add(b.matmul(cube, y), c),
          b.matmul(b.transpose(cube, [0, 2, 1]), x),
          b.matmul(b.transpose(x, [0, 1]), y),
          b.sub(b.matmul(x, y), c),
          b.add(b.matmul(cube, float("column", 2, 1)), c),
        ];
      }),
    );
  });

  test("applies in loop bodies", () => {
    const graph = graphOf((b, float) => {
      const u = float("U", 2, 2);
      return loop(
        b,
        [float("h", "batch", 2)],
        [float("xs", "time", "batch", 2)],
        ({ add, matmul, tanh, transpose }, [h], [x]) => [[tanh(add(matmul(h, transpose(u, [1, 0])), x))], []],
      );
    });
    expect(changes(fuseGemm, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[batch, 2] = Scan(length=time)
           state h.1: f32[batch, 2] = h
           slice xs.1: f32[batch, 2] = xs
           capture U
      -    transpose: f32[2, 2] = Transpose(U, perm=[1, 0])
      -    matmul: f32[batch, 2] = MatMul(h.1, transpose)
      -    add: f32[batch, 2] = Add(matmul, xs.1)
      -    tanh: f32[batch, 2] = Tanh(add)
      +    gemm: f32[batch, 2] = Gemm(h.1, U, xs.1, transB)
      +    tanh: f32[batch, 2] = Tanh(gemm)
           next h.1 = tanh
         output scan
      "
    `);
  });
});
