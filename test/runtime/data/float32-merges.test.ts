/** Notices of data whose different values are one number in float32, from each source and from an export. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../runtime/data/index.js";
import { exportModel } from "../../../runtime/export/index.js";
import type { NormalData, NormalSpec } from "../../../schema/normal/index.js";
import { arraysData, lastModel, numbersModel, specOf, squaredError, tableData } from "../../support/normal-specs.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { trainSpec } from "../../support/training-runs.js";

async function notices(data: NormalData, content = "", model: NormalSpec["model"] = lastModel) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), content);
  const opened = await openData(specOf({ model, loss: squaredError, data }), folder);
  if (!opened.ok) throw new Error(opened.error.map(({ message }) => message).join("\n"));
  return opened.value.notices;
}

const table = (shift: number) =>
  `time,y\n${Array.from({ length: 12 }, (_, row) => `${shift + 10 * row},${row}`).join("\n")}\n`;
const TIME = 1_700_000_000;
const merged = "has values that float32 rounds to one number, such as";

describe("values of a table that merge in float32", () => {
  test("are named by column where it is not scaled", async () => {
    expect(await notices({ ...tableData, file: "t.csv", scale: null }, table(TIME))).toEqual([
      `Column "time" of "t.csv" ${merged} 1700000000 and 1700000010. Set data.scale to "standard" or "min_max", or subtract an offset.`,
    ]);
  });

  test("are kept apart by a scaler, which is applied in float64", async () => {
    expect(
      await notices({ ...tableData, file: "t.csv", scale: { type: "standard", per: "column" } }, table(TIME)),
    ).toEqual([]);
    expect(await notices({ ...tableData, file: "t.csv", scale: null }, table(0))).toEqual([]);
  });
});

describe("values of arrays that merge in float32", () => {
  const open = (inputs: readonly (readonly number[])[]) =>
    notices({ ...arraysData, inputs, targets: [[1], [2], [3]] }, "", numbersModel);

  test("are named by their place in the last axis", async () => {
    expect(
      await open([
        [1, 16_777_216],
        [2, 16_777_217],
        [3, 16_777_220],
      ]),
    ).toEqual([`inputs[..., 1] ${merged} 16777216 and 16777217. Subtract an offset, or scale the values.`]);
  });

  test("are not those that differ by a rounding error of float64", async () => {
    expect(await open([[0.3], [0.1 + 0.2], [0.5]])).toEqual([]);
  });
});

describe("an export whose inputs and outputs are in the data's units", () => {
  const summary = async (shift: number) => {
    const run = await trainSpec(
      {
        data: { type: "table", file: "t.csv", window: 2, target: ["y"], scale: { type: "standard", per: "column" } },
        model: [
          { layer: "rnn", cell: "gru", hidden_size: 2, return: "last" },
          { layer: "dense", size: 1 },
        ],
        loss: { type: "squared_error" },
        train: { steps: 1 },
      },
      { "t.csv": table(shift) },
    );
    const result = await exportModel({ run: run.out, out: join(temporaryFolder(), "m.onnx") });
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    return result.value.notices;
  };

  test("states the columns whose offset costs precision", async () => {
    expect(await summary(TIME)).toEqual([
      'Column "time" has an offset so large that float32 inputs and outputs of the exported model lose more than ' +
        "0.001 standard deviations. Subtract a fixed offset from the data before training, or use predict.",
    ]);
    expect(await summary(1000)).toEqual([]);
  });
});
