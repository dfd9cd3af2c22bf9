import { describe, expect, test } from "vitest";
import { orderOf, schedule } from "../../runtime/order.js";
import { first, train } from "./spec.js";

describe("the order of an epoch", () => {
  test("is a permutation, and as the examples come without shuffling", () => {
    expect([...orderOf(1, 1, 100, true)].sort((a, b) => a - b)).toEqual([...orderOf(1, 1, 100, false)]);
    expect([...orderOf(1, 1, 5, false)]).toEqual([0, 1, 2, 3, 4]);
    expect([...orderOf(1, 1, 0, true)]).toEqual([]);
  });

  test("depends on the seed and the epoch, and on nothing else", () => {
    const order = [...orderOf(7, 3, 20, true)];
    expect([...orderOf(7, 3, 20, true)]).toEqual(order);
    expect([...orderOf(8, 3, 20, true)]).not.toEqual(order);
    expect([...orderOf(7, 4, 20, true)]).not.toEqual(order);
    // Pinned: a run of an earlier version must be resumed in its own order.
    expect([...orderOf(1, 1, 8, true)]).toEqual([7, 4, 5, 3, 2, 0, 6, 1]);
  });

  test("gives every example every place equally often", () => {
    const counts = new Float64Array(16);
    for (let epoch = 1; epoch <= 4000; epoch++) {
      for (const [place, example] of orderOf(1, epoch, 4, true).entries()) {
        counts[place * 4 + example] = (counts[place * 4 + example] ?? 0) + 1;
      }
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

const shuffled = { ...train, shuffle: true, batch_size: 4, steps: 9 };

describe("the batches of a run", () => {
  test("cover each epoch once; the last one may be smaller", () => {
    const plan = schedule(shuffled, 1, [first(10)]);
    expect(plan).toMatchObject({ batchSize: 4, batchesPerEpoch: 3, steps: 9, repeats: false });
    expect([1, 2, 3, 4, 6].map(plan.batchSizeAt)).toEqual([4, 4, 2, 4, 2]);
    expect([1, 3, 4, 9].map(plan.epochOf)).toEqual([1, 1, 2, 3]);
    for (const epoch of [1, 2, 3]) {
      const read = [1, 2, 3].flatMap((place) => [...plan.batchesAt((epoch - 1) * 3 + place, 1)]);
      expect(read).toEqual([...orderOf(1, epoch, 10, true)]);
    }
  });

  test("are the same whether reached step by step, at once, or after a resumption", () => {
    const one = schedule(shuffled, 1, [first(8)]);
    const stepwise = Array.from({ length: 9 }, (_, index) => [...one.batchesAt(index + 1, 1)]).flat();
    expect([...schedule(shuffled, 1, [first(8)]).batchesAt(1, 9)]).toEqual(stepwise);
    expect([...schedule(shuffled, 1, [first(8)]).batchesAt(6, 4)]).toEqual(stepwise.slice(5 * 4));
  });

  test("hold every example in their own order for batch_size all, or one that is larger", () => {
    for (const batch_size of ["all", 5, 100] as const) {
      const plan = schedule({ ...shuffled, batch_size }, 1, [first(5)]);
      expect([...plan.batchesAt(7, 1)]).toEqual([0, 1, 2, 3, 4]);
      expect(plan.epochOf(7)).toBe(7);
      expect(plan.repeats).toBe(true);
    }
  });

  test("end after whole epochs where the spec counts epochs", () => {
    expect(schedule({ ...shuffled, steps: null, epochs: 5 }, 1, [first(10)]).steps).toBe(15);
  });
});

describe("buckets", () => {
  const buckets = [first(50), first(50).map((example) => 50 + example), Uint32Array.of(100, 101)];
  const plan = schedule(shuffled, 3, buckets);
  const bucketOf = (example: number) => buckets.findIndex((bucket) => bucket.includes(example));
  const epoch = (number: number) =>
    Array.from({ length: plan.batchesPerEpoch }, (_, place) => [
      ...plan.batchesAt((number - 1) * plan.batchesPerEpoch + place + 1, 1),
    ]);

  test("a batch holds examples of one bucket, and an epoch all of them", () => {
    expect(plan).toMatchObject({ examples: 102, batchSize: 4, batchesPerEpoch: 13 + 13 + 1 });
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

  test("batches that are alike are of one bucket and one size, and some follow each other", () => {
    const alike = Array.from({ length: 27 }, (_, place) => plan.alikeFrom(place + 1));
    expect(Math.max(...alike)).toBe(8);
    for (const [place, count] of alike.entries()) {
      const batches = epoch(1).slice(place, place + count);
      expect(batches).toHaveLength(count);
      expect(new Set(batches.map(({ length }) => length)).size).toBe(1);
      expect(new Set(batches.flat().map(bucketOf)).size).toBe(1);
    }
  });

  test("a batch of all examples holds all buckets", () => {
    const whole = schedule({ ...shuffled, batch_size: "all" }, 3, buckets);
    expect(whole).toMatchObject({ batchSize: 102, batchesPerEpoch: 1 });
    expect([...whole.batchesAt(2, 1)]).toEqual([...first(102)]);
    expect(whole.alikeFrom(1)).toBe(Number.POSITIVE_INFINITY);
  });
});
