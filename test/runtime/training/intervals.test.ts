/** The intervals of evaluations, samples and checkpoints, and the calls between them. */
import { describe, expect, test } from "vitest";
import { createBatchSchedule } from "../../../runtime/data/batching/batch-schedule.js";
import { intervalsOf, isDue, maxStepsPerCall } from "../../../runtime/training/intervals.js";
import type { NormalTrain } from "../../../schema/normal/index.js";
import { first, train } from "../../support/normal-specs.js";

describe("intervals", () => {
  const steps = { ...train, batch_size: 4, steps: 1000, checkpoint_every: 30 };

  test("a run of epochs is evaluated after each", () => {
    const epochs = { ...steps, steps: null, epochs: 7 };
    expect(intervalsOf(epochs, createBatchSchedule(epochs, 1, [first(10)]))).toEqual({
      evaluateEvery: 3,
      checkpointEvery: 30,
      keepEvery: 0,
      sampleEvery: 0,
    });
  });

  test("a run of steps is evaluated about 20 times, after whole epochs, and at least 100 steps apart", () => {
    const intervals = (parts: Partial<NormalTrain>, examples: number) => {
      const trainOptions = { ...steps, ...parts };
      return intervalsOf(trainOptions, createBatchSchedule(trainOptions, 1, [first(examples)])).evaluateEvery;
    };
    expect(intervals({ steps: 10_000 }, 10)).toBe(501);
    expect(intervals({ steps: 10_000, batch_size: "all" }, 10)).toBe(500);
    expect(intervals({ steps: 20, batch_size: "all" }, 10)).toBe(100);
    expect(intervals({ steps: 1000 }, 4000)).toBe(1000);
  });

  test("no call crosses an interval, a change of the batch size, or the end", () => {
    const batchSchedule = createBatchSchedule(steps, 1, [first(10)]);
    const intervals = { evaluateEvery: 6, checkpointEvery: 5, keepEvery: 0, sampleEvery: 0 };
    const calls: number[] = [];
    for (let step = 0; step < 15; ) {
      const count = maxStepsPerCall(step, batchSchedule, intervals);
      const sizes = Array.from({ length: count }, (_, index) => batchSchedule.batchSizeAt(step + 1 + index));
      expect(new Set(sizes).size).toBe(1);
      calls.push(count);
      step += count;
    }
    expect(calls).toEqual([2, 1, 2, 1, 2, 1, 1, 1, 1, 2, 1]);
    expect(
      maxStepsPerCall(990, createBatchSchedule(steps, 1, [first(8)]), {
        evaluateEvery: 2000,
        checkpointEvery: 0,
        keepEvery: 0,
        sampleEvery: 0,
      }),
    ).toBe(10);
    expect(
      maxStepsPerCall(0, createBatchSchedule(steps, 1, [first(8)]), {
        evaluateEvery: 2000,
        checkpointEvery: 0,
        keepEvery: 0,
        sampleEvery: 0,
      }),
    ).toBe(1000);
  });

  test("an interval of zero is never due", () => {
    expect([0, 1, 5].map((step) => isDue(step, 0))).toEqual([false, false, false]);
    expect([4, 5, 10].map((step) => isDue(step, 5))).toEqual([false, true, true]);
  });
});
