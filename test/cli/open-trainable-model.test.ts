/** `rnnx train MODEL.onnx`: continues the training of the file on the data that the user names, and opens no other. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { records, rnnx, temporaryFolder } from "../support/spawn.js";

test("a model file continues training on data that the user names, never on data that the file names", async () => {
  const folder = temporaryFolder();
  const pathOf = (name: string) => join(folder, name);
  writeFileSync(pathOf("first.txt"), "hihello");
  writeFileSync(pathOf("more.txt"), "hellohihello");
  const spec = {
    name: "small",
    data: { type: "text", file: "first.txt", window: 6 },
    model: [{ layer: "one_hot" }, { layer: "rnn", cell: "gru", hidden_size: 5 }],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam", learning_rate: 0.1 },
    train: { steps: 5 },
  };
  writeFileSync(pathOf("spec.json"), JSON.stringify(spec));
  expect(await rnnx("train", pathOf("spec.json"), "--out", pathOf("run"))).toMatchObject({ code: 0 });
  const exported = await rnnx("export", pathOf("run"), "--out", pathOf("model.onnx"), "--with-training");
  expect(exported).toMatchObject({ code: 0 });

  const [withoutData, extraFlag, misplaced] = await Promise.all([
    rnnx("train", pathOf("model.onnx"), "--out", pathOf("on")),
    rnnx(
      "train",
      pathOf("model.onnx"),
      "--data",
      pathOf("more.txt"),
      "--steps",
      "3",
      "--out",
      pathOf("more"),
      "--json",
    ),
    rnnx("train", pathOf("spec.json"), "--data", pathOf("more.txt")),
  ]);
  expect(withoutData.code).toBe(2);
  expect(withoutData.stderr).toMatch(
    /"[^"]*model\.onnx" was trained on ".*first\.txt", which it does not contain\n.*--data FILE\./s,
  );
  expect(extraFlag.code).toBe(0);
  const events = records(extraFlag.stdout);
  expect(events.filter(({ event }) => event === "step").map(({ step }) => step)).toEqual([6, 7, 8]);
  expect(events.at(-1)).toMatchObject({ event: "done", step: 8 });
  expect(misplaced).toMatchObject({ code: 2 });
});
