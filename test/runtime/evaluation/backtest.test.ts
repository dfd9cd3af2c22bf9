/** Backtests: the errors by period are those of the rows of the file, and together those of the split. */
import { expect, test } from "vitest";
import { backtestRun } from "../../../runtime/evaluation/backtest.js";
import { evaluateRun } from "../../../runtime/evaluation/evaluate-run.js";
import { trainSpec } from "../../support/training-runs.js";

// The second half of each series of 60 rows changes by 10 a row, the first by 1.
const saleOf = (row: number) => (row < 50 ? row : 50 + (row - 50) * 10);
const rows = ["x", "y"].flatMap((series) => Array.from({ length: 60 }, (_, row) => `${series},${saleOf(row)}`));
const csv = ["s,v", ...rows].join("\n");
const spec = (change: object = {}) => ({
  data: {
    type: "table",
    file: "t.csv",
    group: ["s"],
    columns: ["v"],
    target: ["v"],
    window: 3,
    horizon: 2,
    split: { test: 0.3 },
    ...change,
  },
  model: [
    { layer: "rnn", cell: "gru", hidden_size: 2, return: "last" },
    { layer: "dense", size: "classes" },
  ],
  loss: { type: "squared_error" },
  train: { steps: 2, batch_size: 8 },
});

test("folds are periods of equal size, with the errors of each and of its baselines by step", async () => {
  const { out } = await trainSpec(spec(), { "t.csv": csv });
  const outcome = await backtestRun({ run: out, folds: 2, device: "cpu" });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  const { split, folds } = outcome.value;
  expect(split).toBe("test");
  expect(folds.map(({ fold }) => fold)).toEqual([1, 2]);
  const request = { run: out, data: null, split: "test", weights: "end", device: "cpu", withDetails: true } as const;
  const whole = await evaluateRun(request);
  if (!whole.ok) throw new Error(JSON.stringify(whole.error));
  const { examples, details } = whole.value;
  const counts = folds.map((fold) => fold.examples);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(examples.test);
  expect(Math.abs((counts[0] ?? 0) - (counts[1] ?? 0))).toBeLessThanOrEqual(2);
  const errors = folds.map((fold) => fold.columns[0]?.mae ?? Number.NaN);
  const weighted = errors.reduce((sum, mae, index) => sum + mae * ((counts[index] ?? 0) / examples.test), 0);
  expect(weighted).toBeCloseTo(details?.columns?.[0]?.mae ?? Number.NaN, 4);
  // In the last period each step from the last value is 10.
  const last = folds[1]?.baselines?.find(({ baseline }) => baseline === "last value");
  expect(last?.steps?.map(({ mae }) => mae)).toEqual([expect.closeTo(10, 4), expect.closeTo(20, 4)]);
  expect(folds[0]?.baselines?.find(({ baseline }) => baseline === "last value")?.mae).toBeLessThan(15);
  const few = await backtestRun({ run: out, folds: 500, device: "cpu" });
  expect(few.ok ? "" : few.error).toMatchObject({ kind: "input", problems: [{ code: "no-backtest" }] });
});

test("a run without forecasts is refused", async () => {
  const { out } = await trainSpec(spec({ horizon: 0, columns: ["w"], group: null }), {
    "t.csv": `w,v\n${Array.from({ length: 30 }, (_, row) => `${row},${2 * row}`).join("\n")}`,
  });
  const outcome = await backtestRun({ run: out, folds: 2, device: "cpu" });
  expect(outcome.ok ? "" : outcome.error).toMatchObject({ kind: "input", problems: [{ code: "no-backtest" }] });
});
