import { describe, expect, test } from "vitest";
import { initialProgress, type TrainingProgress } from "../../../runtime/run/training-snapshot.js";
import {
  isImprovement,
  restoreProgress,
  shouldStopEarly,
  unusableMetrics,
  updateProgress,
} from "../../../runtime/training/early-stopping.js";
import type { NormalEarlyStopping, NormalSpec, WatchedMetric } from "../../../schema/normal/index.js";

const loss: WatchedMetric = { metric: "loss", mode: "min" };
const stopping: NormalEarlyStopping = { ...loss, patience: 2, minimum_delta: 0.1 };

/** The progress after evaluations with these validation losses, every 10 steps. */
function progressAfter(
  values: readonly number[],
  early_stopping: NormalEarlyStopping | null = stopping,
  keep_best: WatchedMetric | null = loss,
): readonly TrainingProgress[] {
  let progress = initialProgress;
  return values.map((value, index) => {
    const metrics = { train: {}, validation: { loss: value }, test: {} };
    progress = updateProgress({ early_stopping, keep_best }, progress, { step: (index + 1) * 10, metrics }, true);
    return progress;
  });
}

test("the best is the first of the best values", () => {
  const bestEvaluations = progressAfter([3, 2, 2, Number.NaN, 1, 4]).map(({ best }) => best && [best.step, best.value]);
  expect(bestEvaluations).toEqual([
    [10, 3],
    [20, 2],
    [20, 2],
    [20, 2],
    [50, 1],
    [50, 1],
  ]);
  expect(progressAfter([1, 2]).at(-1)?.latest?.step).toBe(20);
  expect(progressAfter([1, 2], stopping, null).at(-1)?.best).toBeNull();
  expect(progressAfter([Number.NaN]).at(-1)?.best).toBeNull();
});

test("watched metrics that are not finite, with the keys that watch them", () => {
  const train = { early_stopping: { ...stopping, metric: "own" }, keep_best: { metric: "own", mode: "min" } } as const;
  const optimizer = { schedule: { type: "plateau", metric: "loss" } };
  const spec = { train, optimizer } as unknown as NormalSpec;
  const unusable = (values: Record<string, number>) => [...unusableMetrics(spec, values)];
  expect(unusable({ own: Number.NaN, loss: 1, other: Number.NaN })).toEqual([["own", ["early_stopping", "keep_best"]]]);
  expect(unusable({ own: 1, loss: Number.POSITIVE_INFINITY })).toEqual([["loss", ["plateau"]]]);
  expect(unusable({ own: 1, loss: 1 })).toEqual([]);
});

test("patience counts the evaluations since an improvement by more than the delta", () => {
  const history = progressAfter([3, 2.95, 2.85, 2.8, 2.7, Number.NaN]);
  expect(history.map((progress) => progress.stopping?.wait)).toEqual([0, 1, 0, 1, 0, 1]);
  expect(
    progressAfter([3, 3]).map((progress) => shouldStopEarly({ early_stopping: stopping, keep_best: null }, progress)),
  ).toEqual([false, false]);
  const done = progressAfter([3, 3, 3]).map((progress) =>
    shouldStopEarly({ early_stopping: stopping, keep_best: null }, progress),
  );
  expect(done).toEqual([false, false, true]);
  expect(
    shouldStopEarly({ early_stopping: null, keep_best: null }, progressAfter([3, 3, 3])[2] ?? initialProgress),
  ).toBe(false);
});

test("the evaluation at a run's end counts for the best, not for patience", () => {
  const [first = initialProgress] = progressAfter([3]);
  const metrics = { train: {}, validation: { loss: 1 }, test: {} };
  const last = updateProgress({ early_stopping: stopping, keep_best: loss }, first, { step: 13, metrics }, false);
  expect(last).toMatchObject({ best: { step: 13, value: 1 }, stopping: first.stopping, latest: { step: 13 } });
});

describe("an improvement", () => {
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
    expect(isImprovement(mode, value, best, delta)).toBe(expected);
  });
});

test("the progress of another metric is dropped", () => {
  const [progress = initialProgress] = progressAfter([3]);
  expect(restoreProgress({ early_stopping: { ...stopping, patience: 9 }, keep_best: loss }, progress)).toEqual(
    progress,
  );
  const otherMetric = { metric: "accuracy", mode: "max" } as const;
  expect(restoreProgress({ early_stopping: { ...stopping, ...otherMetric }, keep_best: null }, progress)).toEqual({
    latest: progress.latest,
    best: null,
    stopping: null,
    plateau: null,
  });
});
