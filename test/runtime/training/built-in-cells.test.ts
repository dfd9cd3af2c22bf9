/** Every built-in cell trains. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { builtInCells } from "../../../schema/built-in.js";
import { sequenceCells } from "../../support/cell-definition.js";
import { base, normal } from "../../support/read-spec.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { losses, run } from "../../support/training-runs.js";

test.each(builtInCells())("%s", async (cell) => {
  const isAlone = sequenceCells.includes(cell);
  const { spec } = await normal({
    ...base,
    seed: 1,
    model: [
      { layer: "one_hot" },
      ...(isAlone ? [] : [{ layer: "dense", name: "gap", size: 1 }]),
      { layer: "rnn", cell, hidden_size: 8, from: isAlone ? "one_hot" : ["one_hot", "gap"] },
      { layer: "projection", size: "vocabulary", activation: "softmax" },
    ],
    optimizer: { type: "adam", learning_rate: 0.05 },
    train: { steps: 60, batch_size: "all", steps_per_call: 60 },
  });
  const out = join(temporaryFolder(), "run");
  const { outcome, events } = await run({
    spec,
    folder: ".",
    out,
    device: "cpu",
    resume: false,
    init: null,
    disabledPasses: [],
  });
  expect(outcome.ok).toBe(true);
  const [first = 0, last = first] = [losses(events)[0], losses(events).at(-1)];
  expect(last).toBeLessThan(0.3 * first);
});
