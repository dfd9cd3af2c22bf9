/** Weighted sums of windows by slices, with equal values. */
import { expect, test } from "vitest";
import { windowSums } from "../../../../compiler/optimize/recurrences/window-sums.js";
import { expectUntouched, graphOf, resultOf } from "../../../support/before-after.js";

test("a sum over weighted entries of a window needs no window, with the axis or without it", () => {
  const graph = graphOf((b, float) => {
    const window = () =>
      b.concat(
        ["x", "y", "z"].map((name) => float(name, 5, "batch", 2, 1)),
        3,
      );
    return [
      b.sum(b.mul(window(), float("k", 2, 3)), [3]),
      b.sum(b.mul(float("g", 5, "batch", 2, 3), window()), [3], true),
      b.sum(b.mul(window(), float("w", 3)), [3]),
    ];
  });
  expect(resultOf(windowSums, graph)).not.toMatch(/Concat|ReduceSum/);
});

test("keeps windows of several entries a step, sums over other axes, and products that are read", () => {
  const graph = graphOf((b, float) => {
    const window = b.concat([float("x", "batch", 2, 1), float("y", "batch", 2, 1)], 2);
    const product = b.mul(window, float("k", 2, 2));
    const pairs = b.concat([float("p", "batch", 2, 2), float("q", "batch", 2, 2)], 2);
    return [
      b.sum(b.mul(window, float("k", 2, 2)), [1]),
      product,
      b.sum(product, [2]),
      b.sum(b.mul(pairs, float("m", 2, 4)), [2]),
      b.sum(b.mul(window, float("n", 2, 1)), [2]),
    ];
  });
  expectUntouched(windowSums, graph);
});
