/** Squares of scaled values. */
import { describe, expect, test } from "vitest";
import { shareSquares } from "../../../../compiler/optimize/reuse/share-squares.js";
import { expectUntouched, graphOf, resultOf } from "../../../support/before-after.js";

describe("share-squares", () => {
  test("computes the square of a scaled value from an existing square", () => {
    const graph = graphOf((b, float) => {
      const [x, s] = [float("x", 2, 3), float("s")];
      const scaled = b.mul(x, s);
      return [b.sum(b.mul(x, x)), b.mul(scaled, scaled)];
    });
    expect(resultOf(shareSquares, graph)).toMatchInlineSnapshot(`
      "
        mul: f32[2, 3] = Mul(x, x)
        reducesum: f32 = ReduceSum(mul, axes=[0, 1])
        mul.1: f32[2, 3] = Mul(x, x)
        mul.2: f32 = Mul(s, s)
        mul.3: f32[2, 3] = Mul(mul.1, mul.2)
        output reducesum
        output mul.3
      "
    `);
  });

  test("keeps the square of a scaled value whose own square nothing reads, which could overflow", () => {
    const graph = graphOf((b, float) => {
      const scaled = b.mul(float("x", 2, 3), float("s"));
      return [b.mul(scaled, scaled)];
    });
    expectUntouched(shareSquares, graph);
  });
});
