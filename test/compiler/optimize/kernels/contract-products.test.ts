/** Sums of products with a vector as products of matrices, with equal values. */
import { expect, test } from "vitest";
import { contractProducts } from "../../../../compiler/optimize/kernels/contract-products.js";
import { expectUntouched, graphOf, loop, resultOf } from "../../../support/before-after.js";

test("a sum over columns or rows is a product of matrices, with the axis or without it, in loops too", () => {
  const graph = graphOf((b, float) => {
    const x = float("x", "batch", 32, 16);
    const step = loop(b, [float("h", "batch", 16)], [float("y", 3, "batch", 32, 1)], (inner, [h], [y]) => {
      const sum = inner.sum(inner.mul(y, x), [1]);
      return [[inner.add(h, sum)], [sum]];
    });
    return [
      b.sum(b.mul(x, float("column", "batch", 1, 16)), [2]),
      b.sum(b.mul(x, float("column", "batch", 1, 16)), [2], true),
      b.sum(b.mul(float("row", "batch", 32, 1), x), [1], true),
      ...step,
    ];
  });
  const text = resultOf(contractProducts, graph);
  expect(text.match(/= MatMul/g)).toHaveLength(4);
  expect(text).not.toContain("ReduceSum");
});

test("keeps products that are read, vectors along the other axis, operands of other shapes and small matrices", () => {
  expectUntouched(
    contractProducts,
    graphOf((b, float) => {
      const product = b.mul(float("x", "batch", 32, 16), float("y", "batch", 1, 16));
      return [b.sum(product, [2]), product];
    }),
  );
  expectUntouched(
    contractProducts,
    graphOf((b, float) => {
      const x = float("x", "batch", 32, 16);
      return [
        b.sum(b.mul(x, float("y", "batch", 1, 16)), [1]),
        b.sum(b.mul(x, float("z", "batch", 32, 16)), [2]),
        b.sum(b.mul(x, float("w", 16)), [2]),
        b.sum(b.mul(float("small", "batch", 4, 4), float("v", "batch", 1, 4)), [2]),
      ];
    }),
  );
});
