/** Reassociation of sums and products: state-independent terms form one subexpression. */
import { describe, expect, test } from "vitest";
import type { Builder } from "../../../../compiler/ir/builder.js";
import type { Graph, Value } from "../../../../compiler/ir/types.js";
import { reassociate } from "../../../../compiler/optimize/loops/reassociate.js";
import { changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

/** A loop with one state h, slices x and y, and a captured c. */
const cell = (
  step: (b: Builder, h: Value, x: Value, y: Value, c: Value) => readonly [Value, ...Value[]],
  reverse = false,
): Graph =>
  graphOf((b, float) => {
    const c = float("c", 2);
    return loop(
      b,
      [float("h", 2)],
      [float("xs", "time", 2), float("ys", "time", 2)],
      (inner, [h], [x, y]) => {
        const [next, ...stacked] = step(inner, h, x, y, c);
        return [[next], stacked];
      },
      reverse,
    );
  });

describe("reassociate", () => {
  test("groups the state-independent terms of a sum", () => {
    const graph = cell(({ add, tanh }, h, x, y, c) => [tanh(add(add(x, tanh(h)), add(y, c)))]);
    expect(changes(reassociate, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[2] = Scan(length=time)
           state h.1: f32[2] = h
           slice xs.1: f32[2] = xs
           slice ys.1: f32[2] = ys
           capture c
           tanh: f32[2] = Tanh(h.1)
      -    add: f32[2] = Add(xs.1, tanh)
      -    add.1: f32[2] = Add(ys.1, c)
      -    add.2: f32[2] = Add(add, add.1)
      +    add: f32[2] = Add(xs.1, ys.1)
      +    add.1: f32[2] = Add(add, c)
      +    add.2: f32[2] = Add(tanh, add.1)
           tanh.1: f32[2] = Tanh(add.2)
           next h.1 = tanh.1
         output scan
      "
    `);
  });

  test("groups the state-independent factors of a product, also in reverse loops", () => {
    const graph = cell(({ mul }, h, x, y) => [mul(mul(mul(h, x), h), y)], true);
    expect(changes(reassociate, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[2] = Scan(length=time, reverse)
           state h.1: f32[2] = h
           slice xs.1: f32[2] = xs
           slice ys.1: f32[2] = ys
      -    mul: f32[2] = Mul(h.1, xs.1)
      -    mul.1: f32[2] = Mul(mul, h.1)
      -    mul.2: f32[2] = Mul(mul.1, ys.1)
      +    mul: f32[2] = Mul(xs.1, ys.1)
      +    mul.1: f32[2] = Mul(h.1, h.1)
      +    mul.2: f32[2] = Mul(mul.1, mul)
           next h.1 = mul.2
         output scan
      "
    `);
  });

  test("keeps the signs of a chain's terms", () => {
    const graph = cell(({ sub, neg, tanh }, h, x, y, c) => [
      sub(sub(x, tanh(h)), y),
      sub(sub(tanh(neg(h)), x), y),
      sub(x, sub(tanh(h), sub(y, h))),
      sub(sub(sub(c, x), tanh(h)), sub(h, y)),
    ]);
    expect(changes(reassociate, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[2], scan.1: f32[time, 2], scan.2: f32[time, 2], scan.3: f32[time, 2] = Scan(length=time)
           state h.1: f32[2] = h
           slice xs.1: f32[2] = xs
           slice ys.1: f32[2] = ys
           capture c
           tanh: f32[2] = Tanh(h.1)
      -    sub: f32[2] = Sub(xs.1, tanh)
      -    sub.1: f32[2] = Sub(sub, ys.1)
      +    sub: f32[2] = Sub(xs.1, ys.1)
      +    sub.1: f32[2] = Sub(sub, tanh)
           neg: f32[2] = Neg(h.1)
           tanh.1: f32[2] = Tanh(neg)
      -    sub.2: f32[2] = Sub(tanh.1, xs.1)
      -    sub.3: f32[2] = Sub(sub.2, ys.1)
      +    add: f32[2] = Add(xs.1, ys.1)
      +    sub.2: f32[2] = Sub(tanh.1, add)
           tanh.2: f32[2] = Tanh(h.1)
      -    sub.4: f32[2] = Sub(ys.1, h.1)
      -    sub.5: f32[2] = Sub(tanh.2, sub.4)
      -    sub.6: f32[2] = Sub(xs.1, sub.5)
      -    sub.7: f32[2] = Sub(c, xs.1)
      +    add.1: f32[2] = Add(xs.1, ys.1)
      +    add.2: f32[2] = Add(tanh.2, h.1)
      +    sub.3: f32[2] = Sub(add.1, add.2)
           tanh.3: f32[2] = Tanh(h.1)
      -    sub.8: f32[2] = Sub(sub.7, tanh.3)
      -    sub.9: f32[2] = Sub(h.1, ys.1)
      -    sub.10: f32[2] = Sub(sub.8, sub.9)
      +    sub.4: f32[2] = Sub(c, xs.1)
      +    add.3: f32[2] = Add(sub.4, ys.1)
      +    add.4: f32[2] = Add(tanh.3, h.1)
      +    sub.5: f32[2] = Sub(add.3, add.4)
           next h.1 = sub.1
      -    stack scan.1 = sub.3
      -    stack scan.2 = sub.6
      -    stack scan.3 = sub.10
      +    stack scan.1 = sub.2
      +    stack scan.2 = sub.3
      +    stack scan.3 = sub.5
         output scan
         output scan.1
         output scan.2
         output scan.3
      "
    `);
  });

  test("preserves the shape of a sum of broadcast terms", () => {
    const graph = graphOf((b, float) => {
      const [c, d] = [float("c"), float("d", 3)];
      return loop(b, [float("h", 2, 3)], [float("xs", "time", 2, 1)], ({ add }, [h], [x]) => [
        [add(add(add(c, h), x), d)],
        [],
      ]);
    });
    expect(changes(reassociate, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[2, 3] = Scan(length=time)
           state h.1: f32[2, 3] = h
           slice xs.1: f32[2, 1] = xs
           capture c, d
      -    add: f32[2, 3] = Add(c, h.1)
      -    add.1: f32[2, 3] = Add(add, xs.1)
      -    add.2: f32[2, 3] = Add(add.1, d)
      +    add: f32[2, 1] = Add(c, xs.1)
      +    add.1: f32[2, 3] = Add(add, d)
      +    add.2: f32[2, 3] = Add(h.1, add.1)
           next h.1 = add.2
         output scan
      "
    `);
  });

  test("groups integers too", () => {
    const graph = graphOf((b, _, typed) =>
      loop(b, [typed("int64")("n")], [typed("int64")("xs", "time")], ({ add }, [n], [x]) => [
        [add(add(x, n), add(x, 1))],
        [],
      ]),
    );
    expect(changes(reassociate, graph)).toMatchInlineSnapshot(`
      "
         scan: i64 = Scan(length=time)
           state n.1: i64 = n
           slice xs.1: i64 = xs
      -    add: i64 = Add(xs.1, n.1)
      -    add.1: i64 = Add(xs.1, 1)
      -    add.2: i64 = Add(add, add.1)
      +    add: i64 = Add(xs.1, xs.1)
      +    add.1: i64 = Add(add, 1)
      +    add.2: i64 = Add(n.1, add.1)
           next n.1 = add.2
         output scan
      "
    `);
  });

  test("keeps chains whose inner node has another reader or is an output", () => {
    expectUntouched(
      reassociate,
      cell(({ add, mul, tanh }, h, x, y) => {
        const residual = add(x, tanh(h));
        return [mul(add(residual, y), residual)];
      }),
    );
    expectUntouched(
      reassociate,
      cell(({ add, tanh }, h, x, y) => {
        const residual = add(x, tanh(h));
        return [add(residual, y), residual];
      }),
    );
  });

  test("keeps chains with one state-independent term, with only such terms, and chains of two kinds", () => {
    expectUntouched(
      reassociate,
      cell(({ add, mul, tanh, div }, h, x, y, c) => [
        add(add(tanh(h), x), h),
        add(add(x, y), c),
        add(mul(add(x, h), y), c),
        div(div(h, x), y),
      ]),
    );
  });

  test("treats a nested loop by its own state", () => {
    const graph = graphOf((b, float) =>
      loop(b, [float("h")], [float("xs", "time", 2)], (outer, [p], [row]) => [
        loop(outer, [p], [row], ({ add, tanh }, [q], [x]) => [[tanh(add(add(x, q), p))], []]),
        [],
      ]),
    );
    expect(changes(reassociate, graph)).toMatchInlineSnapshot(`
      "
         scan: f32 = Scan(length=time)
           state h.1: f32 = h
           slice xs.1: f32[2] = xs
           scan.1: f32 = Scan(length=2)
             state h.2: f32 = h.1
             slice xs.2: f32 = xs.1
             capture h.1
      -      add: f32 = Add(xs.2, h.2)
      -      add.1: f32 = Add(add, h.1)
      +      add: f32 = Add(xs.2, h.1)
      +      add.1: f32 = Add(h.2, add)
             tanh: f32 = Tanh(add.1)
             next h.2 = tanh
           next h.1 = scan.1
         output scan
      "
    `);
  });
});
