/** What a training is said to take: its state once more where a call makes several steps, which those of long steps do not. */
import { expect, test } from "vitest";
import { analysisOf, open } from "../elaborate/programs.js";
import { sentence } from "./specs.js";

const memoryOf = async (hidden_size: number, batch_size: number, steps_per_call: number | "auto") => {
  const train = { batch_size, steps_per_call };
  const rnn = { layer: "rnn", cell: "lstm", hidden_size };
  const model = [{ layer: "one_hot" }, rnn, { layer: "projection", size: "vocabulary" }];
  const data = { type: "text", text: "if you want to build a ship, ".repeat(200), window: 20 };
  return analysisOf(await open({ ...sentence, data, model, train })).memory;
};

test.each([
  ["short", 16, 4, 1.5],
  ["long", 1024, 128, 0],
])("steps that are %s", async (_, hidden_size, batch_size, carried) => {
  const [one, several, auto] = await Promise.all(
    [1, 2, "auto" as const].map((setting) => memoryOf(hidden_size, batch_size, setting)),
  );
  const state = (one?.parameters ?? 0) + (one?.slots ?? 0);
  expect(several?.total).toBe((one?.total ?? 0) + 1.5 * state);
  expect(auto?.total).toBe((one?.total ?? 0) + carried * state);
});
