/** Short rows by products with ones, with equal values. */
import { expect, test } from "vitest";
import { shortRows } from "../../../../compiler/optimize/kernels/short-rows.js";
import { expectUntouched, graphOf, loop, resultOf } from "../../../support/before-after.js";

test("rows that are repeated, summed or outer products are products of matrices, in loops too", () => {
  const graph = graphOf((b, float) => {
    const x = float("x", "batch", 4, 8);
    const column = float("column", "batch", 4, 1);
    const step = loop(b, [float("h", "batch", 4, 8)], [float("y", 3, "batch", 4, 1)], (inner, [h], [y]) => [
      [inner.mul(h, y)],
      [inner.sum(h, [2])],
    ]);
    return [
      b.mul(x, column),
      b.div(column, x),
      b.sum(x, [2], true),
      b.mul(column, float("row", "batch", 1, 8)),
      ...step,
    ];
  });
  const text = resultOf(shortRows, graph, { expected: { batch: 1024 } });
  expect(text.match(/= MatMul/g)).toHaveLength(6);
  expect(text).not.toContain("ReduceSum");
});

test("keeps long rows, few numbers, sums over other axes, equal shapes, and exported models", () => {
  const graph = graphOf((b, float) => {
    const x = float("x", "batch", 4, 8);
    return [
      b.mul(float("long", "batch", 4, 64), float("column", "batch", 4, 1)),
      b.mul(float("few", 3, 8), float("number", 3, 1)),
      b.sum(x, [1]),
      b.add(x, x),
      b.mul(x, float("row", 8)),
    ];
  });
  expectUntouched(shortRows, graph, { expected: { batch: 1024 } });
  const repeated = graphOf((b, float) => [b.mul(float("x", 1024, 8), float("column", 1024, 1))]);
  expect(shortRows.run(repeated, { expected: new Map(), opset: 17 })).toBe(repeated);
});
