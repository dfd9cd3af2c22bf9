/** The streams of an evaluation of a stateful model: metrics are those of states that start at zero in each. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { evaluateRun } from "../../../runtime/evaluation/evaluate-run.js";
import { predictRun } from "../../../runtime/predict/predict-run.js";
import { trainSpec } from "../../support/training-runs.js";

const rows = Array.from({ length: 32 }, (_, row) => [(row * 3) % 5, (row % 7) * 0.5] as const);
const csv = (from: number, to: number) =>
  `a,y\n${rows
    .slice(from, to)
    .map((row) => `${row.join(",")}\n`)
    .join("")}`;
const specOf = (batchSize: number) => ({
  data: { type: "table", file: "t.csv", columns: ["a"], target: ["y"], horizon: 0, window: 1, split: { train: 1 } },
  model: [
    { layer: "rnn", cell: "gru", hidden_size: 4, stateful: true },
    { layer: "dense", size: 1 },
  ],
  loss: { type: "squared_error" },
  optimizer: { type: "sgd", learning_rate: 0.1 },
  train: { steps: 2, batch_size: batchSize },
});

test.each([
  [1, "The model is stateful: its states start at zero in each split, and continue to the end."],
  [
    2,
    "The model is stateful: each split is read as up to 2 streams of consecutive windows (train.batch_size). The states of each start at zero, so that the metrics depend on the batch size.",
  ],
])("of %i streams are those of predictions for each stream", async (streams, notice) => {
  const length = rows.length / streams;
  const parts = Array.from({ length: streams }, (_, part) => [
    `part${part}.csv`,
    csv(part * length, (part + 1) * length),
  ]);
  const { out, folder } = await trainSpec(specOf(streams), {
    "t.csv": csv(0, rows.length),
    ...Object.fromEntries(parts),
  });
  const evaluation = await evaluateRun({ run: out, data: null, split: null, weights: "end", device: "cpu" });
  if (!evaluation.ok) throw new Error(JSON.stringify(evaluation.error));
  expect(evaluation.value.notices).toContain(notice);
  let [sum, count] = [0, 0];
  for (let part = 0; part < streams; part++) {
    const request = {
      run: out,
      input: `part${part}.csv`,
      output: "p.json",
      folder,
      beam: null,
      device: "cpu",
    } as const;
    expect(await predictRun(request)).toMatchObject({ ok: true });
    const predictions: readonly { readonly line: number; readonly y: number }[] = JSON.parse(
      readFileSync(join(folder, "p.json"), "utf8"),
    );
    for (const { line, y } of predictions) {
      sum += (y - (rows[part * length + line - 2]?.[1] ?? Number.NaN)) ** 2;
      count++;
    }
  }
  expect(count).toBe(rows.length);
  expect(evaluation.value.metrics.train.loss).toBeCloseTo(sum / count, 5);
});
