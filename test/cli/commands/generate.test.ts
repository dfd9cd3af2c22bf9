/** `rnnx generate`, and samples during training, from the command line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { visibleText } from "../../../cli/escape-controls.js";
import { records, rnnx, temporaryFolder } from "../../support/spawn.js";

const folder = temporaryFolder();
const run = join(folder, "run");
let training: Awaited<ReturnType<typeof rnnx>>;

beforeAll(async () => {
  const spec = join(folder, "spec.json");
  const content = {
    data: { type: "text", text: "row, row, row your boat\ngently down the stream\n", window: 5 },
    model: [{ layer: "one_hot" }, { layer: "rnn", cell: "gru", hidden_size: 16 }, { layer: "projection" }],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam", learning_rate: 0.02 },
    train: { steps: 60, sample: { every: 30, prompt: "row", length: 12 } },
  };
  writeFileSync(spec, JSON.stringify(content));
  training = await rnnx("train", spec, "--out", run, "--json");
});

test("samples are records, and lines on stderr", async () => {
  const samples = records(training.stdout).filter(({ event }) => event === "sample");
  expect(samples).toEqual([
    { event: "sample", step: 30, text: expect.stringMatching(/^row.{12}$/s) },
    { event: "sample", step: 60, text: expect.stringMatching(/^row.{12}$/s) },
  ]);
  expect(training.stderr).toContain(`sample  ${visibleText(String(samples[0]?.text))}`);
});

describe("rnnx generate", () => {
  test("prints the text only on stdout", async () => {
    const flags = ["generate", run, "--prompt", "row", "--length", "30", "--seed", "4"];
    const [plain, json] = await Promise.all([rnnx(...flags), rnnx(...flags, "--json")]);
    expect(plain).toMatchObject({ code: 0, stderr: "" });
    expect([...plain.stdout]).toHaveLength(3 + 30 + 1);
    const [result] = records(json.stdout);
    expect(result).toEqual({
      event: "result",
      prompt: "row",
      text: plain.stdout.slice(0, -1),
      tokens: [...plain.stdout.slice(3, -1)],
      seed: 4,
    });
  });

  test("temperature 0 equals --greedy", async () => {
    const flags = ["generate", run, "--prompt", "row", "--length", "20"];
    const [greedy, cold, other] = await Promise.all([
      rnnx(...flags, "--greedy"),
      rnnx(...flags, "--temperature", "0", "--seed", "8"),
      rnnx(...flags, "--temperature", "2", "--top-k", "5", "--top-p", "0.95"),
    ]);
    expect(cold.stdout).toBe(greedy.stdout);
    expect(other.code).toBe(0);
  });

  test.each<[string, readonly string[], string, string]>([
    [
      "a prompt with unknown characters",
      [run, "--prompt", "ROW"],
      'The prompt has characters that are not in the vocabulary: "R", "O", "W"',
      "unknown-unit",
    ],
    ["a folder that is not a run", [folder], `"${folder}" is not a run directory`, "not-a-run"],
    [
      "--greedy with a temperature",
      [run, "--greedy", "--temperature", "1"],
      "--greedy ignores the temperature",
      "usage",
    ],
    ["a negative temperature", [run, "--temperature", "-1"], "Expected a number from 0 to 100.", "usage"],
    ["an invalid number", [run, "--top-p", "half"], "Expected a number.", "usage"],
  ])("rejects %s", async (_, args, message, code) => {
    const { code: exit, stdout, stderr } = await rnnx("generate", ...args, "--json");
    expect(exit).toBe(2);
    expect(stderr).toContain(message);
    expect(records(stdout)).toMatchObject([{ event: "error", diagnostics: [{ code }] }]);
  });
});
