/** Splits of sequences that a column or files define. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { mapDataFiles, openData } from "../../../../runtime/data/index.js";
import { evaluateRun } from "../../../../runtime/evaluation/evaluate-run.js";
import { readSpec } from "../../../../schema/read.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";
import { trainSpec } from "../../../support/training-runs.js";

type Files = Readonly<Record<string, string>>;

const specOf = (file: string, split: object, train: object = { steps: 2 }) => ({
  name: "splits",
  data: { type: "sequences", file, split },
  model: [
    { layer: "embedding", size: 2 },
    { layer: "pool", mode: "mean" },
    { layer: "dense", size: "classes" },
  ],
  loss: { type: "cross_entropy" },
  optimizer: { type: "sgd", learning_rate: 0.1 },
  train,
});

async function open(files: Files, split: object) {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const read = await readSpec(JSON.stringify(specOf(Object.keys(files)[0] ?? "", split)), { folder });
  if (!read.ok) return { diagnostics: read.diagnostics.map(({ path, message }) => `${path}: ${message}`) };
  const source = await openData(read.spec, folder);
  if (!source.ok) return { problems: source.error };
  const { train, validation, test } = source.value.splits;
  return {
    splits: [[...train], [...validation], [...test]],
    notices: source.value.notices,
    metadata: source.value.metadata,
  };
}

const csv = "text,label,fold\na b,x,train\nc,y,dev\nd,x,Test\ne,y,training\nf,x,val\n";

describe("by column", () => {
  test.each([
    ["a name", "s.csv", csv, { by: "column", column: "fold" }],
    ["a number", "s.csv", csv, { by: "column", column: 3 }],
    ["the name split", "s.csv", csv.replace("fold", "split"), { by: "column" }],
    [
      "a key of JSON",
      "s.jsonl",
      ["train", "dev", "test", "train", "validation"]
        .map((fold, index) => `{"text":"t${index}","label":"${"xyxyx"[index]}","fold":"${fold}"}\n`)
        .join(""),
      { by: "column", column: "fold" },
    ],
  ])("with %s", async (_, file, content, split) => {
    expect((await open({ [file]: content }, split)).splits).toEqual([[0, 3], [1, 4], [2]]);
  });

  test("the vocabulary is that of the training split", async () => {
    expect((await open({ "s.csv": csv }, { by: "column", column: "fold" })).metadata).toMatchObject({
      vocabulary: ["<unknown>", "a", "b", "e"],
    });
  });

  test("an unknown column or split is refused at its place", async () => {
    expect((await open({ "s.csv": csv }, { by: "column", column: "folds" })).problems).toMatchObject([
      {
        path: "/data/split/column",
        line: 2,
        message: expect.stringContaining('has no column "folds"'),
        hint: expect.stringContaining('Did you mean "fold"?'),
      },
    ]);
    expect(
      (await open({ "s.csv": csv.replace("dev", "held") }, { by: "column", column: "fold" })).problems,
    ).toMatchObject([
      { line: 3, message: 's.csv:3: The line has the split "held".', hint: "Write train, validation or test." },
    ]);
    expect(
      (await open({ "s.csv": csv.replaceAll(/train(ing)?/g, "test") }, { by: "column", column: "fold" })).problems,
    ).toMatchObject([{ code: "empty-split", message: "No line is of the training split." }]);
  });
});

describe("by files", () => {
  const files = {
    "train.csv": "text,label\na b,x\nc,y\n",
    "dev.csv": "text,label\nd,y\n",
    "test.csv": "text,label\na b,x\ne,x\n",
  };
  const split = { by: "files", files: { validation: "dev.csv", test: "test.csv" } };

  test("each file is a split; examples of several are stated with their files", async () => {
    const { splits, notices, metadata } = await open(files, split);
    expect(splits).toEqual([[0, 1], [2], [3, 4]]);
    expect(metadata).toMatchObject({ vocabulary: ["<unknown>", "a", "b", "c"] });
    expect(notices).toEqual([
      "1 of 3 held-out examples has the same input as an example of the training split (test.csv:2).",
    ]);
  });

  test("problems name the file and its key", async () => {
    expect((await open({ ...files, "dev.csv": "text,label\nd,\n" }, split)).problems).toMatchObject([
      {
        path: "/data/split/files/validation",
        file: "dev.csv",
        line: 2,
        message: expect.stringMatching(/^dev\.csv:2: /),
      },
    ]);
    const { "test.csv": _, ...others } = files;
    expect((await open(others, split)).problems).toMatchObject([{ code: "file-missing", file: "test.csv" }]);
  });

  test("all files are named as files of the data", async () => {
    const read = await readSpec(JSON.stringify(specOf("train.csv", split)), { folder: "." });
    if (!read.ok) throw new Error("The spec is wrong.");
    const names: string[] = [];
    mapDataFiles(read.spec.data, (file) => {
      names.push(file);
      return file;
    });
    expect(names.sort()).toEqual(["dev.csv", "test.csv", "train.csv"]);
  });

  test("a run keeps the best weights by the validation file, and evaluates the test file and other data", async () => {
    const { out, folder, done } = await trainSpec(specOf("train.csv", split), files);
    expect(Object.keys(done.metrics.validation)).toContain("loss");
    const own = await evaluateRun({ run: out, data: null, split: null, weights: "end", device: "cpu" });
    expect(own.ok && own.value.examples).toEqual({ train: 2, validation: 1, test: 2 });
    const read = await readSpec(JSON.stringify(specOf(join(folder, "dev.csv"), split)), { folder });
    if (!read.ok) throw new Error("The spec is wrong.");
    const other = await evaluateRun({ run: out, data: read.spec.data, split: null, weights: "end", device: "cpu" });
    expect(other.ok && other.value.examples).toEqual({ train: 0, validation: 0, test: 1 });
  });
});

test.each([
  [{ by: "column", test: 0.2 }, "/data/split/test: The column defines the splits, not fractions."],
  [
    { by: "files", files: { test: "t.csv" }, train: 0.5 },
    "/data/split/train: The files define the splits, not fractions.",
  ],
  [{ by: "column", stratify: true }, "/data/split/stratify: Only a split by fractions is stratified."],
  [{ by: "files" }, "/data/split/by: A split by files needs the file of a held-out split."],
  [{ column: "fold" }, "/data/split/column: Only a split by column has a column."],
  [{ files: { test: "t.csv" } }, "/data/split/files: Only a split by files has files."],
])("%j is refused", async (split, message) => {
  expect((await open({ "s.csv": csv }, split)).diagnostics).toEqual([message]);
});

test("a monitored validation split needs lines", async () => {
  const content = csv.replaceAll(/dev|val/g, "test");
  const split = { by: "column", column: "fold" };
  const train = { steps: 2, keep_best: { metric: "loss" } };
  await expect(trainSpec(specOf("s.csv", split, train), { "s.csv": content })).rejects.toThrow(
    /keep_best monitors the validation split/,
  );
  await expect(trainSpec(specOf("s.csv", split), { "s.csv": content })).resolves.toBeDefined();
});
