/** Pre-trained vectors of words: formats, coverage, unknown words, frozen tables and refusals. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readSafetensors } from "../../../runtime/tensors/safetensors.js";
import { planTraining } from "../../../runtime/training/plan.js";
import { readSpec } from "../../../schema/read.js";
import { jsonl } from "../../support/predict-file.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { trainSpec } from "../../support/training-runs.js";

const lines = [
  { text: "good Film", label: "a" },
  { text: "dull zyzzyva", label: "b" },
];
const glove = "good 0.1 -2e-3 3\n. . 1 2 3\nfilm 4 5 6\ndull 7 8 9.5\nother 0 0 0\n";

interface Keys {
  readonly layer?: object;
  readonly data?: object;
  readonly model?: readonly object[];
}

const specOf = ({ layer = {}, data = {}, model }: Keys = {}) => ({
  name: "v",
  data: { type: "sequences", file: "s.jsonl", ...data },
  model: model ?? [
    { layer: "embedding", size: 3, vectors: "vectors.txt", ...layer },
    { layer: "pool", mode: "mean" },
    { layer: "dense", size: "classes" },
  ],
  loss: { type: "cross_entropy" },
  optimizer: { type: "sgd", learning_rate: 0.5 },
  train: { steps: 2 },
});

/** The rows of the table by word before the first step, and the notices; or the problems. */
async function planned(content: string | Uint8Array, keys: Keys = {}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "s.jsonl"), jsonl(lines));
  writeFileSync(join(folder, "p.tsv"), "good\tgut\ndull\töde\n");
  writeFileSync(join(folder, "vectors.txt"), content);
  const read = await readSpec(JSON.stringify(specOf(keys)), { folder });
  if (!read.ok) throw new Error(read.diagnostics[0]?.message);
  const request = { folder, out: join(folder, "run"), device: "cpu", resume: false, init: null, disabledPasses: [] };
  const plan = await planTraining({ ...request, spec: read.spec } as never);
  if (!plan.ok) return { problems: plan.error.kind === "input" ? plan.error.problems : [] };
  const { source, initialSnapshot, notices } = plan.value;
  const { metadata } = source;
  const rowsOf = (name: string, words: readonly (string | number)[]) => {
    const { data = new Float32Array() } = initialSnapshot().parameters.get(`${name}/W`) ?? {};
    return new Map(words.map((word, id) => [`${word}`, [...data.subarray(3 * id, 3 * id + 3)]]));
  };
  return { metadata, rowsOf, notices };
}

const rounded = (numbers: readonly number[]) => numbers.map(Math.fround);

test.each<[string, string | Uint8Array]>([
  ["GloVe", glove],
  ["word2vec and fastText", `5 3\n${glove.replaceAll("\n", " \n")}`],
  ["tabs", glove.replaceAll(" ", "\t")],
  ["gzip", gzipSync(glove)],
])("%s: words of the vocabulary have their rows, others their initial values", async (_, content) => {
  const { metadata, rowsOf, notices } = await planned(content);
  if (metadata?.type !== "sequences" || rowsOf === undefined) throw new Error();
  const rows = rowsOf("embedding", metadata.vocabulary ?? []);
  expect(rows.get("good")).toEqual(rounded([0.1, -2e-3, 3]));
  expect(rows.get("dull")).toEqual(rounded([7, 8, 9.5]));
  const without = await planned(content, { layer: { vectors: null } });
  const initial = without.rowsOf?.("embedding", metadata.vocabulary ?? []);
  for (const word of ["<unknown>", "Film", "zyzzyva"]) expect(rows.get(word)).toEqual(initial?.get(word));
  expect(notices).toContain(
    'embedding: 2 of 4 words (50 %) have a vector in "vectors.txt", the others start from random values. ' +
      '1 more have one in lower case: "lowercase": true in data.text.',
  );
});

test("lower case finds more, and <unk> is the unknown word", async () => {
  const { metadata, rowsOf, notices } = await planned(`${glove}<unk> -1 -2 -3\nzyzzyva 1 1 1\n`, {
    data: { text: { lowercase: true } },
  });
  if (metadata?.type !== "sequences" || rowsOf === undefined) throw new Error();
  const rows = rowsOf("embedding", metadata.vocabulary ?? []);
  expect([rows.get("film"), rows.get("<unknown>")]).toEqual([
    [4, 5, 6],
    [-1, -2, -3],
  ]);
  expect(notices).toEqual(['embedding: 4 of 4 words (100 %) have a vector in "vectors.txt".']);
});

