/** The notice of an evaluation that reads each target in many windows. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { planTraining } from "../../../runtime/training/plan.js";
import { normal } from "../../support/read-spec.js";
import { sharedFolder } from "../../support/temporary-folder.js";

const folder = sharedFolder();
const split = { train: 0.1, validation: 0.9 };
const text = { type: "text", file: "t.txt", window: 4, stride: 1, split };
const table = { type: "table", file: "t.csv", window: 4, stride: 1, split };
const notice = (windows: string) =>
  `Each evaluation reads ${windows} overlapping windows of the validation split: write "evaluation_stride": 4 in data to read each target once.`;

async function notices(data: object, cell: object = {}): Promise<readonly string[]> {
  const isText = "type" in data && data.type === "text";
  const { spec } = await normal({
    data,
    model: [
      ...(isText ? [{ layer: "one_hot" }] : []),
      { layer: "rnn", cell: "rnn", hidden_size: 2, ...cell },
      { layer: "dense", size: isText ? "classes" : 1 },
    ],
    loss: { type: isText ? "cross_entropy" : "squared_error" },
    optimizer: { type: "sgd", learning_rate: 0.1 },
    train: { steps: 1 },
  });
  const request = { spec, folder, out: join(folder, "run"), device: "cpu", resume: false, init: null } as const;
  const plan = await planTraining({ ...request, disabledPasses: [] });
  if (!plan.ok) throw new Error(JSON.stringify(plan.error));
  return plan.value.notices;
}

test("windows of text, and of tables with an output for each step", async () => {
  writeFileSync(join(folder, "t.txt"), "ab".repeat(12_000));
  writeFileSync(join(folder, "t.csv"), `a\n${Array.from({ length: 24_000 }, (_, row) => row % 7).join("\n")}\n`);
  expect(await notices(text)).toEqual([notice("21,597")]);
  expect(await notices(table)).toEqual([notice("21,597")]);
  expect(await notices({ ...table, evaluation_stride: 4 })).toEqual([]);
  expect(await notices({ ...table, stride: 4 })).toEqual([]);
  expect(await notices(table, { return: "last" })).toEqual([]);
});
