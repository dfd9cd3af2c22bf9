/** Common factors of sums. */
import { describe, expect, test } from "vitest";
import { factorSums } from "../../../../compiler/optimize/reuse/factor-sums.js";
import { expectUntouched, graphOf, resultOf } from "../../../support/before-after.js";

describe("factor-sums", () => {
  test("extracts a common factor, and merges the constants of a product into its exponential", () => {
    const graph = graphOf((b, float) => {
      const [g, x, y, z] = [float("g", 2, 3), float("x", 2, 3), float("y", 2, 3), float("z", 2, 3)];
      const scaled = b.mul(b.mul(b.mul(g, x), 0.5), b.exp(b.sub(1, z)));
      return [b.add(b.mul(g, y), b.mul(scaled, 2 * Math.E))];
    });
    expect(resultOf(factorSums, graph)).toMatchInlineSnapshot(`
      "
        sub: f32[2, 3] = Sub(2.0, z)
        exp: f32[2, 3] = Exp(sub)
        mul: f32[2, 3] = Mul(x, exp)
        add: f32[2, 3] = Add(y, mul)
        mul.1: f32[2, 3] = Mul(g, add)
        output mul.1
      "
    `);
  });

  test("keeps the constant of a product without an exponential", () => {
    const graph = graphOf((b, float) => {
      const [g, x, y] = [float("g", 2, 3), float("x", 2, 3), float("y", 2, 3)];
      return [b.add(b.mul(b.mul(g, 3), y), b.mul(g, x))];
    });
    expect(resultOf(factorSums, graph)).toMatchInlineSnapshot(`
      "
        mul: f32[2, 3] = Mul(y, 3.0)
        add: f32[2, 3] = Add(mul, x)
        mul.1: f32[2, 3] = Mul(g, add)
        output mul.1
      "
    `);
  });

  test("keeps products that have other readers, and products whose shapes differ", () => {
    const others = graphOf((b, float) => {
      const [g, x, y] = [float("g", 2, 3), float("x", 2, 3), float("y", 2, 3)];
      const product = b.mul(g, y);
      return [b.add(product, b.mul(g, x)), product];
    });
    expectUntouched(factorSums, others);
    const shapes = graphOf((b, float) => {
      const g = float("g", 2, 3);
      return [b.add(b.mul(g, float("x", 3)), b.mul(g, float("y", 2, 1)))];
    });
    expectUntouched(factorSums, shapes);
  });
});
