/** `rnnx train MODEL.onnx`: goes on with the file's training on the data that the user names, and opens no other. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { records, rnnx, temporaryFolder } from "./spawn.js";

test("a model file learns on from what the user names, and from nothing that it names itself", async () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  writeFileSync(at("first.txt"), "hihello");
  writeFileSync(at("more.txt"), "hellohihello");
  const spec = {
    name: "small",
    data: { type: "text", file: "first.txt", window: 6 },
    model: [{ layer: "one_hot" }, { layer: "rnn", cell: "gru", hidden_size: 5 }],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam", learning_rate: 0.1 },
    train: { steps: 5 },
  };
  writeFileSync(at("spec.json"), JSON.stringify(spec));
  expect(await rnnx("train", at("spec.json"), "--out", at("run"))).toMatchObject({ code: 0 });
  const exported = await rnnx("export", at("run"), "--out", at("model.onnx"), "--with-training");
  expect(exported).toMatchObject({ code: 0 });

  const [alone, more, misplaced] = await Promise.all([
    rnnx("train", at("model.onnx"), "--out", at("on")),
    rnnx("train", at("model.onnx"), "--data", at("more.txt"), "--steps", "3", "--out", at("more"), "--json"),
    rnnx("train", at("spec.json"), "--data", at("more.txt")),
  ]);
  expect(alone.code).toBe(2);
  expect(alone.stderr).toMatch(/the model was trained on ".*first\.txt", which may be anything here\n.*--data FILE\./s);
  expect(more.code).toBe(0);
  const events = records(more.stdout);
  expect(events.filter(({ event }) => event === "step").map(({ step }) => step)).toEqual([6, 7, 8]);
  expect(events.at(-1)).toMatchObject({ event: "done", step: 8 });
  expect(misplaced).toMatchObject({ code: 2 });
});
