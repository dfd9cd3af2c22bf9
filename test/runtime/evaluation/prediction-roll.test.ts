/** Rolls of targets and predictions, for models of several probabilities at each step. */
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { openRunExamples } from "../../../runtime/evaluation/run-examples.js";
import { summarizeRun } from "../../../runtime/evaluation/summarize-run.js";
import { createReport } from "../../../views/report/report.js";
import { trainSpec } from "../../support/training-runs.js";

const rows = Array.from({ length: 12 }, (_, row) => [row % 2, row % 3 === 0 ? 1 : 0]);
const csv = `low,high\n${rows.map((row) => row.join(",")).join("\n")}\n`;

const specOf = (activation: string, loss: string) => ({
  data: { type: "table", file: "t.csv", window: 4, split: { train: 0.7, validation: 0.3 } },
  model: [
    { layer: "conv1d", size: 4, kernel_size: 2, padding: "causal" },
    { layer: "dense", size: "features", activation },
  ],
  loss: { type: loss },
  train: { steps: 2, batch_size: 2 },
});

async function rollOf(out: string) {
  const opened = await openRunExamples(out);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const summary = await summarizeRun(opened.value);
  if (!summary.ok) throw new Error(JSON.stringify(summary.error));
  const [output] = summary.value.outputs.values();
  return { roll: output?.roll, examples: opened.value.examples };
}

test("a roll has the targets of an example, and the outputs of the exported model", async () => {
  const { out } = await trainSpec(specOf("sigmoid", "binary_cross_entropy"), { "t.csv": csv });
  const { roll, examples } = await rollOf(out);
  const first = examples[0] ?? -1;
  expect(roll).toMatchObject({ example: first, columns: ["low", "high"], steps: 4 });
  // The targets of a window are the rows after each of its own.
  expect(roll?.target).toEqual(rows.slice(first + 1, first + 5));
  const session = await InferenceSession.create(join(out, "model.onnx"), { logSeverityLevel: 4 });
  const inputs = new Tensor("float32", Float32Array.from(rows.slice(first, first + 4).flat()), [1, 4, 2]);
  const { outputs } = await session.run({ inputs });
  const expected = Array.from(outputs?.data as Float32Array, (value) => expect.closeTo(value, 6));
  expect(roll?.predicted.flat()).toEqual(expected);
  const report = await createReport(out);
  expect(report.ok && report.value.match(/<title>(target|predicted)<\/title>/g)).toHaveLength(2);
});

test("a roll of a model that ends in logits has their probabilities", async () => {
  const { out } = await trainSpec(specOf("none", "binary_cross_entropy"), { "t.csv": csv });
  const { roll, examples } = await rollOf(out);
  const first = examples[0] ?? -1;
  const session = await InferenceSession.create(join(out, "model.onnx"), { logSeverityLevel: 4 });
  const inputs = new Tensor("float32", Float32Array.from(rows.slice(first, first + 4).flat()), [1, 4, 2]);
  const { outputs } = await session.run({ inputs });
  const expected = Array.from(outputs?.data as Float32Array, (logit) => expect.closeTo(1 / (1 + Math.exp(-logit)), 6));
  expect(roll?.predicted.flat()).toEqual(expected);
});

test("numbers have no roll", async () => {
  const { out } = await trainSpec(specOf("none", "squared_error"), { "t.csv": csv });
  expect((await rollOf(out)).roll).toBeUndefined();
});
