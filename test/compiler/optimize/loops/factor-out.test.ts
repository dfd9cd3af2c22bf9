/** Extraction of a common state-dependent factor. */
import { describe, expect, test } from "vitest";
import type { Builder } from "../../../../compiler/ir/builder.js";
import type { Graph, Value } from "../../../../compiler/ir/types.js";
import { factorOut } from "../../../../compiler/optimize/loops/factor-out.js";
import { changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

type Step = (b: Builder, s: Value, t: Value, x: Value, y: Value) => readonly Value[];

/**
 * A loop with states s and t and slices x and y. The results of a step are scan outputs, and their sum the next states.
 */
const cell = (step: Step): Graph =>
  graphOf((b, float) =>
    loop(
      b,
      [float("s", 2), float("t", 2)],
      [float("xs", "time", 2), float("ys", "time", 2)],
      (inner, [s, t], [x, y]) => [[inner.tanh(t), inner.tanh(s)], step(inner, s, t, x, y)],
    ),
  );

describe("factor-out", () => {
  test("extracts a common factor of sums and differences", () => {
    const graph = cell(({ add, sub, mul }, s, t, x, y) => [add(mul(s, x), mul(s, y)), sub(mul(x, t), mul(t, y))]);
    expect(changes(factorOut, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[2], scan.1: f32[2], scan.2: f32[time, 2], scan.3: f32[time, 2] = Scan(length=time)
           state s.1: f32[2] = s
           state t.1: f32[2] = t
           slice xs.1: f32[2] = xs
           slice ys.1: f32[2] = ys
           tanh: f32[2] = Tanh(t.1)
           tanh.1: f32[2] = Tanh(s.1)
      -    mul: f32[2] = Mul(s.1, xs.1)
      -    mul.1: f32[2] = Mul(s.1, ys.1)
      -    add: f32[2] = Add(mul, mul.1)
      -    mul.2: f32[2] = Mul(xs.1, t.1)
      -    mul.3: f32[2] = Mul(t.1, ys.1)
      -    sub: f32[2] = Sub(mul.2, mul.3)
      +    add: f32[2] = Add(xs.1, ys.1)
      +    mul: f32[2] = Mul(s.1, add)
      +    sub: f32[2] = Sub(xs.1, ys.1)
      +    mul.1: f32[2] = Mul(t.1, sub)
           next s.1 = tanh
           next t.1 = tanh.1
      -    stack scan.2 = add
      -    stack scan.3 = sub
      +    stack scan.2 = mul
      +    stack scan.3 = mul.1
         output scan
         output scan.1
         output scan.2
         output scan.3
      "
    `);
  });

  test("treats a plain value as a product with 1", () => {
    const graph = cell(({ add, sub, mul }, s, t, x, y) => [sub(s, mul(s, x)), add(mul(t, y), t)]);
    expect(changes(factorOut, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[2], scan.1: f32[2], scan.2: f32[time, 2], scan.3: f32[time, 2] = Scan(length=time)
           state s.1: f32[2] = s
           state t.1: f32[2] = t
           slice xs.1: f32[2] = xs
           slice ys.1: f32[2] = ys
           tanh: f32[2] = Tanh(t.1)
           tanh.1: f32[2] = Tanh(s.1)
      -    mul: f32[2] = Mul(s.1, xs.1)
      -    sub: f32[2] = Sub(s.1, mul)
      -    mul.1: f32[2] = Mul(t.1, ys.1)
      -    add: f32[2] = Add(mul.1, t.1)
      +    sub: f32[2] = Sub(1.0, xs.1)
      +    mul: f32[2] = Mul(s.1, sub)
      +    add: f32[2] = Add(ys.1, 1.0)
      +    mul.1: f32[2] = Mul(t.1, add)
           next s.1 = tanh
           next t.1 = tanh.1
      -    stack scan.2 = sub
      -    stack scan.3 = add
      +    stack scan.2 = mul
      +    stack scan.3 = mul.1
         output scan
         output scan.1
         output scan.2
         output scan.3
      "
    `);
  });

  test("matches products anywhere in a sum", () => {
    const graph = cell(({ add, sub, mul }, s, t, x, y) => [sub(add(mul(s, x), mul(t, y)), sub(s, mul(t, x)))]);
    expect(changes(factorOut, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[2], scan.1: f32[2], scan.2: f32[time, 2] = Scan(length=time)
           state s.1: f32[2] = s
           state t.1: f32[2] = t
           slice xs.1: f32[2] = xs
           slice ys.1: f32[2] = ys
           tanh: f32[2] = Tanh(t.1)
           tanh.1: f32[2] = Tanh(s.1)
      -    mul: f32[2] = Mul(s.1, xs.1)
      -    mul.1: f32[2] = Mul(t.1, ys.1)
      -    add: f32[2] = Add(mul, mul.1)
      -    mul.2: f32[2] = Mul(t.1, xs.1)
      -    sub: f32[2] = Sub(s.1, mul.2)
      -    sub.1: f32[2] = Sub(add, sub)
      +    sub: f32[2] = Sub(xs.1, 1.0)
      +    mul: f32[2] = Mul(s.1, sub)
      +    add: f32[2] = Add(ys.1, xs.1)
      +    mul.1: f32[2] = Mul(t.1, add)
      +    add.1: f32[2] = Add(mul, mul.1)
           next s.1 = tanh
           next t.1 = tanh.1
      -    stack scan.2 = sub.1
      +    stack scan.2 = add.1
         output scan
         output scan.1
         output scan.2
      "
    `);
  });

  test("multiplies concatenated products once", () => {
    const graph = cell(({ concat, mul }, s, t, x, y) => [concat([mul(s, x), mul(s, y), mul(y, t)], 0)]);
    expect(changes(factorOut, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[2], scan.1: f32[2], scan.2: f32[time, 6] = Scan(length=time)
           state s.1: f32[2] = s
           state t.1: f32[2] = t
           slice xs.1: f32[2] = xs
           slice ys.1: f32[2] = ys
           tanh: f32[2] = Tanh(t.1)
           tanh.1: f32[2] = Tanh(s.1)
      -    mul: f32[2] = Mul(s.1, xs.1)
      -    mul.1: f32[2] = Mul(s.1, ys.1)
      -    mul.2: f32[2] = Mul(ys.1, t.1)
      -    concat: f32[6] = Concat(mul, mul.1, mul.2, axis=0)
      +    concat: f32[6] = Concat(s.1, s.1, t.1, axis=0)
      +    concat.1: f32[6] = Concat(xs.1, ys.1, ys.1, axis=0)
      +    mul: f32[6] = Mul(concat, concat.1)
           next s.1 = tanh
           next t.1 = tanh.1
      -    stack scan.2 = concat
      +    stack scan.2 = mul
         output scan
         output scan.1
         output scan.2
      "
    `);
  });

  test("extracts a factor of the product's shape when the other factor is smaller", () => {
    const graph = graphOf((b, float) => {
      const c = float("c");
      return loop(b, [float("s", 2)], [float("xs", "time", 1)], ({ add, mul }, [s], [x]) => [
        [add(mul(s, x), mul(c, s))],
        [],
      ]);
    });
    expect(changes(factorOut, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[2] = Scan(length=time)
           state s.1: f32[2] = s
           slice xs.1: f32[1] = xs
           capture c
      -    mul: f32[2] = Mul(s.1, xs.1)
      -    mul.1: f32[2] = Mul(c, s.1)
      -    add: f32[2] = Add(mul, mul.1)
      -    next s.1 = add
      +    add: f32[1] = Add(xs.1, c)
      +    mul: f32[2] = Mul(s.1, add)
      +    next s.1 = mul
         output scan
      "
    `);
  });

  test("keeps products without a common factor, of two states or of none, and a value twice", () => {
    expectUntouched(
      factorOut,
      cell(({ add, concat, mul, tanh }, s, t, x, y) => [
        add(mul(s, x), mul(t, x)),
        add(mul(s, t), mul(tanh(s), t)),
        add(mul(x, y), mul(x, x)),
        add(s, s),
        concat([mul(s, x), t], 0),
        concat([mul(s, t), mul(s, s)], 0),
      ]),
    );
  });

  test("keeps concatenated products with another reader, or that a factor broadcasts", () => {
    expectUntouched(
      factorOut,
      cell(({ concat, mul }, s, t, x, y) => {
        const retained = mul(s, x);
        return [concat([retained, mul(t, y)], 0), retained];
      }),
    );
    expectUntouched(
      factorOut,
      graphOf((b, float) =>
        loop(b, [float("s", 1)], [float("xs", "time", 2)], ({ add, concat, mul, sum }, [s], [x]) => [
          [sum(concat([mul(s, x), mul(x, s)], 0), [0], true)],
          [add(mul(s, x), mul(s, mul(x, x)))],
        ]),
      ),
    );
  });
});