test("both vocabularies of pairs", async () => {
  const model = [
    { layer: "embedding", name: "source", size: 3, vectors: "vectors.txt" },
    { layer: "rnn", name: "encoder", cell: "gru", hidden_size: 3 },
    {
      layer: "embedding",
      name: "target",
      from: "decoder_inputs",
      vocabulary_size: "target_vocabulary",
      size: 3,
      vectors: "vectors.txt",
    },
    { layer: "rnn", cell: "gru", hidden_size: 3, initial_state: "encoder" },
    { layer: "projection", size: "target_vocabulary" },
  ];
  const { metadata, rowsOf } = await planned("good 1 2 3\ngut 4 5 6\n", {
    model,
    data: { type: "pairs", file: "p.tsv" },
  });
  if (metadata?.type !== "pairs" || rowsOf === undefined) throw new Error();
  expect(rowsOf("source", metadata.vocabulary ?? []).get("good")).toEqual([1, 2, 3]);
  expect(rowsOf("target", metadata.target_vocabulary).get("gut")).toEqual([4, 5, 6]);
});

test("a frozen table keeps the vectors, a trained one starts from them", async () => {
  const trainedRow = async (layer: object) => {
    const { out } = await trainSpec(specOf({ layer }), { "s.jsonl": jsonl(lines), "vectors.txt": glove });
    const read = readSafetensors(readFileSync(join(out, "weights.safetensors")));
    if (!read.ok) throw new Error(read.error);
    // The unknown word is first.
    return [...(read.value.tensors.get("embedding/W")?.data.subarray(3, 6) ?? [])];
  };
  const good = rounded([0.1, -2e-3, 3]);
  expect(await trainedRow({ trainable: false })).toEqual(good);
  const trained = await trainedRow({});
  expect(trained).not.toEqual(good);
  for (const [index, value] of trained.entries()) expect(Math.abs(value - (good[index] ?? 0))).toBeLessThan(0.5);
});

const vocabularyProblem = "Only the words or characters of text, sequences or pairs have vectors in a file.";

test.each<[string, string, Keys, string, string]>([
  [
    "another size",
    "good 1 2\n",
    {},
    "vectors.txt:1: The vector has 2 numbers, but the layer embedding has the size 3.",
    'Set "size": 2 in the layer, or name another file.',
  ],
  ["no word", "bad 1 2 3\n", {}, 'No word of the vocabulary has a vector in "vectors.txt".', "Name another file."],
  ["capitals", "film 1 2 3\n", {}, "No word", '1 more have one in lower case: "lowercase": true in data.text.'],
  [
    "a word for a number",
    "x 1 2 3\ngood 1 b 3\n",
    {},
    'vectors.txt:2: "good" has no vector of 3 finite numbers.',
    "Write",
  ],
  ["too few numbers", "x 1 2 3\ny 1 2 3\ngood 1 3\n", {}, 'vectors.txt:3: "good" has no vector of 3', "Write"],
  ["a missing file", glove, { layer: { vectors: "none.txt" } }, '"none.txt" does not exist.', ""],
  ["tokens of bytes", glove, { data: { unit: "bpe" } }, vocabularyProblem, 'Set "unit": "word"'],
  [
    "a shared table",
    glove,
    {
      model: [
        { layer: "embedding", name: "own", size: 3 },
        { layer: "embedding", name: "same", from: "inputs", weights: "own", size: 3, vectors: "vectors.txt" },
        { layer: "add", from: ["own", "same"] },
        { layer: "pool", mode: "mean" },
        { layer: "dense", size: "classes" },
      ],
    },
    "The layer shares the table of own.",
    "Name the file of vectors in own.",
  ],
])("%s is refused", async (_, content, keys, message, hint) => {
  const { problems = [] } = await planned(content, keys);
  expect(problems[0]?.message).toContain(message);
  expect(problems[0]?.hint).toContain(hint);
  expect(problems[0]?.path).toMatch(/^\/model\/\d\/vectors$/);
});
