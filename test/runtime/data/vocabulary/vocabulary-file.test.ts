/** Vocabularies from files: ids in the order of the lines, coverage, and refusals. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import { readSpec } from "../../../../schema/read.js";
import { jsonl, objects } from "../../../support/predict-file.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";
import { trainSpec } from "../../../support/training-runs.js";

const classifier = [
  { layer: "embedding", size: 2 },
  { layer: "pool", mode: "mean" },
  { layer: "dense", size: "classes" },
];
const files = {
  "s.jsonl": jsonl([
    { text: "a b c", label: "x" },
    { text: "b a", label: "y" },
  ]),
  "p.tsv": "a b\tu v\n",
  "t.txt": "a b c a\n",
};
const models = {
  sequences: { model: classifier, loss: { type: "cross_entropy" } },
  text: {
    model: [
      { layer: "embedding", size: 2 },
      { layer: "rnn", cell: "gru", hidden_size: 2 },
      { layer: "projection", size: "vocabulary" },
    ],
    loss: { type: "sequence_loss" },
  },
  pairs: {
    model: [
      { layer: "embedding", size: 2 },
      { layer: "rnn", name: "encoder", cell: "gru", hidden_size: 2 },
      { layer: "embedding", from: "decoder_inputs", vocabulary_size: "target_vocabulary", size: 2 },
      { layer: "rnn", cell: "gru", hidden_size: 2, initial_state: "encoder" },
      { layer: "projection", size: "target_vocabulary" },
    ],
    loss: { type: "sequence_loss" },
  },
} as const;
const dataOf = {
  sequences: { type: "sequences", file: "s.jsonl" },
  text: { type: "text", file: "t.txt", unit: "word", window: 2 },
  pairs: { type: "pairs", file: "p.tsv" },
} as const;

async function open(type: keyof typeof models, words: string | Uint8Array, keys: object = {}, vocabulary: object = {}) {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  writeFileSync(join(folder, "words.txt"), words);
  const data = { ...dataOf[type], vocabulary: { file: "words.txt", ...vocabulary }, ...keys };
  const rest = { name: "v", optimizer: { type: "sgd", learning_rate: 0.1 }, train: { steps: 1 } };
  const spec = await readSpec(JSON.stringify({ ...rest, ...models[type], data }), { folder });
  if (!spec.ok) return { problems: spec.diagnostics.map(({ path, message }) => `${path} ${message}`) };
  const opened = await openData(spec.spec, folder);
  if (!opened.ok) return { problems: opened.error.map(({ path, message }) => `${path} ${message}`) };
  const { metadata, notices, batch } = opened.value;
  return { metadata, notices, inputs: Array.from(batch([0]).get("inputs")?.data ?? [], Number) };
}

test.each([
  ["as it is", "c\nz\na\nb\n"],
  ["gzipped", gzipSync("c\r\nz\r\na\r\nb")],
])("sequences have the ids of the lines after the unknown unit: a file %s", async (_, words) => {
  const { metadata, notices, inputs } = await open("sequences", words);
  expect(metadata).toMatchObject({ vocabulary: ["<unknown>", "c", "z", "a", "b"], unknown: 0 });
  expect(inputs).toEqual([3, 4, 1]);
  expect(notices).toEqual([]);
});

test("other units are unknown, which a notice states", async () => {
  const sequences = await open("sequences", "b\na\n");
  expect(sequences.inputs).toEqual([2, 1, 0]);
  expect(sequences.notices).toEqual([
    '"words.txt" has 2 of the 3 distinct tokens of the data; the others are read as unknown.',
  ]);
  const text = await open("text", "b\na\n");
  expect(text.metadata).toMatchObject({ vocabulary: ["b", "a", "<unknown>"], unknown: 2 });
  expect(text.inputs).toEqual([1, 0]);
  const pairs = await open("pairs", "v\nb\n");
  expect(pairs.metadata).toMatchObject({
    vocabulary: ["<unknown>", "v", "b"],
    target_vocabulary: ["<start>", "<end>", "<unknown>", "v", "b"],
  });
  expect(pairs.inputs).toEqual([0, 2]);
  expect(pairs.notices).toEqual([
    '"words.txt" has 2 of the 4 distinct tokens of the data; the others are read as unknown.',
  ]);
});

test("characters may be escaped", async () => {
  const { metadata, inputs } = await open("text", "\\n\na\n \nb\n\\\\\n", { unit: "char" });
  expect(metadata).toMatchObject({ vocabulary: ["\n", "a", " ", "b", "\\", "\uFFFD"], unknown: 5 });
  expect(inputs).toEqual([1, 2]);
});

test("a run predicts without the file", async () => {
  const spec = {
    ...models.sequences,
    data: { ...dataOf.sequences, vocabulary: { file: "words.txt" } },
    train: { steps: 1 },
  };
  const { out } = await trainSpec(spec, { "s.jsonl": files["s.jsonl"], "words.txt": "a\nb\n" });
  const [row] = await objects(out, "in.jsonl", jsonl([{ text: "a c" }]));
  expect(row).toMatchObject({ label: expect.stringMatching(/^[xy]$/) });
});

test.each<[string, string, object, object, string]>([
  ["an empty file", "", {}, {}, '/data/vocabulary/file "words.txt" is empty.'],
  ["an empty line", "a\n\nb\n", {}, {}, "/data/vocabulary/file words.txt:2: The line is empty."],
  ["a repeated token", "a\nb\na\n", {}, {}, '/data/vocabulary/file words.txt:3: "a" is on line 1 too.'],
  ["tokens with counts", "a 3\nb 2\n", {}, {}, '/data/vocabulary/file "words.txt" has no token of the data.'],
  [
    "words as characters",
    "ab\n",
    { unit: "char" },
    {},
    '/data/vocabulary/file words.txt:1: "ab" is no single character.',
  ],
  [
    "a size",
    "a\n",
    {},
    { size: 9 },
    "/data/vocabulary The file is the vocabulary, which size and min_count do not limit.",
  ],
  ["tokens of bytes", "a\n", { unit: "bpe" }, {}, "/data/vocabulary/file Only words and characters have"],
])("%s is refused", async (_, words, keys, vocabulary, problem) => {
  expect((await open("sequences", words, keys, vocabulary)).problems?.[0]).toContain(problem);
});
