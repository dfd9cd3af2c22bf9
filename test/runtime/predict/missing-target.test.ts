/** Rows without a target: training drops them if it is set to, predictions read them, which is printed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { predictRun } from "../../../runtime/predict/predict-run.js";
import { predicted } from "../../support/predict-file.js";
import { trainSpec } from "../../support/training-runs.js";

const table = (targets: readonly (number | string)[]) =>
  `v,total\n${targets.map((target, row) => `${row},${target}`).join("\n")}\n`;
const complete = [1, 2, 3, 4, 5, 6, 7, 8];
const spec = (missing: string) => ({
  data: { type: "table", file: "t.csv", columns: ["v"], target: ["total"], window: 2, missing },
  model: [
    { layer: "rnn", cell: "gru", hidden_size: 2, return: "last" },
    { layer: "dense", size: 1 },
  ],
  loss: { type: "squared_error" },
  train: { steps: 1 },
});

const forecast = 'A prediction is the forecast for the next row; "line" is the last line of its window.';

test("rows without a target between others are reported", async () => {
  const { out } = await trainSpec(spec("drop"), { "t.csv": table(complete) });
  const { rows, notices } = await predicted(out, "in.csv", table([1, "", 3, "", 5, 6, "", ""]));
  expect(rows).toHaveLength(7);
  expect(notices).toEqual([
    forecast,
    '2 rows of "in.csv" have no target. Training drops such rows; predictions read them.',
  ]);
});

test.each([
  ["the newest rows have none", table([1, 2, 3, "", ""])],
  ["no row has one", table(["", "", ""])],
  ["there is no column", "v\n1\n2\n3\n"],
])("nothing is reported where %s", async (_, content) => {
  const { out } = await trainSpec(spec("drop"), { "t.csv": table(complete) });
  expect((await predicted(out, "in.csv", content)).notices).toEqual([forecast]);
});

test("nothing is reported where training drops no rows", async () => {
  const { out } = await trainSpec(spec("previous"), { "t.csv": table(complete) });
  expect((await predicted(out, "in.csv", table([1, "", 3, 4]))).notices).toEqual([forecast]);
});

test("a row of totals is named with its way out", async () => {
  const { data, ...others } = spec("error");
  const kinds = { ...others, data: { ...data, columns: { shop: "category", v: "number" }, target: ["v"] } };
  const rows = complete.map((v, row) => `${"ab"[row % 2]},${v}`);
  const { out, folder } = await trainSpec(kinds, { "t.csv": ["shop,v", ...rows].join("\n") });
  writeFileSync(join(folder, "in.csv"), ["shop,v", ...rows, "Total,"].join("\n"));
  expect(
    await predictRun({ run: out, input: "in.csv", output: null, folder, beam: null, device: "cpu" }),
  ).toMatchObject({
    error: {
      problems: [
        {
          line: 10,
          hint: "Write a value in each row of the model's columns: shop, v, or remove the line, such as one of totals or units.",
        },
      ],
    },
  });
});
