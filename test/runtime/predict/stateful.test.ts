/** Predictions of stateful models: states continue from row to row of a table, and start at zero in each line. */
import { expect, test } from "vitest";
import { predicted } from "../../support/predict-file.js";
import { trainSpec, weightsOf } from "../../support/training-runs.js";

const values = Array.from({ length: 300 }, (_, row) => Math.sin(row) + 0.1);
const table = (rows: readonly number[]) => `v,total\n${rows.map((value) => `${value},${2 * value}`).join("\n")}\n`;

const stateful = (window: number, ...rest: object[]) => ({
  data: { type: "table", file: "t.csv", columns: ["v"], target: ["total"], window, horizon: 0 },
  model: [
    { layer: "rnn", cell: "rnn", activation: "tanh", hidden_size: 1, stateful: true },
    ...rest,
    { layer: "dense", size: 1 },
  ],
  loss: { type: "squared_error" },
  train: { steps: 4, batch_size: 1 },
});

/** The outputs of an rnn of width 1 and a dense layer after each value. */
function outputsOf(out: string, inputs: readonly number[]): readonly number[] {
  const weights = weightsOf(out);
  const weight = (name: string) => weights.get(name)?.data[0] ?? Number.NaN;
  let h = 0;
  return inputs.map((x) => {
    h = Math.tanh(x * weight("rnn/0/W") + h * weight("rnn/0/U") + weight("rnn/0/b"));
    return h * weight("dense/W") + weight("dense/b");
  });
}

test.each([
  ["each window of 4", 4, 25],
  ["a window of more rows than are read at once", 270, 300],
  ["windows of one row", 1, 8],
  ["a single window", 4, 4],
])("a table is one stream: %s", async (_, window, rows) => {
  const { out } = await trainSpec(stateful(window), { "t.csv": table([...values, ...values]) });
  const { rows: predictions, notices } = await predicted(out, "in.csv", table(values.slice(0, rows)));
  const expected = outputsOf(out, values.slice(0, rows)).slice(window - 1);
  expect(predictions.map(({ line }) => line)).toEqual(expected.map((_, index) => index + window + 1));
  expect(predictions.map(({ total }) => total)).toEqual(expected.map((value) => expect.closeTo(value, 5)));
  expect(notices).toEqual(["The model is stateful: its states start at zero, and continue from row to row."]);
});

test("a layer that reads the whole window does so from the continued states", async () => {
  const spec = stateful(4, { layer: "pool", mode: "max" });
  const { out } = await trainSpec(spec, { "t.csv": table(values) });
  const { rows: predictions } = await predicted(out, "in.csv", table(values.slice(0, 25)));
  const weights = weightsOf(out);
  const scale = weights.get("dense/W")?.data[0] ?? Number.NaN;
  const bias = weights.get("dense/b")?.data[0] ?? Number.NaN;
  const states = outputsOf(out, values.slice(0, 25)).map((output) => (output - bias) / scale);
  const expected = predictions.map((_, row) => Math.max(...states.slice(row, row + 4)) * scale + bias);
  expect(predictions).toHaveLength(22);
  expect(predictions.map(({ total }) => total)).toEqual(expected.map((value) => expect.closeTo(value, 5)));
});

test("each line of text is a stream of its own, which is said", async () => {
  const { out } = await trainSpec({
    data: { type: "text", text: "hihello hihello hihello", window: 6 },
    model: [
      { layer: "one_hot" },
      { layer: "rnn", cell: "gru", hidden_size: 4, stateful: true },
      { layer: "projection" },
    ],
    loss: { type: "sequence_loss" },
    train: { steps: 4, batch_size: 1 },
  });
  const { rows: predictions, notices } = await predicted(out, "in.txt", "hihello\nhihello\n");
  expect(predictions[1]).toEqual({ ...predictions[0], line: 2 });
  expect(notices).toEqual(["The model is stateful: its states start at zero in each line."]);
});
