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

describe("pairs", () => {
  const translator = [
    { layer: "embedding", size: 2 },
    { layer: "rnn", name: "encoder", cell: "gru", hidden_size: 2 },
    { layer: "embedding", from: "decoder_inputs", vocabulary_size: "target_vocabulary", size: 2 },
    { layer: "rnn", cell: "gru", hidden_size: 2, initial_state: "encoder" },
    { layer: "projection", size: "target_vocabulary" },
  ];

  async function openPairs(files: Files, split: object, data: object = {}) {
    const folder = temporaryFolder();
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const spec = {
      ...specOf(Object.keys(files)[0] ?? "", split),
      data: { type: "pairs", file: Object.keys(files)[0], split, ...data },
      model: translator,
      loss: { type: "sequence_loss" },
    };
    const read = await readSpec(JSON.stringify(spec), { folder });
    if (!read.ok) return { problems: read.diagnostics.map(({ path, message }) => `${path}: ${message}`) };
    const source = await openData(read.spec, folder);
    if (!source.ok) return { problems: source.error.map(({ path, message }) => `${path}: ${message}`) };
    const { train, validation, test } = source.value.splits;
    return { splits: [[...train], [...validation], [...test]], metadata: source.value.metadata };
  }

  test("have splits by column in tables and lines of JSON", async () => {
    const table = "source,target,fold\na,x,train\nb,y,dev\nc,x,test\nd,y,train\n";
    const json = ["train", "dev", "test", "train"]
      .map((fold, index) => `{"source":"s${index}","target":"t","fold":"${fold}"}\n`)
      .join("");
    const split = { by: "column", column: "fold" };
    expect((await openPairs({ "p.csv": table }, split)).splits).toEqual([[0, 3], [1], [2]]);
    expect((await openPairs({ "p.jsonl": json }, split)).splits).toEqual([[0, 3], [1], [2]]);
    const noHeader = table.slice(table.indexOf("\n") + 1).replaceAll(",", "\t");
    const columns = { source: 1, target: 2 };
    const numbered = await openPairs({ "p.tsv": noHeader }, { by: "column", column: 3 }, { columns, header: false });
    expect(numbered.splits).toEqual([[0, 3], [1], [2]]);
    expect((await openPairs({ "p.csv": table.replace("dev", "later") }, split)).problems).toEqual([
      '/data/split/column: p.csv:3: The line has the split "later".',
    ]);
  });

  test("have splits by files, and a vocabulary of the training file", async () => {
    const files = { "p.tsv": "a\tx\nb\ty\n", "test.tsv": "c\tz\n" };
    const { splits, metadata } = await openPairs(files, { by: "files", files: { test: "test.tsv" } });
    expect(splits).toEqual([[0, 1], [], [2]]);
    expect(metadata).toMatchObject({ vocabulary: ["<unknown>", "a", "b"] });
    const broken = await openPairs({ ...files, "test.tsv": "c\n" }, { by: "files", files: { test: "test.tsv" } });
    expect(broken.problems).toEqual(["/data/file: test.tsv:1: The line is not a pair."]);
  });

  test("in the spec have neither", async () => {
    const data = { pairs: [["a", "b"]], file: undefined };
    expect((await openPairs({}, { by: "column" }, data)).problems).toEqual([
      "/data/split: Pairs in the spec have no columns and no files.",
    ]);
  });
});
