import { describe, expect, test } from "vitest";
import { createBatchSchedule } from "../../../runtime/data/batching/batch-schedule.js";
import {
  createStepsPerCallTuner,
  intervalsOf,
  isDue,
  maxStepsPerCall,
  nextStepsPerCall,
} from "../../../runtime/training/steps-per-call.js";
import type { NormalTrain } from "../../../schema/normal/index.js";
import { first, train } from "../../support/normal-specs.js";

describe("steps per call", () => {
  test("auto grows to calls of about 150 ms, in powers of two", () => {
    const pace = createStepsPerCallTuner("auto", 100);
    const stepCounts: number[] = [];
    for (let call = 0; call < 6; call++) {
      const steps = pace.stepsPerCall();
      stepCounts.push(steps);
      pace.record(steps, 20 + steps * 0.5);
    }
    expect(stepCounts).toEqual([1, 4, 16, 64, 128, 128]);
  });

  test("auto stays at one step when a step is long, and comes back from a slow call", () => {
    expect(nextStepsPerCall(1, 1, 400)).toBe(1);
    expect(nextStepsPerCall(64, 64, 1000)).toBe(8);
    expect(nextStepsPerCall(64, 1, 0)).toBe(512);
  });

  test("a short call says how fast steps are, not how many to make", () => {
    expect(nextStepsPerCall(64, 2, 4)).toBe(64);
  });

  test("a number is a number, within what memory should hold", () => {
    expect(createStepsPerCallTuner(7, 100).stepsPerCall()).toBe(7);
    expect(createStepsPerCallTuner(1000, 2 ** 20).stepsPerCall()).toBe(64);
    expect(createStepsPerCallTuner("auto", 2 ** 40).stepsPerCall()).toBe(1);
  });
});

describe("milestones", () => {
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

  test("a run of steps is evaluated about 20 times, after whole epochs, and not all the time", () => {
    const intervals = (parts: Partial<NormalTrain>, examples: number) => {
      const trainOptions = { ...steps, ...parts };
      return intervalsOf(trainOptions, createBatchSchedule(trainOptions, 1, [first(examples)])).evaluateEvery;
    };
    expect(intervals({ steps: 10_000 }, 10)).toBe(501);
    expect(intervals({ steps: 10_000, batch_size: "all" }, 10)).toBe(500);
    expect(intervals({ steps: 20, batch_size: "all" }, 10)).toBe(100);
    expect(intervals({ steps: 1000 }, 4000)).toBe(1000);
  });

  test("no call crosses a milestone, a change of the batch size, or the end", () => {
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

  test("zero is never", () => {
    expect([0, 1, 5].map((step) => isDue(step, 0))).toEqual([false, false, false]);
    expect([4, 5, 10].map((step) => isDue(step, 5))).toEqual([false, true, true]);
  });
});
