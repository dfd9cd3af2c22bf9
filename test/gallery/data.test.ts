/** Systems that learn from files: series, images, sequences. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { rnnx, train } from "./run.js";

const data = join(import.meta.dirname, "../../specs/data");

it("feedforward fits XOR", async () => {
  const { metrics } = await train("feedforward");
  expect(metrics.train.accuracy).toBe(1);
});

/** The error of saying that a price stays, on the last `test` of the rows, scaled as the rows before them are. */
function persistenceError(csv: string, window: number, fraction: number): number {
  const rows = csv.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const closes = rows.map((row) => Number(row.split(",")[4])).reverse();
  const trainCount = Math.floor((closes.length - window) * fraction) + window;
  const trainCloses = closes.slice(0, trainCount);
  const width = Math.max(...trainCloses) - Math.min(...trainCloses);
  const errors = closes
    .slice(trainCount)
    .map((close, index) => (close - (closes[trainCount + index - 1] ?? 0)) / width);
  return Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
}

it("stock predicts the next price about as well as anyone", async () => {
  const { metrics, predictions } = await train("stock");
  const baseline = persistenceError(readFileSync(join(data, "stock.csv"), "utf8"), 7, 0.7);
  expect(metrics.test.rmse).toBeLessThan(1.25 * baseline);
  // Said in money, not in the scaled unit.
  for (const [price] of predictions as readonly (readonly number[])[]) expect(price).toBeGreaterThan(300);
});

it("weather says the next hour of ten stations after each of 24", async () => {
  const { metrics, predictions } = await train("weather", "--set", "train.epochs=5");
  expect(predictions[0]).toHaveLength(24);
  expect((predictions as readonly (readonly unknown[])[])[0]?.[0]).toHaveLength(10);
  // In deviations of the stations' temperatures.
  expect(metrics.test.rmse).toBeLessThan(0.3);
});

it("mnist-rows reads digits row by row", async () => {
  const { metrics } = await train("mnist-rows", "--set", "train.epochs=40");
  expect(metrics.test.accuracy).toBeGreaterThan(0.9);
});

it.each(["spam", "max-pool", "convolution"])("%s tells spam from other messages", async (spec) => {
  const { metrics, predictions } = await train(spec);
  expect(metrics.validation.accuracy).toBeGreaterThanOrEqual(0.95);
  for (const prediction of predictions) expect(["ham", "spam"]).toContain(prediction);
});

it("requests says the intent of a request, and the slot of each word", async () => {
  const { metrics, predictions } = await train("requests");
  expect(metrics.validation["intent/accuracy"]).toBeGreaterThanOrEqual(0.95);
  expect(metrics.validation["slots/accuracy"]).toBeGreaterThanOrEqual(0.95);
  expect(predictions[0]).toMatchObject({ intent: expect.any(String), slots: expect.any(Array) });
});

it("tagging says a part of speech for each word", async () => {
  const { metrics } = await train("tagging");
  expect(metrics.validation.accuracy).toBeGreaterThanOrEqual(0.95);
  expect((await rnnx("inspect", "specs/tagging.json")).at(-1)).toMatchObject({ event: "result" });
});
