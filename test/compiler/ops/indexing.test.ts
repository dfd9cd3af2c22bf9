/** Indices out of range: gathering and scattering throw, one-hot rows are zeros. */
import { expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import type { Builder } from "../../../compiler/ir/builder.js";
import { tensor } from "../../../compiler/ir/tensor.js";
import type { Value } from "../../../compiler/ir/types.js";

/** Evaluates `build` of a matrix [2, 3], indices [2, 1] and updates [2, 1]. */
function run(indices: readonly number[], build: (b: Builder, data: Value, ids: Value, updates: Value) => Value) {
  const b = graphBuilder("graph");
  const data = b.constant(tensor("float32", [2, 3], [1, 2, 3, 4, 5, 6]));
  const ids = b.constant(tensor("int64", [2, 1], indices));
  const updates = b.constant(tensor("float32", [2, 1], [10, 20]));
  return evaluate(b.finish([build(b, data, ids, updates)]), []).map((result) => [...result.data]);
}

test.each<readonly [string, number, number, (b: Builder, data: Value, ids: Value, updates: Value) => Value]>([
  ["Gather of rows", 2, 2, (b, data, ids) => b.gather(data, ids, 0)],
  ["Gather of columns", 3, 3, (b, data, ids) => b.gather(data, ids, 1)],
  ["GatherElements", 3, 3, (b, data, ids) => b.gatherElements(data, ids, 1)],
  ["ScatterElements", 3, 3, (b, data, ids, updates) => b.scatterElements(data, ids, updates, 1)],
  ["a negative place", -1, 3, (b, data, ids) => b.gather(data, ids, 1)],
])("%s stops at an index of %i", (_, index, size, build) => {
  expect(() => run([0, index], build)).toThrow(`index ${index} is outside an axis of ${size}`);
});

test("the one-hot row of an index out of range is zeros", () => {
  expect(run([1, 4], (b, _, ids) => b.oneHot(ids, 2))).toEqual([[0, 1, 0, 0]]);
});

test("updates of equal indices add up", () => {
  expect(
    run([1, 1], (b, data, ids, updates) =>
      b.scatterElements(data, b.expand(ids, [2, 3]), b.expand(updates, [2, 3]), 0),
    ),
  ).toEqual([[1, 2, 3, 34, 35, 36]]);
});
