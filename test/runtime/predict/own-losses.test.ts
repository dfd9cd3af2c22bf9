/** Runs with losses of a spec: predictions of classes and of numbers, outputs that are no predictions, and exports of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { objects, predicted } from "../../support/predict-file.js";
import { trainSpec } from "../../support/training-runs.js";

const rows = Array.from({ length: 24 }, (_, row) => [row, 10 * row + (row % 3), 100 + row]);
const csv = ["a,b,c", ...rows.map((row) => row.join(","))].join("\n");
const data = { type: "table", file: "rows.csv", window: 2, target: ["c"], scale: "standard" };
const model = (size: number) => [
  { layer: "rnn", cell: "gru", hidden_size: 4, return: "last" },
  { layer: "dense", size },
];
const train = { steps: 20, batch_size: 8 };

test("a loss of the spec predicts numbers in the units of the columns, as the built-in one does", async () => {
  const losses = { mine: { options: { power: 2 }, equations: ["e = y - t", "loss = e ^ power"] } };
  const files = { "rows.csv": csv };
  const own = await trainSpec({ data, losses, model: model(1), loss: { type: "mine" }, train }, files);
  const builtIn = await trainSpec({ data, model: model(1), loss: { type: "squared_error" }, train }, files);
  const predictions = await objects(own.out, "rows.csv", csv);
  expect(predictions).toEqual(await objects(builtIn.out, "rows.csv", csv));
  expect(Number(predictions[0]?.c)).toBeGreaterThan(90);
  expect(JSON.parse(readFileSync(join(own.out, "spec.json"), "utf8")).losses[0]).toMatchObject({
    type: "custom",
    name: "mine",
    definition: { equations: ["e = y - t", "loss = e ^ power"] },
  });
});

test("other outputs are reported as they are, with a notice of their scaled units", async () => {
  const losses = { between: { equations: ["a, b = split(y, 2)", "loss = (a - t) ^ 2 + (b - t) ^ 2"], output_size: 2 } };
  const spec = { data, losses, model: model(2), loss: { type: "between" }, train };
  const { out, done } = await trainSpec(spec, { "rows.csv": csv });
  expect(Object.keys(done.metrics.train ?? {})).toEqual(["loss"]);
  const { rows: predictions, notices } = await predicted(out, "rows.csv", csv);
  expect(predictions[0]?.output).toHaveLength(2);
  expect(notices).toContain('The outputs of between are in the scaled units of "c": data.json has the scale.');
});

test("classes have names, and an embedding has none", async () => {
  const lines = ["good fine", "bad awful", "fine good", "awful bad", "good good", "bad bad"].map((text, index) =>
    JSON.stringify({ text, label: index % 2 === 0 ? "yes" : "no" }),
  );
  const jsonl = `${lines.join("\n")}\n`;
  const sequences = { type: "sequences", file: "texts.jsonl", unit: "word" };
  const layers = (size: number | string) => [
    { layer: "embedding", size: 4 },
    { layer: "rnn", cell: "gru", hidden_size: 4, return: "last" },
    { layer: "dense", size },
  ];
  const losses = { mine: { target: "class", equations: ["loss = -gather(log_softmax(y), t)"] } };
  const files = { "texts.jsonl": jsonl };
  const steps = { steps: 60, batch_size: "all" };
  const own = await trainSpec(
    { data: sequences, losses, model: layers("classes"), loss: { type: "mine" }, train: steps },
    files,
  );
  expect((await objects(own.out, "texts.jsonl", jsonl)).map(({ label }) => label)).toEqual([
    "yes",
    "no",
    "yes",
    "no",
    "yes",
    "no",
  ]);
  const embedded = await trainSpec(
    { data: sequences, model: layers(3), loss: { type: "contrastive" }, train: steps },
    files,
  );
  const [first] = await objects(embedded.out, "texts.jsonl", `${JSON.stringify({ text: "good fine" })}\n`);
  expect(first?.output).toHaveLength(3);
  expect(first).not.toHaveProperty("label");
});
