/** Constant folding. */
import { describe, expect, test } from "vitest";
import { tensor } from "../../../../compiler/ir/tensor.js";
import { constantFold } from "../../../../compiler/optimize/canonicalize/constant-fold.js";
import { changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

describe("constant-fold", () => {
  test("evaluates operations on constants", () => {
    const graph = graphOf((b, float) => [b.mul(float("x", 2), b.add(b.mul(b.scalar(2), b.scalar(3)), 1))]);
    expect(changes(constantFold, graph)).toMatchInlineSnapshot(`
      "
      -  mul: f32 = Mul(2.0, 3.0)
      -  add: f32 = Add(mul, 1.0)
      -  mul.1: f32[2] = Mul(x, add)
      -  output mul.1
      +  mul: f32[2] = Mul(x, 7.0)
      +  output mul
      "
    `);
  });

  test("evaluates movement of constants of every dtype", () => {
    const graph = graphOf((b, float) => {
      const matrix = b.constant(tensor("float32", [2, 3], [1, 2, 3, 4, 5, 6]));
      const flags = b.not(b.constant(tensor("bool", [3], [1, 0, 1])));
      return [b.where(flags, b.matmul(float("x", 2, 2), matrix), 0), b.transpose(matrix, [1, 0])];
    });
    expect(changes(constantFold, graph)).toMatchInlineSnapshot(`
      "
         constant: f32[2, 3] = Constant([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
      -  constant.1: bool[3] = Constant([true, false, true])
      -  not: bool[3] = Not(constant.1)
      +  constant.1: bool[3] = Constant([false, true, false])
         matmul: f32[2, 3] = MatMul(x, constant)
      -  where: f32[2, 3] = Where(not, matmul, 0.0)
      -  transpose: f32[3, 2] = Transpose(constant, perm=[1, 0])
      +  where: f32[2, 3] = Where(constant.1, matmul, 0.0)
      +  constant.2: f32[3, 2] = Constant([1.0, 4.0, 2.0, 5.0, 3.0, 6.0])
         output where
      -  output transpose
      +  output constant.2
      "
    `);
  });

  test("evaluates the size of a static shape", () => {
    const graph = graphOf((b, float) => [b.size(float("x", 2, 3)), b.size(float("y", "batch", 3))]);
    expect(changes(constantFold, graph)).toMatchInlineSnapshot(`
      "
      -  size: i64 = Size(x)
      -  size.1: i64 = Size(y)
      +  size: i64 = Size(y)
      +  output 6
         output size
      -  output size.1
      "
    `);
  });

  test("applies in loop bodies", () => {
    const graph = graphOf((b, float) =>
      loop(b, [float("h")], [float("xs", "time")], (inner, [h], [x]) => [
        [inner.mul(inner.add(h, x), inner.neg(inner.scalar(0.5)))],
        [],
      ]),
    );
    expect(changes(constantFold, graph)).toMatchInlineSnapshot(`
      "
         scan: f32 = Scan(length=time)
           state h.1: f32 = h
           slice xs.1: f32 = xs
           add: f32 = Add(h.1, xs.1)
      -    neg: f32 = Neg(0.5)
      -    mul: f32 = Mul(add, neg)
      +    mul: f32 = Mul(add, -0.5)
           next h.1 = mul
         output scan
      "
    `);
  });

  test("keeps symbolic shapes, slices at symbolic positions, and large results", () => {
    const ten = tensor(
      "float32",
      [10],
      Array.from({ length: 10 }, (_, i) => i),
    );
    expectUntouched(
      constantFold,
      graphOf((b, float) => [b.add(float("x", "batch"), b.expand(0, ["batch"])), b.expand(0, [1025])]),
    );
    expectUntouched(
      constantFold,
      graphOf((b, float) => [b.mul(float("x", "batch"), 2), b.slice(b.constant(ten), 0, "batch", 9)]),
    );
    expectUntouched(
      constantFold,
      graphOf((b, float) => [float("x", "batch"), b.slice(b.constant(ten), 0, "batch", "batch+2")]),
    );
  });
});
