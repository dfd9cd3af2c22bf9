/** Forms of operations whose CUDA kernels copy nothing from the host. */
import { expect, test } from "vitest";
import type { Graph, Value } from "../../../../compiler/ir/types.js";
import { isCapturable, kernelArguments } from "../../../../compiler/optimize/legalize/kernel-arguments.js";
import { cuda } from "../../../../compiler/optimize/target/index.js";
import { expectSameValues, expectUntouched, graphOf } from "../../../support/before-after.js";

const context = { expected: new Map(), target: cuda };

const manyOf = (x: Value, count: number): readonly Value[] => Array.from({ length: count }, () => x);

test.each<readonly [string, Graph]>([
  ["a concatenation of unequal sizes", graphOf((b, float) => [b.concat([float("x", 2, 3), float("y", 2, 1)], 1)])],
  ["a concatenation of 50 values", graphOf((b, float) => [b.concat(manyOf(float("x", 2), 50), 0)])],
  ["a concatenation of 37 values, a prime number", graphOf((b, float) => [b.concat(manyOf(float("x", 1), 37), 0)])],
  ["a split into unequal sizes", graphOf((b, float) => b.split(float("x", 2, 5), [2, 3], 1))],
  ["a split into 40 values", graphOf((b, float) => b.split(float("x", 40), new Array<number>(40).fill(1), 0))],
  ["a product with matrices for each row", graphOf((b, float) => [b.matmul(float("x", 2, 3), float("y", 4, 3, 2))])],
  [
    "a product that broadcasts both operands",
    graphOf((b, float) => [b.matmul(float("x", 2, 1, 2, 3), float("y", 1, 4, 3, 2))]),
  ],
])("%s", (_, graph) => {
  expect(isCapturable(graph)).toBe(false);
  const changed = kernelArguments.run(graph, context);
  expect(isCapturable(changed)).toBe(true);
  expectSameValues(changed, graph);
});

test("integers of unequal sizes stay, since their padding has no kernel", () => {
  expectUntouched(
    kernelArguments,
    graphOf((b, _, typed) => [b.concat([typed("int64")("x", 2), typed("int64")("y", 1)], 0)]),
  );
});

test("forms without copies stay", () => {
  expectUntouched(
    kernelArguments,
    graphOf((b, float) => {
      const [x, y] = [float("x", 2, 4, 4), float("y", 4, 4)];
      return [b.concat([x, x], 2), ...b.split(x, [2, 2], 1), b.matmul(x, x), b.matmul(x, y)];
    }),
  );
});
