/** The batch loader: arrays of steps, cached for a constant schedule. */
import { expect, test } from "vitest";
import { createBatchSchedule } from "../../../../runtime/data/batching/batch-schedule.js";
import { createBatchLoader } from "../../../../runtime/data/batching/batches.js";
import type { Batch } from "../../../../runtime/data/source.js";
import { first, train } from "../../../support/normal-specs.js";

/** A source whose examples contain their indices, with a count of its calls. */
function countingSource() {
  let batchCount = 0;
  const batch = (indices: ArrayLike<number>): Batch => {
    batchCount += 1;
    const numbers = Array.from(indices);
    const shape = [numbers.length];
    return new Map([
      ["inputs", { dtype: "float32", shape: [...shape, 2], data: Float32Array.from(numbers.flatMap((n) => [n, -n])) }],
      ["targets", { dtype: "int32", shape, data: Int32Array.from(numbers) }],
      ["lengths", { dtype: "int64", shape, data: BigInt64Array.from(numbers.map(BigInt)) }],
    ]);
  };
  return { source: { batch }, asked: () => batchCount };
}

test("a constant batch is gathered once, for the longest call", () => {
  const batchSchedule = createBatchSchedule({ ...train, shuffle: true, batch_size: "all" }, 1, [first(3)]);
  const { source, asked: batchCount } = countingSource();
  const batches = createBatchLoader(source, batchSchedule);
  const calls = [
    [1, 1],
    [2, 4],
    [6, 2],
    [8, 4],
    [12, 1],
  ] as const;
  for (const [step, steps] of calls)
    expect(batches(step, steps)).toEqual(countingSource().source.batch(batchSchedule.indicesAt(step, steps)));
  expect(batchCount()).toBe(2);
});

test("different batches are gathered each time", () => {
  const batchSchedule = createBatchSchedule({ ...train, shuffle: false, batch_size: 2 }, 1, [first(4)]);
  const { source, asked: batchCount } = countingSource();
  const batches = createBatchLoader(source, batchSchedule);
  for (const step of [1, 2, 3])
    expect([...(batches(step, 1).get("targets")?.data ?? [])]).toEqual(step === 2 ? [2, 3] : [0, 1]);
  expect(batchCount()).toBe(3);
});
