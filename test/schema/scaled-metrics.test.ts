/** Notices about metrics in scaled units, for specs and folds that are compared. */
import { expect, test } from "vitest";
import { foldUnitsNotice, scaledUnitsNotice } from "../../schema/kinds/scaled-metrics.js";
import { readSpec } from "../../schema/read.js";

async function specWith(scale: unknown, type = "squared_error", metrics: unknown = ["mae", "wape"]) {
  const spec = {
    name: "s",
    data: { type: "table", file: "t.csv", target: ["a"], window: 4, scale },
    model: [
      { layer: "rnn", cell: "gru", hidden_size: 2, return: "last" },
      { layer: "dense", size: type === "cross_entropy" ? 3 : 1 },
    ],
    loss: { type },
    metrics,
    optimizer: { type: "adam" },
    train: { steps: 1 },
  };
  const read = await readSpec(JSON.stringify(spec), { file: "s.json", folder: "." });
  if (!read.ok) throw new Error(JSON.stringify(read));
  return read.spec;
}

test("errors of specs with several scales are in units that differ", async () => {
  const [standard, none] = [await specWith("standard"), await specWith(null)];
  expect(scaledUnitsNotice([standard, none], ["loss", "mae", "wape"])).toMatch(/^loss, mae: in scaled units/);
  expect(scaledUnitsNotice([standard, none], ["wape"])).toBeUndefined();
  expect(scaledUnitsNotice([standard, standard], ["loss"])).toBeUndefined();
  const classes = [
    await specWith("standard", "cross_entropy", ["accuracy"]),
    await specWith(null, "cross_entropy", []),
  ];
  expect(scaledUnitsNotice(classes, ["loss", "accuracy"])).toBeUndefined();
});

test("each fold has a scaler of its own", async () => {
  const standard = await specWith("standard");
  expect(foldUnitsNotice(standard, "loss")).toMatch(/^loss: in scaled units, and each fold/);
  expect(foldUnitsNotice(standard, "wape")).toBeUndefined();
  expect(foldUnitsNotice(await specWith(null), "loss")).toBeUndefined();
});
