/** Lerp form: an interpolation in a loop takes one product. */
import { describe, expect, test } from "vitest";
import type { Builder } from "../../../../compiler/ir/builder.js";
import type { Value } from "../../../../compiler/ir/types.js";
import { lerp } from "../../../../compiler/optimize/loops/lerp.js";
import { changes, expectUntouched, graphOf, loop } from "../../../support/before-after.js";

type WeightedMean = (b: Builder, z: Value, h: Value, n: Value) => readonly [next: Value, stacked?: Value];

/** h' interpolates h and n = tanh(x + h) by z = sigmoid(h). */
const cell = (mean: WeightedMean) =>
  graphOf((b, float) =>
    loop(b, [float("h", "batch")], [float("xs", "time", "batch")], (inner, [h], [x]) => {
      const z = inner.withName(inner.sigmoid(h), "z");
      const [next, stacked] = mean(inner, z, h, inner.withName(inner.tanh(inner.add(x, h)), "n"));
      return [[next], stacked === undefined ? [] : [stacked]];
    }),
  );

describe("lerp", () => {
  test("replaces two products by one", () => {
    const graph = cell(({ add, sub, mul }, z, h, n) => [add(mul(sub(1, z), h), mul(z, n))]);
    expect(changes(lerp, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[batch] = Scan(length=time)
           state h.1: f32[batch] = h
           slice xs.1: f32[batch] = xs
           z: f32[batch] = Sigmoid(h.1)
           add: f32[batch] = Add(xs.1, h.1)
           n: f32[batch] = Tanh(add)
      -    sub: f32[batch] = Sub(1.0, z)
      -    mul: f32[batch] = Mul(sub, h.1)
      -    mul.1: f32[batch] = Mul(z, n)
      -    add.1: f32[batch] = Add(mul, mul.1)
      +    sub: f32[batch] = Sub(n, h.1)
      +    mul: f32[batch] = Mul(z, sub)
      +    add.1: f32[batch] = Add(h.1, mul)
           next h.1 = add.1
         output scan
      "
    `);
  });

  test("matches terms and factors in any order", () => {
    const graph = cell(({ add, sub, mul }, z, h, n) => [add(mul(z, h), mul(n, sub(1, z)))]);
    expect(changes(lerp, graph)).toMatchInlineSnapshot(`
      "
         scan: f32[batch] = Scan(length=time)
           state h.1: f32[batch] = h
           slice xs.1: f32[batch] = xs
           z: f32[batch] = Sigmoid(h.1)
           add: f32[batch] = Add(xs.1, h.1)
           n: f32[batch] = Tanh(add)
      -    mul: f32[batch] = Mul(z, h.1)
      -    sub: f32[batch] = Sub(1.0, z)
      -    mul.1: f32[batch] = Mul(n, sub)
      -    add.1: f32[batch] = Add(mul, mul.1)
      +    sub: f32[batch] = Sub(h.1, n)
      +    mul: f32[batch] = Mul(z, sub)
      +    add.1: f32[batch] = Add(n, mul)
           next h.1 = add.1
         output scan
      "
    `);
  });

  test("keeps other sums of two products", () => {
    expectUntouched(
      lerp,
      cell(({ add, sub, mul }, z, h, n) => [add(mul(sub(1, z), h), mul(h, n))]),
    );
    expectUntouched(
      lerp,
      cell(({ add, sub, mul }, z, h, n) => [add(mul(sub(2, z), h), mul(z, n))]),
    );
    expectUntouched(
      lerp,
      cell(({ add, sub, mul }, z, h, n) => [sub(mul(sub(1, z), h), add(z, n))]),
    );
  });

  test("keeps a product with another reader", () => {
    expectUntouched(
      lerp,
      cell(({ add, sub, mul }, z, h, n) => {
        const retained = mul(sub(1, z), h);
        return [add(retained, mul(z, n)), retained];
      }),
    );
  });

  test("keeps a state-independent weight, whose products may leave the loop", () => {
    expectUntouched(
      lerp,
      graphOf((b, float) =>
        loop(b, [float("h")], [float("zs", "time"), float("ns", "time")], ({ add, sub, mul }, [h], [z, n]) => [
          [add(mul(sub(1, z), h), mul(z, n))],
          [],
        ]),
      ),
    );
  });

  test("applies in nested loops, and not outside loops", () => {
    const graph = graphOf((b, float) => {
      const [h, xs] = [float("h"), float("xs", "time", 2)];
      const mean = ({ add, sub, mul }: Builder, z: Value, x: Value) => add(mul(sub(1, z), x), mul(z, z));
      const results = loop(b, [h], [xs], (outer, [p], [row]) => [
        loop(outer, [p], [row], (inner, [q], [x]) => [[mean(inner, inner.sigmoid(q), x)], []]),
        [],
      ]);
      return [...results, mean(b, b.sigmoid(h), h)];
    });
    expect(changes(lerp, graph)).toMatchInlineSnapshot(`
      "
         scan: f32 = Scan(length=time)
           state h.1: f32 = h
           slice xs.1: f32[2] = xs
           scan.1: f32 = Scan(length=2)
             state h.2: f32 = h.1
             slice xs.2: f32 = xs.1
             sigmoid: f32 = Sigmoid(h.2)
      -      sub: f32 = Sub(1.0, sigmoid)
      -      mul: f32 = Mul(sub, xs.2)
      -      mul.1: f32 = Mul(sigmoid, sigmoid)
      -      add: f32 = Add(mul, mul.1)
      +      sub: f32 = Sub(sigmoid, xs.2)
      +      mul: f32 = Mul(sigmoid, sub)
      +      add: f32 = Add(xs.2, mul)
             next h.2 = add
           next h.1 = scan.1
         sigmoid.1: f32 = Sigmoid(h)
         sub.1: f32 = Sub(1.0, sigmoid.1)
      -  mul.2: f32 = Mul(sub.1, h)
      -  mul.3: f32 = Mul(sigmoid.1, sigmoid.1)
      -  add.1: f32 = Add(mul.2, mul.3)
      +  mul.1: f32 = Mul(sub.1, h)
      +  mul.2: f32 = Mul(sigmoid.1, sigmoid.1)
      +  add.1: f32 = Add(mul.1, mul.2)
         output scan
         output add.1
      "
    `);
  });
});
