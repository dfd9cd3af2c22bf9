/** Distribution of a state-independent factor over a sum. */
import { describe, expect, test } from "vitest";
import type { Builder } from "../../../../compiler/ir/builder.js";
import type { Graph, Value } from "../../../../compiler/ir/types.js";
import { distribute } from "../../../../compiler/optimize/loops/distribute.js";
import { changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

type Step = (b: Builder, s: Value, t: Value, x: Value, y: Value, z: Value) => readonly Value[];

/** A loop with states s and t and slices x, y and z, and the result of a step as scan output. */
const cell = (step: Step): Graph =>
  graphOf((b, float) =>
    loop(
      b,
      [float("s", 2), float("t", 2)],
      [float("xs", "time", 2), float("ys", "time", 2), float("zs", "time", 1)],
      (inner, [s, t], [x, y, z]) => [[inner.tanh(t), inner.tanh(s)], step(inner, s, t, x, y, z)],
    ),
  );

describe("distribute", () => {
  test("moves a factor into the factors of a sum's terms", () => {
    const graph = cell(({ add, mul }, s, t, x, y, z) => [mul(add(mul(s, x), mul(y, t)), z)]);
    expect(changes(distribute, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[2], scan.1: f32[2], scan.2: f32[time, 2] = Scan(length=time)
           state s.1: f32[2] = s
           state t.1: f32[2] = t
           slice xs.1: f32[2] = xs
           slice ys.1: f32[2] = ys
           slice zs.1: f32[1] = zs
           tanh: f32[2] = Tanh(t.1)
           tanh.1: f32[2] = Tanh(s.1)
      -    mul: f32[2] = Mul(s.1, xs.1)
      -    mul.1: f32[2] = Mul(ys.1, t.1)
      -    add: f32[2] = Add(mul, mul.1)
      -    mul.2: f32[2] = Mul(add, zs.1)
      +    mul: f32[2] = Mul(xs.1, zs.1)
      +    mul.1: f32[2] = Mul(s.1, mul)
      +    mul.2: f32[2] = Mul(ys.1, zs.1)
      +    mul.3: f32[2] = Mul(t.1, mul.2)
      +    add: f32[2] = Add(mul.1, mul.3)
           next s.1 = tanh
           next t.1 = tanh.1
      -    stack scan.2 = mul.2
      +    stack scan.2 = add
         output scan
         output scan.1
         output scan.2
      "
    `);
  });

  test("moves it into differences, state-independent terms and nested sums", () => {
    const graph = cell(({ add, sub, mul }, s, t, x, y, z) => [mul(z, sub(add(mul(s, x), y), mul(t, x)))]);
    expect(changes(distribute, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[2], scan.1: f32[2], scan.2: f32[time, 2] = Scan(length=time)
           state s.1: f32[2] = s
           state t.1: f32[2] = t
           slice xs.1: f32[2] = xs
           slice ys.1: f32[2] = ys
           slice zs.1: f32[1] = zs
           tanh: f32[2] = Tanh(t.1)
           tanh.1: f32[2] = Tanh(s.1)
      -    mul: f32[2] = Mul(s.1, xs.1)
      -    add: f32[2] = Add(mul, ys.1)
      -    mul.1: f32[2] = Mul(t.1, xs.1)
      -    sub: f32[2] = Sub(add, mul.1)
      -    mul.2: f32[2] = Mul(zs.1, sub)
      +    mul: f32[2] = Mul(xs.1, zs.1)
      +    mul.1: f32[2] = Mul(s.1, mul)
      +    mul.2: f32[2] = Mul(ys.1, zs.1)
      +    add: f32[2] = Add(mul.1, mul.2)
      +    mul.3: f32[2] = Mul(xs.1, zs.1)
      +    mul.4: f32[2] = Mul(t.1, mul.3)
      +    sub: f32[2] = Sub(add, mul.4)
           next s.1 = tanh
           next t.1 = tanh.1
      -    stack scan.2 = mul.2
      +    stack scan.2 = sub
         output scan
         output scan.1
         output scan.2
      "
    `);
  });

  test("keeps a sum with a term that would need a new multiplication", () => {
    expectUntouched(
      distribute,
      cell(({ add, mul, tanh }, s, t, x, y, z) => [
        mul(add(mul(s, x), t), z),
        mul(add(mul(s, x), tanh(t)), z),
        mul(add(mul(s, x), mul(s, t)), y),
      ]),
    );
  });

  test("keeps sums and products with another reader", () => {
    expectUntouched(
      distribute,
      cell(({ add, mul }, s, t, x, y, z) => {
        const sum = add(mul(s, x), mul(t, y));
        return [mul(sum, z), sum];
      }),
    );
    expectUntouched(
      distribute,
      cell(({ add, mul }, s, t, x, y, z) => {
        const product = mul(s, x);
        return [mul(add(product, mul(t, y)), z), product];
      }),
    );
  });

  test("keeps a sum that the product broadcasts, and a state-dependent factor", () => {
    expectUntouched(
      distribute,
      cell(({ add, mul, sum }, s, t, x, y, z) => {
        const sumFirst = (value: Value) => sum(value, [0], true);
        return [mul(add(mul(sumFirst(s), z), mul(sumFirst(t), z)), y), mul(add(mul(s, x), mul(t, y)), s)];
      }),
    );
  });
});
