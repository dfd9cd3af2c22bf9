/** Batches: the arrays of some steps, gathered once where all steps read the same. */
import { expect, test } from "vitest";
import { openBatches } from "../../runtime/batches.js";
import type { Batch } from "../../runtime/data/source.js";
import { schedule } from "../../runtime/order.js";
import { first, train } from "./spec.js";

/** A source of examples that hold their numbers, and how often it was asked. */
function counting() {
  let asked = 0;
  const batch = (indices: ArrayLike<number>): Batch => {
    asked += 1;
    const numbers = Array.from(indices);
    const shape = [numbers.length];
    return new Map([
      ["inputs", { dtype: "float32", shape: [...shape, 2], data: Float32Array.from(numbers.flatMap((n) => [n, -n])) }],
      ["targets", { dtype: "int32", shape, data: Int32Array.from(numbers) }],
      ["lengths", { dtype: "int64", shape, data: BigInt64Array.from(numbers.map(BigInt)) }],
    ]);
  };
  return { source: { batch }, asked: () => asked };
}

test("steps that all read the same are gathered once, for the longest call", () => {
  const plan = schedule({ ...train, shuffle: true, batch_size: "all" }, 1, [first(3)]);
  const { source, asked } = counting();
  const batches = openBatches(source, plan);
  const calls = [
    [1, 1],
    [2, 4],
    [6, 2],
    [8, 4],
    [12, 1],
  ] as const;
  for (const [step, steps] of calls)
    expect(batches(step, steps)).toEqual(counting().source.batch(plan.batchesAt(step, steps)));
  expect(asked()).toBe(2);
});

test("steps that read different examples are gathered each time", () => {
  const plan = schedule({ ...train, shuffle: false, batch_size: 2 }, 1, [first(4)]);
  const { source, asked } = counting();
  const batches = openBatches(source, plan);
  for (const step of [1, 2, 3])
    expect([...(batches(step, 1).get("targets")?.data ?? [])]).toEqual(step === 2 ? [2, 3] : [0, 1]);
  expect(asked()).toBe(3);
});
