/** `rnnx predict` with texts, standard input, and predictions on the terminal. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { records, rnnx, rnnxOnTerminal, root, temporaryFolder } from "../../support/spawn.js";
import { replayTerminal } from "../../support/terminal.js";

const folder = temporaryFolder();
const reviews = join(folder, "reviews");
const pairs = join(folder, "pairs");
const numbers = join(folder, "numbers");

async function train(out: string, data: object, model: readonly object[], loss: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    `${out}.json`,
    JSON.stringify({ seed: 3, data, model, loss: { type: loss }, optimizer, train: { steps: 40 } }),
  );
  const { code, stderr } = await rnnx("train", `${out}.json`, "--out", out);
  if (code !== 0) throw new Error(stderr);
}

const optimizer = { type: "adam", learning_rate: 0.05 };
const csv = 'id,review,mood\n1,"good, good film",pos\n2,bad film,neg\n3,good,pos\n4,bad,neg\n';

beforeAll(async () => {
  writeFileSync(join(folder, "reviews.csv"), csv);
  const classifier = [
    { layer: "embedding", size: 4 },
    { layer: "pool", mode: "mean" },
    { layer: "dense", size: "classes" },
  ];
  const data = { type: "sequences", file: "reviews.csv", columns: { text: "review", label: "mood" } };
  const words = [
    ["one", "1"],
    ["two", "2"],
    ["one two", "1 2"],
  ];
  const translator = [
    { layer: "embedding", size: 6 },
    { layer: "rnn", name: "encoder", cell: "gru", hidden_size: 8 },
    { layer: "embedding", size: 6, vocabulary_size: "target_vocabulary", from: "decoder_inputs" },
    { layer: "rnn", cell: "gru", hidden_size: 8, initial_state: "encoder" },
    { layer: "projection", size: "target_vocabulary" },
  ];
  await Promise.all([
    train(reviews, data, classifier, "cross_entropy"),
    train(pairs, { type: "pairs", pairs: words }, translator, "sequence_loss"),
    train(
      numbers,
      { type: "arrays", inputs: [[1], [2]], targets: [[1], [2]] },
      [{ layer: "dense", size: 1 }],
      "squared_error",
    ),
  ]);
}, 120_000);

/** The command with text on its standard input. */
function piped(input: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "bin/rnnx.js"), ...args], {
    input,
    cwd: root,
    encoding: "utf8",
  });
  return { code: status, stdout, stderr };
}

describe("texts as arguments", () => {
  test("are rows of CSV in a pipe, and objects with --json", async () => {
    const texts = ["predict", reviews, "good film", 'bad, "bad" film'];
    const [plain, json] = await Promise.all([rnnx(...texts), rnnx(...texts, "--json")]);
    expect(plain.stdout.split("\n")).toEqual([
      "line,review,mood,probability,probabilities.neg,probabilities.pos",
      expect.stringMatching(/^1,good film,pos,[\d.]+,[\d.]+,[\d.]+$/),
      expect.stringMatching(/^2,"bad, ""bad"" film",neg,[\d.]+,[\d.]+,[\d.]+$/),
      "",
    ]);
    expect(records(json.stdout)).toMatchObject([
      { event: "prediction", line: 1, review: "good film", mood: "pos", probabilities: { neg: expect.any(Number) } },
      { event: "prediction", line: 2, mood: "neg" },
      { event: "result", run: reviews, output: null, predictions: 2 },
    ]);
  });

  test("are a table on a terminal, within its columns", async () => {
    const { code, stdout } = await rnnxOnTerminal(80, "predict", reviews, "good film", `bad ${"bad ".repeat(30)}film`);
    const lines = replayTerminal(stdout, 80).filter((line) => line !== "");
    expect({ code, head: lines[0] }).toEqual({ code: 0, head: expect.stringMatching(/^review +mood +probability$/) });
    expect(lines[1]).toMatch(/^good film +pos +[\d.]+$/);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  test("are sources of pairs", async () => {
    const { stdout } = await rnnx("predict", pairs, "one", "two", "--json");
    expect(records(stdout).slice(0, 2)).toMatchObject([
      { source: "one", target: expect.any(String) },
      { source: "two", target: expect.any(String) },
    ]);
  });

  test.each([
    [["predict", numbers, "1"], "error: The model reads arrays data, not texts\nName a file with --input.\n"],
    [["predict", reviews], "error: no inputs\n"],
    [["predict", reviews, "good", "--input", "x.csv"], "error: texts and --input cannot be used together\n"],
    [["predict", reviews, "good", "--input-format", "csv"], "error: --input-format is for standard input\n"],
  ])("%j exits with 2 and an error", async (args, message) => {
    const { code, stdout, stderr } = await rnnx(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });
});

describe("standard input", () => {
  const labelsOf = (stdout: string) => records(stdout).flatMap(({ mood }) => mood ?? []);

  test.each([
    ["the format of the training data", "id,review\n7,good film\n8,bad\n", []],
    ["lines of JSON", '{"review":"good film"}\n{"review":"bad"}\n', []],
    ["a format that is named", "good film\n\nbad\n", ["--input-format", "txt"]],
  ])("has %s", (_, input, flags) => {
    const { code, stdout } = piped(input, "predict", reviews, "--input", "-", ...flags, "--json");
    expect({ code, labels: labelsOf(stdout) }).toEqual({ code: 0, labels: ["pos", "neg"] });
  });

  test("is lines of text for pairs, and arrays by their first bytes", () => {
    const { stdout } = piped("one\ntwo\n", "predict", pairs, "--input", "-");
    expect(stdout).toMatch(/^line,source,target.*\n1,one,.*\n2,two,.*\n$/);
    expect(piped("[[1], [2], [3]]", "predict", numbers, "--input", "-", "--json").stdout.split("\n")).toHaveLength(5);
  });

  test("has problems with a position", () => {
    const { code, stderr } = piped("id,revew\n7,good\n", "predict", reviews, "--input", "-");
    expect(code).toBe(2);
    expect(stderr).toContain('"stdin.csv" has no column "review".');
    expect(stderr).toContain('Did you mean "revew"?');
    expect(stderr.replace(/\s+/g, " ")).toContain("or read lines of text with --input-format txt.");
  });

  test("is not a text without words", () => {
    const { code, stderr } = piped("", "predict", reviews, " ", "");
    expect(code).toBe(2);
    expect(stderr).toContain("The texts have no words");
  });
});
