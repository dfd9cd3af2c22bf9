/** Scales of series: a panel of series that differ in size alone is a panel of equal ones, in training, prediction and export. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import { evaluateRun } from "../../../../runtime/evaluation/evaluate-run.js";
import { exportModel } from "../../../../runtime/export/index.js";
import { predicted, rejectedPredict } from "../../../support/predict-file.js";
import { normal, unplacedProblems } from "../../../support/read-spec.js";
import { sharedFolder, temporaryFolder } from "../../../support/temporary-folder.js";
import { trainSpec } from "../../../support/training-runs.js";

const [window, horizon, rows] = [3, 2, 14];
const value = (row: number) => 2 + ((row * 5) % 7) + row / 10;
const price = (row: number) => 1 + ((row * 3) % 4);
const csv = (factors: Readonly<Record<string, number>>, count = rows) => {
  const lines = Object.entries(factors).flatMap(([shop, factor]) =>
    Array.from({ length: count + horizon }, (_, row) => `${shop},${row},${price(row) * factor},${value(row) * factor}`),
  );
  return `shop,hour,price,y\n${lines.join("\n")}\n`;
};
const data = {
  type: "table",
  file: "t.csv",
  columns: ["y", "price"],
  target: ["y"],
  group: ["shop"],
  time: "hour",
  known_future: ["price"],
  scale: { type: "mean_abs", per: "series" },
  split: { test: 0.3 },
  window,
  horizon,
};
const model = [
  { layer: "rnn", cell: "gru", hidden_size: 3, return: "last", name: "past" },
  { layer: "rnn", cell: "gru", hidden_size: 2, return: "last", from: "future", name: "coming" },
  { layer: "concat", from: ["past", "coming"] },
  { layer: "dense", size: "classes" },
];
const spec = { name: "panel", data, model, loss: { type: "absolute_error" }, train: { steps: 5, batch_size: "all" } };

test("are those of the rows of the training split", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), csv({ a: 1, b: 1000 }));
  const { spec: read } = await normal({ ...spec, optimizer: { type: "adam" } });
  const opened = await openData(read, folder);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const { metadata, splits, notices } = opened.value;
  const trainingRows = splits.train.length / 2 + window + horizon - 1;
  const mean = (of: (row: number) => number) =>
    Array.from({ length: trainingRows }, (_, row) => of(row)).reduce((sum, each) => sum + each, 0) / trainingRows;
  if (metadata.type !== "table") throw new Error("No table.");
  expect(metadata.series?.names).toEqual([["a"], ["b"]]);
  expect(metadata.series?.location).toEqual([
    [0, 0],
    [0, 0],
  ]);
  expect(metadata.series?.scale[0]?.[0]).toBeCloseTo(mean(value), 10);
  expect(metadata.series?.scale[1]?.[1]).toBeCloseTo(1000 * mean(price), 7);
  expect(metadata.scaler).toEqual({});
  expect(Array.from(opened.value.batch([0, splits.train.length]).get("series_id")?.data ?? [], Number)).toEqual([0, 1]);
  expect(notices?.join()).not.toContain("differ in size");
});

test("one scale of very different series is stated", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), csv({ a: 1, b: 1000 }));
  const pooled = { ...spec, data: { ...data, scale: "standard" }, optimizer: { type: "adam" } };
  const opened = await openData((await normal(pooled)).spec, folder);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  expect(opened.value.notices?.join()).toContain('The series of "y" of "t.csv" differ in size by a factor of 1000');
});

describe("a trained model", () => {
  const folders = [sharedFolder(), sharedFolder()];
  const runs: string[] = [];
  let results: readonly { readonly loss: number }[] = [];
  beforeAll(async () => {
    const trained = [
      await trainSpec(spec, { "t.csv": csv({ a: 1, b: 1 }) }, folders[0]),
      await trainSpec(spec, { "t.csv": csv({ a: 1, b: 1000 }) }, folders[1]),
    ];
    runs.push(...trained.map(({ out }) => out));
    results = await Promise.all(
      runs.map(async (run) => {
        const outcome = await evaluateRun({ run, data: null, split: "test", weights: "end", device: "cpu" });
        if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
        return { loss: outcome.value.metrics.test.loss ?? Number.NaN };
      }),
    );
  });

  test("has the loss of equal series, and their predictions in the units of each", async () => {
    expect(results[1]?.loss).toBeCloseTo(results[0]?.loss ?? 0, 5);
    const of = (which: number, factor: number) => predicted(runs[which] ?? "", "in.csv", csv({ a: 1, b: factor }, 5));
    const [equal, different] = [(await of(0, 1)).rows, (await of(1, 1000)).rows];
    expect(equal).toHaveLength(2 * horizon);
    for (const [index, { shop, y }] of different.entries())
      expect(Number(y) / (shop === "b" ? 1000 : 1)).toBeCloseTo(Number(equal[index]?.y), 4);
  });

  test("refuses series without a scale", async () => {
    const [problem] = await rejectedPredict(runs[1] ?? "", "in.csv", csv({ a: 1, c: 2 }, 5));
    expect(problem?.message).toBe('No scale is known of the series "c" of "in.csv", which the training data lacks.');
  });

  test("is exported with the scales of its series", async () => {
    const exported = await exportModel({ run: runs[1] ?? "", out: join(temporaryFolder(), "m.onnx") });
    if (!exported.ok) throw new Error(JSON.stringify(exported.error));
    expect(exported.value.model.inputs).toContainEqual(
      expect.objectContaining({ name: "series_id", dtype: "int32", shape: ["batch"] }),
    );
  });
});

test("needs several series", async () => {
  const one = { ...spec, data: { ...data, group: null }, optimizer: { type: "adam" } };
  expect(await unplacedProblems(one)).toEqual([
    expect.stringContaining("A scale per series needs a file of several series, which data.group names."),
  ]);
});
