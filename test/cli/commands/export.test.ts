/** `rnnx export`, interrupted. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { launch, rnnx, temporaryFolder } from "../../support/spawn.js";

const folder = temporaryFolder();
const run = join(folder, "run");

/** Large enough that the verification of the file takes a while. */
beforeAll(async () => {
  const spec = join(folder, "spec.json");
  const content = {
    name: "large",
    data: { type: "text", text: "hihello", window: 6 },
    model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 700 }, { layer: "projection" }],
    loss: { type: "sequence_loss" },
    optimizer: { type: "sgd", learning_rate: 0.1 },
    train: { steps: 1 },
  };
  writeFileSync(spec, JSON.stringify(content));
  const { code, stdout } = await rnnx("train", spec, "--out", run, "--json");
  expect(code, stdout).toBe(0);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s during verification leaves the existing file and no temporary files", async (signal, existing) => {
  const out = join(folder, "model.onnx");
  writeFileSync(out, "before");
  const before = readdirSync(folder);
  const { process: exporting, result } = launch(["export", run, "--out", out]);
  while (!readdirSync(folder).some((name) => name.startsWith(".model.onnx."))) {
    if (exporting.exitCode !== null) throw new Error("The export finished before the signal.");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  exporting.kill(signal);
  expect((await result).code).toBe(existing);
  expect(readdirSync(folder)).toEqual(before);
  expect(readFileSync(out, "utf8")).toBe("before");
});
