/** Additions hoisted through Split. */
import { describe, expect, test } from "vitest";
import type { Builder } from "../../../../compiler/ir/builder.js";
import type { Graph, Value } from "../../../../compiler/ir/types.js";
import { addBeforeSplit } from "../../../../compiler/optimize/loops/add-before-split.js";
import { changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

type Gates = (b: Builder, parts: readonly [Value, Value, Value], x: Value, y: Value) => Value;

/** h' is a function of the three outputs of split(h @ U) and of the slices x and y. */
const cell = (gates: Gates, sizes: readonly number[] = [2, 2, 2]): Graph =>
  graphOf((b, float) => {
    const u = float("U", 2, 6);
    return loop(
      b,
      [float("h", "batch", 2)],
      [float("xs", "time", "batch", 2), float("ys", "time", "batch", 2)],
      (inner, [h], [x, y]) => {
        const [p = h, q = h, r = h] = inner.split(inner.matmul(h, u), sizes, 1);
        return [[gates(inner, [p, q, r], x, y)], []];
      },
    );
  });

describe("add-before-split", () => {
  test("adds terms before the split, and zeros for outputs without a term", () => {
    const graph = cell(({ add, mul, sigmoid }, [p, q, r], x, y) => mul(mul(sigmoid(add(x, p)), add(q, y)), r));
    expect(changes(addBeforeSplit, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[batch, 2] = Scan(length=time)
           state h.1: f32[batch, 2] = h
           slice xs.1: f32[batch, 2] = xs
           slice ys.1: f32[batch, 2] = ys
           capture U
           matmul: f32[batch, 6] = MatMul(h.1, U)
      -    split: f32[batch, 2], split.1: f32[batch, 2], split.2: f32[batch, 2] = Split(matmul, axis=1, sizes=[2, 2, 2])
      -    add: f32[batch, 2] = Add(xs.1, split)
      -    sigmoid: f32[batch, 2] = Sigmoid(add)
      -    add.1: f32[batch, 2] = Add(split.1, ys.1)
      -    mul: f32[batch, 2] = Mul(sigmoid, add.1)
      +    expand: f32[batch, 2] = Expand(xs.1)
      +    expand.1: f32[batch, 2] = Expand(ys.1)
      +    expand.2: f32[batch, 2] = Expand(0.0)
      +    concat: f32[batch, 6] = Concat(expand, expand.1, expand.2, axis=1)
      +    add: f32[batch, 6] = Add(matmul, concat)
      +    split: f32[batch, 2], split.1: f32[batch, 2], split.2: f32[batch, 2] = Split(add, axis=1, sizes=[2, 2, 2])
      +    sigmoid: f32[batch, 2] = Sigmoid(split)
      +    mul: f32[batch, 2] = Mul(sigmoid, split.1)
           mul.1: f32[batch, 2] = Mul(mul, split.2)
           next h.1 = mul.1
         output scan
      "
    `);
  });

  test("matches terms that the body computes later, and broadcast ones", () => {
    const graph = graphOf((b, float) => {
      const [c, d, u] = [float("c", 2), float("d"), float("U", 2, 4)];
      return loop(b, [float("h", "batch", 2)], [float("xs", "time", "batch", 2)], (inner, [h], [x]) => {
        const [p = h, q = h] = inner.split(inner.matmul(h, u), [2, 2], 1);
        return [[inner.mul(inner.add(p, inner.mul(x, c)), inner.add(q, inner.neg(d)))], []];
      });
    });
    expect(changes(addBeforeSplit, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[batch, 2] = Scan(length=time)
           state h.1: f32[batch, 2] = h
           slice xs.1: f32[batch, 2] = xs
           capture U, c, d
      -    matmul: f32[batch, 4] = MatMul(h.1, U)
      -    split: f32[batch, 2], split.1: f32[batch, 2] = Split(matmul, axis=1, sizes=[2, 2])
           mul: f32[batch, 2] = Mul(xs.1, c)
      -    add: f32[batch, 2] = Add(split, mul)
           neg: f32 = Neg(d)
      -    add.1: f32[batch, 2] = Add(split.1, neg)
      -    mul.1: f32[batch, 2] = Mul(add, add.1)
      +    matmul: f32[batch, 4] = MatMul(h.1, U)
      +    expand: f32[batch, 2] = Expand(mul)
      +    expand.1: f32[batch, 2] = Expand(neg)
      +    concat: f32[batch, 4] = Concat(expand, expand.1, axis=1)
      +    add: f32[batch, 4] = Add(matmul, concat)
      +    split: f32[batch, 2], split.1: f32[batch, 2] = Split(add, axis=1, sizes=[2, 2])
      +    mul.1: f32[batch, 2] = Mul(split, split.1)
           next h.1 = mul.1
         output scan
      "
    `);
  });

  test("keeps outputs with another reader, or with a state-dependent term", () => {
    expectUntouched(
      addBeforeSplit,
      cell(({ add, mul }, [p, q, r], x, y) => mul(add(p, x), mul(add(q, y), mul(p, r)))),
    );
    expectUntouched(
      addBeforeSplit,
      cell(({ add, mul }, [p, q, r], x) => mul(add(p, x), add(q, r))),
    );
  });

  test("ignores dead additions", () => {
    expectUntouched(
      addBeforeSplit,
      cell(({ add, mul }, [p, q, r], x, y) => {
        add(p, x);
        return mul(mul(p, add(q, y)), r);
      }),
    );
    expectUntouched(
      addBeforeSplit,
      cell(({ add, mul }, [p, q, r], x, y) => {
        add(p, x);
        add(q, y);
        return mul(mul(p, q), r);
      }),
    );
  });

  test("keeps a split whose outputs mostly have no term", () => {
    const wideGates: Gates = ({ add, concat, slice, sum, mul }, [p, q, r], x, y) =>
      mul(x, sum(concat([add(p, slice(x, 1, 0, 1)), add(q, slice(y, 1, 0, 1)), r], 1), [1], true));
    expectUntouched(addBeforeSplit, cell(wideGates, [1, 1, 4]));
    expect(changes(addBeforeSplit, cell(wideGates, [1, 1, 4]))).not.toContain("Expand");
  });

  test("keeps a term that broadcasts its output, and a state-independent split", () => {
    expectUntouched(
      addBeforeSplit,
      cell(({ add, mul, sum }, [p, q, r], x) => {
        const wideGates = add(sum(p, [1], true), x);
        return mul(mul(wideGates, add(sum(q, [1], true), x)), r);
      }),
    );
    expectUntouched(
      addBeforeSplit,
      cell(({ add, mul, sum }, [p, q, r], x, y) => mul(mul(add(p, x), add(q, y)), sum(r, [1], true)), [1, 1, 4]),
    );
    expectUntouched(
      addBeforeSplit,
      graphOf((b, float) =>
        loop(b, [float("h", 2)], [float("xs", "time", 4)], (inner, [h], [x]) => {
          const [p = h, q = h] = inner.split(x, [2, 2], 0);
          return [[inner.mul(h, inner.mul(inner.add(p, 1), inner.add(q, 2)))], []];
        }),
      ),
    );
  });
});
