import { describe, expect, test } from "vitest";
import { createBatchSchedule, shuffledIndices } from "../../../../runtime/data/batching/batch-schedule.js";
import { first, train } from "../../../support/normal-specs.js";

describe("the order of an epoch", () => {
  test("is a permutation, or ascending without shuffling", () => {
    expect([...shuffledIndices(1, 1, 100, true)].sort((a, b) => a - b)).toEqual([...shuffledIndices(1, 1, 100, false)]);
    expect([...shuffledIndices(1, 1, 5, false)]).toEqual([0, 1, 2, 3, 4]);
    expect([...shuffledIndices(1, 1, 0, true)]).toEqual([]);
  });

  test("depends on the seed and the epoch, and on nothing else", () => {
    const order = [...shuffledIndices(7, 3, 20, true)];
    expect([...shuffledIndices(7, 3, 20, true)]).toEqual(order);
    expect([...shuffledIndices(8, 3, 20, true)]).not.toEqual(order);
    expect([...shuffledIndices(7, 4, 20, true)]).not.toEqual(order);
    // Pinned: a run of an earlier version must resume in the same order.
    expect([...shuffledIndices(1, 1, 8, true)]).toEqual([7, 4, 5, 3, 2, 0, 6, 1]);
  });

  test("is uniform over all positions", () => {
    const counts = new Float64Array(16);
    for (let epoch = 1; epoch <= 4000; epoch++) {
      for (const [position, example] of shuffledIndices(1, epoch, 4, true).entries()) {
        counts[position * 4 + example] = (counts[position * 4 + example] ?? 0) + 1;
      }
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

const shuffled = { ...train, shuffle: true, batch_size: 4, steps: 9 };

describe("the batches of a run", () => {
  test("cover each epoch once; the last batch may be smaller", () => {
    const batchSchedule = createBatchSchedule(shuffled, 1, [first(10)]);
    expect(batchSchedule).toMatchObject({ batchSize: 4, batchesPerEpoch: 3, steps: 9, isConstant: false });
    expect([1, 2, 3, 4, 6].map(batchSchedule.batchSizeAt)).toEqual([4, 4, 2, 4, 2]);
    expect([1, 3, 4, 9].map(batchSchedule.epochOf)).toEqual([1, 1, 2, 3]);
    for (const epoch of [1, 2, 3]) {
      const read = [1, 2, 3].flatMap((position) => [...batchSchedule.indicesAt((epoch - 1) * 3 + position, 1)]);
      expect(read).toEqual([...shuffledIndices(1, epoch, 10, true)]);
    }
  });

  test("are equal step by step, at once, and after resuming", () => {
    const first8 = createBatchSchedule(shuffled, 1, [first(8)]);
    const stepwise = Array.from({ length: 9 }, (_, index) => [...first8.indicesAt(index + 1, 1)]).flat();
    expect([...createBatchSchedule(shuffled, 1, [first(8)]).indicesAt(1, 9)]).toEqual(stepwise);
    expect([...createBatchSchedule(shuffled, 1, [first(8)]).indicesAt(6, 4)]).toEqual(stepwise.slice(5 * 4));
  });

  test("contain all examples in order for batch_size all or larger", () => {
    for (const batch_size of ["all", 5, 100] as const) {
      const batchSchedule = createBatchSchedule({ ...shuffled, batch_size }, 1, [first(5)]);
      expect([...batchSchedule.indicesAt(7, 1)]).toEqual([0, 1, 2, 3, 4]);
      expect(batchSchedule.epochOf(7)).toBe(7);
      expect(batchSchedule.isConstant).toBe(true);
    }
  });

  test("end after whole epochs where the spec counts epochs", () => {
    expect(createBatchSchedule({ ...shuffled, steps: null, epochs: 5 }, 1, [first(10)]).steps).toBe(15);
  });
});

describe("buckets", () => {
  const buckets = [first(50), first(50).map((example) => 50 + example), Uint32Array.of(100, 101)];
  const batchSchedule = createBatchSchedule(shuffled, 3, buckets);
  const bucketOf = (example: number) => buckets.findIndex((bucket) => bucket.includes(example));
  const epoch = (number: number) =>
    Array.from({ length: batchSchedule.batchesPerEpoch }, (_, position) => [
      ...batchSchedule.indicesAt((number - 1) * batchSchedule.batchesPerEpoch + position + 1, 1),
    ]);

  test("a batch has examples of one bucket; an epoch covers all", () => {
    expect(batchSchedule).toMatchObject({ examples: 102, batchSize: 4, batchesPerEpoch: 13 + 13 + 1 });
    for (const number of [1, 2]) {
      for (const batch of epoch(number)) expect(new Set(batch.map(bucketOf)).size).toBe(1);
      expect(
        epoch(number)
          .flat()
          .sort((a, b) => a - b),
      ).toEqual([...first(102)]);
    }
    expect(epoch(1)).not.toEqual(epoch(2));
  });

  test("runs of batches of equal shape are of one bucket and size", () => {
    const sameShapeRuns = Array.from({ length: 27 }, (_, position) => batchSchedule.sameShapeRun(position + 1));
    expect(Math.max(...sameShapeRuns)).toBe(8);
    for (const [position, count] of sameShapeRuns.entries()) {
      const batches = epoch(1).slice(position, position + count);
      expect(batches).toHaveLength(count);
      expect(new Set(batches.map(({ length }) => length)).size).toBe(1);
      expect(new Set(batches.flat().map(bucketOf)).size).toBe(1);
    }
  });

  test("a batch of all examples covers all buckets", () => {
    const fullBatch = createBatchSchedule({ ...shuffled, batch_size: "all" }, 3, buckets);
    expect(fullBatch).toMatchObject({ batchSize: 102, batchesPerEpoch: 1 });
    expect([...fullBatch.indicesAt(2, 1)]).toEqual([...first(102)]);
    expect(fullBatch.sameShapeRun(1)).toBe(Number.POSITIVE_INFINITY);
  });
});
