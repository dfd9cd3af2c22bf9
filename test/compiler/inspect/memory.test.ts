/** The memory estimate of training: copies of the state by steps per call, and evaluation. */
import { expect, test } from "vitest";
import { analysisOf, open } from "../../support/programs.js";
import { sentence } from "../../support/small-specs.js";

const memoryOf = async (hidden_size: number, batch_size: number, steps_per_call: number | "auto") => {
  const train = { batch_size, steps_per_call };
  const rnn = { layer: "rnn", cell: "lstm", hidden_size };
  const model = [{ layer: "one_hot" }, rnn, { layer: "projection", size: "vocabulary" }];
  const data = { type: "text", text: "if you want to build a ship, ".repeat(200), window: 20 };
  return analysisOf(await open({ ...sentence, data, model, train })).memory;
};

test.each([
  ["short", 16, 4, 2],
  ["long", 1024, 128, 0],
])("steps that are %s", async (_, hidden_size, batch_size, isStateful) => {
  const [single, double, large, auto] = await Promise.all(
    [1, 2, 8, "auto" as const].map((setting) => memoryOf(hidden_size, batch_size, setting)),
  );
  const state = (single?.parameters ?? 0) + (single?.slots ?? 0);
  expect(double?.total).toBe((single?.total ?? 0) + state);
  expect(large?.total).toBe((single?.total ?? 0) + 2 * state);
  expect(auto?.total).toBe((single?.total ?? 0) + isStateful * state);
});

test("the memory of evaluation counts", async () => {
  const words = Array.from({ length: 2000 }, (_, index) => `word${(7 * index) % 401}`).join(" ");
  const model = (loss: object) => ({
    ...sentence,
    data: { type: "text", text: words, window: 20, unit: "word" },
    model: [{ layer: "embedding", size: 8 }, { layer: "rnn", cell: "rnn", hidden_size: 8 }, { layer: "projection" }],
    train: { batch_size: 10 },
    loss,
  });
  const [full, sampled] = await Promise.all(
    [{ type: "sequence_loss" }, { type: "sampled_softmax", samples: 2 }].map(async (loss) =>
      analysisOf(await open(model(loss))),
    ),
  );
  expect(sampled?.memory.activations).toBeLessThan(full?.memory.activations ?? 0);
  expect(sampled?.memory.evaluation).toBe(full?.memory.evaluation);
});
