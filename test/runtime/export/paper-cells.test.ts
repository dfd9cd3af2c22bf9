/** The cells of specs/cells/ that are no ONNX operator in every exported form: equal in two runtimes. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exportForms } from "../../../compiler/export/options.js";
import { exportTrainedModel } from "../../../runtime/export/index.js";
import { openReference } from "../../../runtime/export/verify/reference.js";
import { paperCells } from "../../compiler/elaborate/layers/rnn/cell-references.js";
import { subject } from "../../support/export-subjects.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { inNode, inWeb, largestDifference } from "./runtimes.js";

/** Cells that read one sequence; cell-inputs.test.ts has the others. */
const cells = paperCells.filter((cell) => cell !== "cfc");

describe.each(cells)("%s", (cell) => {
  test.each(exportForms)("in the %s form", async (form) => {
    const trained = await subject({
      data: { type: "text", text: "abcdeabdecabe", unit: "char", window: 4 },
      model: [
        { layer: "embedding", size: 4 },
        { layer: "rnn", cell, hidden_size: 4, layers: 2, initial_state: "learned" },
        { layer: "projection" },
      ],
      loss: { type: "sequence_loss" },
    });
    const out = join(temporaryFolder(), `${form}.onnx`);
    const settings = { out, form, opset: 17, recurrent: "scan", unroll: null } as const;
    const outcome = await exportTrainedModel(trained, settings);
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
    expect(outcome.value.verification.difference).toBeLessThan(1e-5);
    const reference = await openReference(trained);
    for (const load of [inNode, inWeb]) {
      const loaded = await load(out);
      expect(await largestDifference(loaded, trained, reference, outcome.value, { form })).toBeLessThan(1e-5);
      await loaded.release();
    }
    await reference.release();
  });
});

test.each(["sequence", "step"] as const)("cfc, which reads two sequences, in the %s form", async (form) => {
  const gaps = [[0.5], [1], [2]];
  const steps = [
    [1, 2],
    [3, 1],
    [2, 0],
  ];
  const trained = await subject({
    data: { type: "arrays", inputs: { inputs: [steps, steps], gaps: [gaps, gaps] }, targets: [steps, steps] },
    model: [
      { layer: "rnn", cell: "cfc", hidden_size: 4, backbone_size: 3, from: ["inputs", "gaps"] },
      { layer: "dense", size: 2 },
    ],
    loss: { type: "squared_error" },
  });
  const out = join(temporaryFolder(), `${form}.onnx`);
  const outcome = await exportTrainedModel(trained, { out, form, opset: 17, recurrent: "scan", unroll: null });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  const reference = await openReference(trained);
  for (const load of [inNode, inWeb]) {
    const loaded = await load(out);
    expect(await largestDifference(loaded, trained, reference, outcome.value, { form })).toBeLessThan(1e-5);
    await loaded.release();
  }
  await reference.release();
});
