import { describe, expect, test } from "vitest";
import { isBetter } from "../../runtime/better.js";
import { blank, isExhausted, type Memory, recall, remember } from "../../runtime/watch.js";
import type { NormalEarlyStopping, WatchedMetric } from "../../schema/normal.js";

const loss: WatchedMetric = { metric: "loss", mode: "min" };
const stopping: NormalEarlyStopping = { ...loss, patience: 2, minimum_delta: 0.1 };

/** The memories after evaluations with these validation losses, every 10 steps. */
function memories(
  values: readonly number[],
  early_stopping: NormalEarlyStopping | null = stopping,
  keep_best: WatchedMetric | null = loss,
): readonly Memory[] {
  let memory = blank;
  return values.map((value, index) => {
    const metrics = { train: {}, validation: { loss: value }, test: {} };
    memory = remember({ early_stopping, keep_best }, memory, { step: (index + 1) * 10, metrics }, true);
    return memory;
  });
}

test("the best is the first of the best values", () => {
  const bests = memories([3, 2, 2, Number.NaN, 1, 4]).map(({ best }) => best && [best.step, best.value]);
  expect(bests).toEqual([
    [10, 3],
    [20, 2],
    [20, 2],
    [20, 2],
    [50, 1],
    [50, 1],
  ]);
  expect(memories([1, 2]).at(-1)?.latest?.step).toBe(20);
  expect(memories([1, 2], stopping, null).at(-1)?.best).toBeNull();
  expect(memories([Number.NaN]).at(-1)?.best).toBeNull();
});

test("patience counts the evaluations without one that is better by more than the delta", () => {
  const seen = memories([3, 2.95, 2.85, 2.8, 2.7, Number.NaN]);
  expect(seen.map((memory) => memory.stopping?.waited)).toEqual([0, 1, 0, 1, 0, 1]);
  expect(memories([3, 3]).map((memory) => isExhausted({ early_stopping: stopping, keep_best: null }, memory))).toEqual([
    false,
    false,
  ]);
  const done = memories([3, 3, 3]).map((memory) => isExhausted({ early_stopping: stopping, keep_best: null }, memory));
  expect(done).toEqual([false, false, true]);
  expect(isExhausted({ early_stopping: null, keep_best: null }, memories([3, 3, 3])[2] ?? blank)).toBe(false);
});

test("the evaluation at a run's end counts for the best, not for patience", () => {
  const [first = blank] = memories([3]);
  const metrics = { train: {}, validation: { loss: 1 }, test: {} };
  const last = remember({ early_stopping: stopping, keep_best: loss }, first, { step: 13, metrics }, false);
  expect(last).toMatchObject({ best: { step: 13, value: 1 }, stopping: first.stopping, latest: { step: 13 } });
});

describe("better", () => {
  test.each<[WatchedMetric["mode"], number, number | undefined, number, boolean]>([
    ["min", 1, undefined, 0, true],
    ["min", 1, 1, 0, false],
    ["min", 0.9, 1, 0, true],
    ["min", 0.95, 1, 0.1, false],
    ["max", 1.1, 1, 0, true],
    ["max", 0.9, 1, 0, false],
    ["max", 1.05, 1, 0.1, false],
    ["min", Number.NEGATIVE_INFINITY, 1, 0, false],
    ["max", Number.NaN, undefined, 0, false],
  ])("%s: %d after %d by more than %d: %s", (mode, value, best, delta, expected) => {
    expect(isBetter(mode, value, best, delta)).toBe(expected);
  });
});

test("what was watched of another metric is forgotten", () => {
  const [memory = blank] = memories([3]);
  expect(recall({ early_stopping: { ...stopping, patience: 9 }, keep_best: loss }, memory)).toEqual(memory);
  const other = { metric: "accuracy", mode: "max" } as const;
  expect(recall({ early_stopping: { ...stopping, ...other }, keep_best: null }, memory)).toEqual({
    latest: memory.latest,
    best: null,
    stopping: null,
    plateau: null,
  });
});
