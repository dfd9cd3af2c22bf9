/** Predictions of several rows: a record for each row, from the last window or from all, as the exported model has them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { beforeAll, describe, expect, test } from "vitest";
import { exportModel } from "../../../runtime/export/index.js";
import { predictRun } from "../../../runtime/predict/predict-run.js";
import { sharedFolder, temporaryFolder } from "../../support/temporary-folder.js";
import { trainSpec } from "../../support/training-runs.js";

const rows = Array.from({ length: 16 }, (_, day) => [`a,${day},${20 + day}`, `b,${3 * day},${50 - day}`]).flat();
const csv = `shop,x,row\n${rows.join("\n")}\n`;
const spec = {
  name: "panel",
  data: {
    type: "table",
    file: "t.csv",
    columns: ["x", "row"],
    target: ["row", "x"],
    group: ["shop"],
    window: 4,
    horizon: 3,
    scale: "standard",
  },
  model: [
    { layer: "rnn", cell: "gru", hidden_size: 2, return: "last" },
    { layer: "dense", size: "classes" },
  ],
  loss: { type: "squared_error" },
  train: { steps: 2 },
};

async function predicted(run: string, windows: "all" | "last" | null) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "in.csv"), csv);
  const request = { run, input: "in.csv", output: null, folder, beam: null, windows, device: "cpu" } as const;
  const outcome = await predictRun(request);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  return outcome.value;
}

describe("a horizon of several rows", () => {
  const folder = sharedFolder();
  let run = "";
  beforeAll(async () => {
    run = (await trainSpec(spec, { "t.csv": csv }, folder)).out;
  });

  test("has the rows after the last window of each series, and the columns that name it", async () => {
    const { predictions, notices } = await predicted(run, null);
    const names = predictions.map(({ line, shop, step, row }) => [line, shop, step, row]);
    expect(names).toEqual([
      ...[1, 2, 3].map((step) => [32, "a", step, 16 + step]),
      ...[1, 2, 3].map((step) => [33, "b", step, 16 + step]),
    ]);
    expect(Object.keys(predictions[0] ?? {})).toEqual(["line", "shop", "step", "row", "row (target)", "x"]);
    expect(notices).toContain(
      'A prediction is the forecast for the next 3 rows; "line" is the last line of its window.',
    );
  });

  test("has those of all windows on demand", async () => {
    const { predictions } = await predicted(run, "all");
    expect(predictions).toHaveLength(2 * 13 * 3);
    expect(predictions.slice(36, 39)).toEqual((await predicted(run, "last")).predictions.slice(0, 3));
  });

  test("is that of the exported model, row by row, in the units of the data", async () => {
    const out = join(temporaryFolder(), "m.onnx");
    const exported = await exportModel({ run, out });
    if (!exported.ok) throw new Error(JSON.stringify(exported.error));
    const session = await ort.InferenceSession.create(out);
    const inputs = Float32Array.from([12, 13, 14, 15].flatMap((day) => [3 * day, 50 - day]));
    const { outputs } = await session.run({ inputs: new ort.Tensor("float32", inputs, [1, 4, 2]) });
    const expected = (await predicted(run, null)).predictions.slice(3).flatMap((one) => [one["row (target)"], one.x]);
    expect(outputs?.dims).toEqual([1, 6]);
    for (const [index, value] of expected.entries()) expect(outputs?.data[index]).toBeCloseTo(Number(value), 3);
  });
});
