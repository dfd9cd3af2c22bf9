/** Algebraic simplification. */
import { describe, expect, test } from "vitest";
import { simplify } from "../../../../../compiler/optimize/canonicalize/simplify/index.js";
import { CLASSES, changes, expectUntouched, graphOf, loop, resultOf } from "../../../../support/before-after.js";

describe("simplify", () => {
  test("removes identities", () => {
    const graph = graphOf((b, float) => {
      const x = float("x", 2, 3);
      const zeros = b.expand(0, [2, 3]);
      return [b.add(x, 0), b.add(zeros, x), b.sub(x, zeros), b.mul(x, 1), b.mul(1, x), b.div(x, 1), b.identity(x)];
    });
    expect(resultOf(simplify, graph)).toMatchInlineSnapshot(`
      "
        output x
        output x
        output x
        output x
        output x
        output x
        output x
      "
    `);
  });

  test("writes 0 - x and -1 * x as -x", () => {
    const graph = graphOf((b, float) => {
      const x = float("x", 2);
      return [b.sub(0, x), b.mul(x, -1), b.mul(-1, x), b.neg(b.neg(x))];
    });
    expect(resultOf(simplify, graph)).toMatchInlineSnapshot(`
      "
        neg: f32[2] = Neg(x)
        neg.1: f32[2] = Neg(x)
        neg.2: f32[2] = Neg(x)
        output neg
        output neg.1
        output neg.2
        output x
      "
    `);
  });

  test("multiplies scalar factors before the tensor", () => {
    const graph = graphOf((b, float) => [b.mul(b.mul(float("x", 2, 3), float("s")), float("t"))]);
    expect(resultOf(simplify, graph)).toMatchInlineSnapshot(`
      "
        mul: f32 = Mul(s, t)
        mul.1: f32[2, 3] = Mul(x, mul)
        output mul.1
      "
    `);
  });

  test("applies to integers", () => {
    const graph = graphOf((b, _, typed) => {
      const n = typed("int64")("n", 3);
      return [b.mul(b.add(n, 0), 1), b.sub(0, n)];
    });
    expect(resultOf(simplify, graph)).toMatchInlineSnapshot(`
      "
        neg: i64[3] = Neg(n)
        output n
        output neg
      "
    `);
  });

  test("keeps an identity that broadcasts its operand", () => {
    expectUntouched(
      simplify,
      graphOf((b, float) => {
        const x = float("x", 3);
        return [b.add(x, b.expand(0, [2, 3])), b.mul(b.expand(1, [2, 3]), x), b.sub(b.expand(0, [2, 1]), x)];
      }),
    );
  });

  test("keeps 0 * x, which is NaN for an infinite x, and near identities", () => {
    expectUntouched(
      simplify,
      graphOf((b, float) => {
        const x = float("x", 3);
        return [b.mul(x, 0), b.sub(1, x), b.div(1, x), b.max(x, 0)];
      }),
    );
  });

  test("moves negations outward, into sums", () => {
    const graph = graphOf((b, float) => {
      const [x, y] = [float("x", 2), float("y", 2)];
      return [
        b.add(x, b.neg(y)),
        b.add(b.neg(x), y),
        b.sub(x, b.neg(y)),
        b.mul(b.neg(x), y),
        b.add(x, b.mul(y, b.neg(b.mul(-1, b.neg(x))))),
      ];
    });
    expect(resultOf(simplify, graph)).toMatchInlineSnapshot(`
      "
        sub: f32[2] = Sub(x, y)
        sub.1: f32[2] = Sub(y, x)
        add: f32[2] = Add(x, y)
        mul: f32[2] = Mul(x, y)
        neg: f32[2] = Neg(mul)
        mul.1: f32[2] = Mul(y, x)
        sub.2: f32[2] = Sub(x, mul.1)
        output sub
        output sub.1
        output add
        output neg
        output sub.2
      "
    `);
  });

  test("removes an Expand whose reader broadcasts", () => {
    const graph = graphOf((b, float, typed) => {
      const [x, y] = [float("x", 2, 3), float("y", 3)];
      const valid = typed("bool")("live", 2, 1);
      return [b.mul(x, b.expand(y, [2, 3])), b.where(b.expand(valid, [2, 3]), x, b.expand(0, [2, 3]))];
    });
    expect(resultOf(simplify, graph)).toMatchInlineSnapshot(`
      "
        mul: f32[2, 3] = Mul(x, y)
        where: f32[2, 3] = Where(live, x, 0.0)
        output mul
        output where
      "
    `);
  });

  test("keeps an Expand that determines the shape of the result, or has no broadcasting reader", () => {
    expectUntouched(
      simplify,
      graphOf((b, float) => {
        const [x, y] = [float("x", 3), float("y", 1, 3)];
        return [b.mul(x, b.expand(y, [2, 3])), b.tanh(b.expand(x, [2, 3]))];
      }),
    );
  });

  test("merges sums over several axes", () => {
    const graph = graphOf((b, float) => {
      const x = float("x", 2, 3, 4);
      return [
        b.sum(b.sum(x, [1]), [1]),
        b.sum(b.sum(x, [2], true), [0], true),
        b.sum(b.sum(x, [0]), [0]),
        b.sum(float("y", 1, 5), [0]),
        b.sum(float("z", 1, 5), [0], true),
        b.sum(x, []),
      ];
    });
    expect(changes(simplify, graph)).toMatchInlineSnapshot(`
      "
      -  reducesum: f32[2, 4] = ReduceSum(x, axes=[1])
      -  reducesum.1: f32[2] = ReduceSum(reducesum, axes=[1])
      -  reducesum.2: f32[2, 3, 1] = ReduceSum(x, axes=[2], keep)
      -  reducesum.3: f32[1, 3, 1] = ReduceSum(reducesum.2, axes=[0], keep)
      -  reducesum.4: f32[3, 4] = ReduceSum(x, axes=[0])
      -  reducesum.5: f32[4] = ReduceSum(reducesum.4, axes=[0])
      -  reducesum.6: f32[5] = ReduceSum(y, axes=[0])
      -  reducesum.7: f32[1, 5] = ReduceSum(z, axes=[0], keep)
      -  reducesum.8: f32[2, 3, 4] = ReduceSum(x, axes=[])
      +  reducesum: f32[2] = ReduceSum(x, axes=[1, 2])
      +  reducesum.1: f32[1, 3, 1] = ReduceSum(x, axes=[0, 2], keep)
      +  reducesum.2: f32[4] = ReduceSum(x, axes=[0, 1])
      +  squeeze: f32[5] = Squeeze(y, axes=[0])
      +  output reducesum
         output reducesum.1
      -  output reducesum.3
      -  output reducesum.5
      -  output reducesum.6
      -  output reducesum.7
      -  output reducesum.8
      +  output reducesum.2
      +  output squeeze
      +  output z
      +  output x
      "
    `);
  });

  test("a sum absorbs a Squeeze", () => {
    const graph = graphOf((b, float) => [b.sum(b.squeeze(float("x", 2, 1, 3, 1), [1, 3]), [1])]);
    expect(resultOf(simplify, graph)).toContain("reducesum: f32[2] = ReduceSum(x, axes=[1, 2, 3])");
  });

  test("keeps nested sums of which one keeps its axes", () => {
    expectUntouched(
      simplify,
      graphOf((b, float) => [b.sum(b.sum(float("x", 2, 3), [1], true), [0])]),
    );
  });

  test("sums a one-hot row to 1", () => {
    const graph = graphOf((b, float, typed) => {
      const rows = b.oneHot(typed("int64")("ids", 2), CLASSES);
      return [b.sum(b.mul(rows, float("g", 2, 1)), [1], true), b.sum(b.mul(float("k", 2, 1), rows), [1], true)];
    });
    expect(changes(simplify, graph)).toMatchInlineSnapshot(`
      "
      -  onehot: f32[2, 3] = OneHot(ids, depth=3)
      -  mul: f32[2, 3] = Mul(onehot, g)
      -  reducesum: f32[2, 1] = ReduceSum(mul, axes=[1], keep)
      -  mul.1: f32[2, 3] = Mul(k, onehot)
      -  reducesum.1: f32[2, 1] = ReduceSum(mul.1, axes=[1], keep)
      -  output reducesum
      -  output reducesum.1
      +  output g
      +  output k
      "
    `);
  });

  test("keeps sums of one-hot rows with varying weights, over other axes, or without the axis", () => {
    expectUntouched(
      simplify,
      graphOf((b, float, typed) => {
        const rows = b.oneHot(typed("int64")("ids", 2), CLASSES);
        const g = float("g", 2, 1);
        return [
          b.sum(b.mul(rows, float("w", 2, CLASSES)), [1], true),
          b.sum(b.mul(rows, g), [0], true),
          b.sum(b.mul(rows, g), [1]),
        ];
      }),
    );
  });

  test("moves Neg and Unsqueeze into an expanded scalar, and Neg out of sums", () => {
    const graph = graphOf((b, float) => {
      const [k, x] = [float("k", 1, 1), float("x", "batch", 3, 2)];
      const expanded = b.unsqueeze(b.neg(b.expand(k, ["batch", 3])), [2]);
      return [b.mul(x, expanded), b.sum(b.neg(x), [1])];
    });
    expect(resultOf(simplify, graph)).toMatchInlineSnapshot(`
      "
        mul: f32[batch, 3, 2] = Mul(x, k)
        neg: f32[batch, 3, 2] = Neg(mul)
        reducesum: f32[batch, 2] = ReduceSum(x, axes=[1])
        neg.1: f32[batch, 2] = Neg(reducesum)
        output neg
        output neg.1
      "
    `);
  });

  test("extracts a common scalar factor of a sum", () => {
    const graph = graphOf((b, float) => {
      const [k, x, y] = [float("k", 1), float("x", "batch", 3), float("y", "batch", 3)];
      return [b.sub(b.mul(x, k), b.mul(k, y)), b.add(b.mul(x, y), b.mul(y, y))];
    });
    expect(resultOf(simplify, graph)).toMatchInlineSnapshot(`
      "
        sub: f32[batch, 3] = Sub(x, y)
        mul: f32[batch, 3] = Mul(sub, k)
        mul.1: f32[batch, 3] = Mul(x, y)
        mul.2: f32[batch, 3] = Mul(y, y)
        add: f32[batch, 3] = Add(mul.1, mul.2)
        output mul
        output add
      "
    `);
  });

  test("takes the size of an operand with as many elements", () => {
    const graph = graphOf((b, float, typed) => {
      const picked = b.gatherElements(float("x", "batch", 5), typed("int64")("ids", "batch", 1), 1);
      return [b.size(b.neg(b.squeeze(picked, [1])))];
    });
    expect(resultOf(simplify, graph)).toMatchInlineSnapshot(`
      "
        size: i64 = Size(ids)
        output size
      "
    `);
  });

  test("applies in loop bodies, and to the results of other rules", () => {
    const graph = graphOf((b, float) =>
      loop(b, [float("h", 2)], [float("xs", "time", 2)], (inner, [h], [x]) => [
        [inner.add(inner.mul(h, 1), inner.mul(x, inner.neg(inner.add(h, 0))))],
        [],
      ]),
    );
    expect(changes(simplify, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[2] = Scan(length=time)
           state h.1: f32[2] = h
           slice xs.1: f32[2] = xs
      -    mul: f32[2] = Mul(h.1, 1.0)
      -    add: f32[2] = Add(h.1, 0.0)
      -    neg: f32[2] = Neg(add)
      -    mul.1: f32[2] = Mul(xs.1, neg)
      -    add.1: f32[2] = Add(mul, mul.1)
      -    next h.1 = add.1
      +    mul: f32[2] = Mul(xs.1, h.1)
      +    sub: f32[2] = Sub(h.1, mul)
      +    next h.1 = sub
         output scan
      "
    `);
  });

  test("allows inputs as outputs, also twice", () => {
    const graph = graphOf((b, float) => {
      const x = float("x", 2);
      const identity = b.identity(x);
      return [identity, identity, x, b.neg(b.neg(identity))];
    });
    expect(resultOf(simplify, graph)).toMatchInlineSnapshot(`
      "
        output x
        output x
        output x
        output x
      "
    `);
  });
});
