/** Predictions of quantiles and distributions of tables: levels as columns, units, samples, and requests without an answer. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { predictRun } from "../../../runtime/predict/predict-run.js";
import { array, objects } from "../../support/predict-file.js";
import { trainSpec } from "../../support/training-runs.js";

const rows = Array.from({ length: 30 }, (_, row) => [100 + row + (row % 3), 20 - (row % 4)]);
const csv = ["a,b", ...rows.map((row) => row.join(","))].join("\n");
const train = (loss: object, size: number, data: object = {}) =>
  trainSpec(
    {
      data: { type: "table", file: "t.csv", window: 4, horizon: 2, target: ["a", "b"], scale: "standard", ...data },
      model: [
        { layer: "rnn", cell: "gru", hidden_size: 4, return: "last" },
        { layer: "dense", size },
      ],
      loss,
      train: { steps: 20, batch_size: 8 },
    },
    { "t.csv": csv },
  );

/** Predictions after the last window, by a request. */
async function forecastsOf(folder: string, forecast: { levels: readonly number[] | null; samples: number }) {
  writeFileSync(join(folder, "in.csv"), csv);
  const run = join(folder, "run");
  return predictRun({ run, input: "in.csv", output: null, folder, beam: null, forecast, device: "cpu" });
}

async function expectRefused(folder: string, request: Parameters<typeof forecastsOf>[1], message: string) {
  const outcome = await forecastsOf(folder, request);
  expect(outcome.ok ? outcome.value : outcome.error).toMatchObject({ kind: "input", problems: [{ message }] });
}

const scalersOf = (out: string) => JSON.parse(readFileSync(join(out, "data.json"), "utf8")).metadata.scaler;

test("quantiles are columns in the units of the data, sorted, with the median as the forecast", async () => {
  const { out, folder } = await train({ type: "quantile", levels: [0.9, 0.1, 0.5] }, 12);
  const predictions = await objects(out, "in.csv", csv);
  const { values } = await array(out, "in.csv", csv);
  const { offset, factor } = scalersOf(out).a;
  expect(predictions.map(({ step }) => step)).toEqual([1, 2]);
  for (const [row, prediction] of predictions.entries()) {
    const outputs = Array.from(values.slice(row * 6, row * 6 + 3), (value) => value / factor + offset);
    const sorted = outputs.sort((a, b) => a - b).map((value) => expect.closeTo(value, 3));
    expect([0.1, 0.5, 0.9].map((level) => prediction[`a_${level}`])).toEqual(sorted);
    expect(prediction.a).toBe(prediction["a_0.5"]);
    expect(Object.keys(prediction)).toEqual(expect.arrayContaining(["b", "b_0.1", "b_0.5", "b_0.9"]));
  }
  await expectRefused(
    folder,
    { levels: [0.25], samples: 0 },
    "The model has no output of the level 0.25: its loss has 0.1, 0.5, 0.9.",
  );
  await expectRefused(
    folder,
    { levels: null, samples: 3 },
    "The outputs of quantile are levels, which have no samples.",
  );
});

test("a normal distribution has its mean, deviation, levels and samples in the units of the data", async () => {
  const { out, folder } = await train({ type: "gaussian_nll" }, 8);
  const outcome = await forecastsOf(folder, { levels: [0.025, 0.975], samples: 400 });
  const { values } = await array(out, "in.csv", csv);
  const { offset, factor } = scalersOf(out).b;
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  const prediction = outcome.value.predictions[1];
  // The second row, column b: the fourth mean and the fourth logarithm of a variance.
  const [mean, deviation] = [(values[3] ?? 0) / factor + offset, Math.exp((values[7] ?? 0) / 2) / factor];
  expect(prediction).toMatchObject({
    b: expect.closeTo(mean, 3),
    b_std: expect.closeTo(deviation, 4),
    "b_0.025": expect.closeTo(mean - 1.959964 * deviation, 3),
    "b_0.975": expect.closeTo(mean + 1.959964 * deviation, 3),
  });
  const samples = (prediction?.b_samples ?? []) as readonly number[];
  expect(samples).toHaveLength(400);
  const average = samples.reduce((sum, value) => sum + value, 0) / samples.length;
  expect(Math.abs(average - mean)).toBeLessThan((4 * deviation) / 20);
});

test("counts are not scaled, and their levels are integers", async () => {
  const { out } = await train({ type: "negative_binomial_nll" }, 2, { target: ["b"], horizon: 1 });
  const [prediction] = await objects(out, "in.csv", csv);
  const { values } = await array(out, "in.csv", csv);
  expect(prediction?.b).toBeCloseTo(Math.exp(values[0] ?? 0), 3);
  for (const level of [0.1, 0.5, 0.9]) expect(Number.isInteger(prediction?.[`b_${level}`])).toBe(true);
});

test("levels of other outputs are refused", async () => {
  const { folder } = await train({ type: "squared_error" }, 4);
  const message = "The outputs of squared_error are no quantiles or distribution.";
  await expectRefused(folder, { levels: [0.5], samples: 0 }, message);
});
