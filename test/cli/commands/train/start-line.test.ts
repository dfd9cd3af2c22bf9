/** The line at the start of a training counts the examples of each split. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { examplesText } from "../../../../cli/commands/train/console.js";
import { records, rnnx, temporaryFolder } from "../../../support/spawn.js";

test.each([
  [{ train: 1, validation: 0, test: 0 }, "1 example"],
  [{ train: 1200, validation: 0, test: 0 }, "1,200 examples"],
  [{ train: 6, validation: 0, test: 2 }, "6 training and 2 test examples"],
  [{ train: 6, validation: 1, test: 2 }, "6 training, 1 validation and 2 test examples"],
])("%j: %s", (counts, text) => expect(examplesText(counts)).toBe(text));

test("one example, and the splits in the record", async () => {
  const folder = temporaryFolder();
  const spec = join(folder, "spec.json");
  const content = {
    name: "one",
    data: { type: "text", text: "hihellohih", window: 3, split: { train: 0.5, test: 0.5 } },
    model: [{ layer: "one_hot" }, { layer: "rnn", cell: "gru", hidden_size: 2 }, { layer: "projection" }],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam", learning_rate: 0.01 },
    train: { steps: 1 },
  };
  writeFileSync(spec, JSON.stringify(content));
  const dryRun = records((await rnnx("train", spec, "--dry-run", "--json")).stdout).at(-1);
  const { stdout } = await rnnx("train", spec, "--out", join(folder, "run"), "--json");
  const start = records(stdout).find(({ event }) => event === "start");
  expect(start?.examples).toEqual(dryRun?.examples);
  const { train, test: tested } = Object(start?.examples);
  const { stderr } = await rnnx("train", spec, "--out", join(folder, "text"));
  expect(stderr).toContain(`, ${train} training and ${tested} test examples, on cpu`);
});
