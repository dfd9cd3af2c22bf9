/** Predictions of columns whose values differ by less than float32 can show: those of a shifted series are shifted. */
import { expect, test } from "vitest";
import { array, objects } from "../../support/predict-file.js";
import { trainSpec } from "../../support/training-runs.js";

const SHIFT = 1_700_000_000;
const table = (shift: number) =>
  `y\n${Array.from({ length: 30 }, (_, row) => `${shift + 10 * ((row * 3) % 7)}\n`).join("")}`;
const spec = {
  data: { type: "table", file: "t.csv", columns: ["y"], window: 2, scale: "standard" },
  model: [
    { layer: "rnn", cell: "gru", hidden_size: 4, return: "last" },
    { layer: "dense", size: 1 },
  ],
  loss: { type: "squared_error" },
  train: { steps: 20 },
};

test("are in float64 where a scaler is undone", async () => {
  const [near, far] = [await trainSpec(spec, { "t.csv": table(0) }), await trainSpec(spec, { "t.csv": table(SHIFT) })];
  const expected = await objects(near.out, "in.csv", table(0));
  const predictions = await objects(far.out, "in.csv", table(SHIFT));
  expect(new Set(expected.map(({ y }) => y)).size).toBeGreaterThan(3);
  const { values } = await array(far.out, "in.csv", table(SHIFT));
  for (const [index, { y }] of expected.entries()) {
    const shifted = Number(predictions[index]?.y);
    expect(shifted - SHIFT).toBeCloseTo(Number(y), 3);
    expect(Number(values[index])).toBe(shifted);
  }
  expect(near.done.predictions.length).toBeGreaterThan(0);
  for (const [index, prediction] of near.done.predictions.entries())
    expect(Number([far.done.predictions[index]].flat()[0]) - SHIFT).toBeCloseTo(Number([prediction].flat()[0]), 3);
});
