/** Data whose units are tokens of byte-pair encoding, or bytes: text, sequences and pairs, from files to predictions and exports. */
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import type { Metadata } from "../../../../runtime/data/metadata.js";
import { decodeBpe } from "../../../../runtime/data/vocabulary/bpe.js";
import { encodeText, type TextTokenizer } from "../../../../runtime/data/vocabulary/text-tokenizer.js";
import { exportModel } from "../../../../runtime/export/index.js";
import { openTextGenerator } from "../../../../runtime/generation/generate-run.js";
import { openRun } from "../../../../runtime/run/open.js";
import { readSpec } from "../../../../schema/read.js";
import { jsonl, objects } from "../../../support/predict-file.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";
import { trainSpec } from "../../../support/training-runs.js";

const fixtureFile = join(import.meta.dirname, "../../../fixtures/byte-level-bpe.json");
const { cases } = JSON.parse(readFileSync(fixtureFile, "utf8"));
const subwords = JSON.parse(readFileSync(fixtureFile.replace("byte-level-bpe", "subword-tokenizers"), "utf8"));

const sentence = "the cat sat on the mat and the hat sat on the cat. ";
const languageModel = {
  data: { type: "text", file: "t.txt", unit: "bpe", vocabulary: { size: 270 }, window: 8, stride: 8 },
  model: [
    { layer: "embedding", size: 4 },
    { layer: "rnn", cell: "gru", hidden_size: 6 },
    { layer: "projection", size: "vocabulary" },
  ],
  loss: { type: "sequence_loss" },
  train: { steps: 2 },
};
const classifier = {
  data: { type: "sequences", file: "s.jsonl", unit: "bpe", vocabulary: { size: 266 } },
  model: [languageModel.model[0], { ...languageModel.model[1], return: "last" }, { layer: "dense", size: "classes" }],
  loss: { type: "cross_entropy" },
  train: { steps: 2 },
};
const translator = {
  data: { type: "pairs", file: "p.tsv", unit: "bpe", vocabulary: { size: 270 } },
  model: [
    { layer: "embedding", size: 4 },
    { layer: "rnn", name: "encoder", cell: "gru", hidden_size: 6 },
    { layer: "embedding", from: "decoder_inputs", vocabulary_size: "target_vocabulary", size: 4 },
    { layer: "rnn", cell: "gru", hidden_size: 6, initial_state: "encoder" },
    { layer: "projection", size: "target_vocabulary" },
  ],
  loss: { type: "sequence_loss" },
  train: { steps: 2 },
};

async function openSpec(spec: object, files: Readonly<Record<string, string>>, fitted?: Metadata) {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const text = JSON.stringify({ name: "t", optimizer: { type: "sgd", learning_rate: 0.1 }, ...spec });
  const read = await readSpec(text, { folder });
  if (!read.ok) return { problems: read.diagnostics.map(({ path, message }) => `${path} ${message}`) };
  const opened = await openData(read.spec, folder, fitted);
  if (!opened.ok) return { problems: opened.error.map(({ path, message }) => `${path} ${message}`) };
  return { source: opened.value };
}

async function opened(...request: Parameters<typeof openSpec>) {
  const { source, problems } = await openSpec(...request);
  if (source === undefined) throw new Error(problems?.join("\n"));
  return source;
}

const ids = (array: { readonly data: ArrayLike<number | bigint> } | undefined) => Array.from(array?.data ?? [], Number);

const mergesOf = (tokenizer: TextTokenizer | undefined) =>
  tokenizer !== undefined && "merges" in tokenizer ? tokenizer.merges : [];

describe("text", () => {
  test("is windows of tokens with the merges of its first words", async () => {
    // What follows the training split has a word of its own, of which no merge is learned.
    const text = sentence.repeat(20) + "zyzzyva ".repeat(200);
    const spec = { ...languageModel, data: { ...languageModel.data, split: { validation: 0.5 } } };
    const source = await opened(spec, { "t.txt": text });
    const { metadata } = source;
    if (metadata.type !== "text") throw new Error();
    const names = metadata.vocabulary.map(String);
    expect(names).toHaveLength(270);
    expect(metadata).toMatchObject({ type: "text", unit: "bpe", tokenizer: { merges: expect.any(Array) } });
    expect("unknown" in metadata).toBe(false);
    expect(mergesOf(metadata.tokenizer).join("")).not.toContain("z");
    const tokens = encodeText(text, metadata.tokenizer ?? { merges: [] });
    const batch = source.batch([0, 2]);
    expect(ids(batch.get("inputs")).map((id) => names[id])).toEqual([...tokens.slice(0, 8), ...tokens.slice(16, 24)]);
    expect(ids(batch.get("targets")).map((id) => names[id])).toEqual([...tokens.slice(1, 9), ...tokens.slice(17, 25)]);
    // Other data of a run has its tokens.
    const other = await opened(spec, { "t.txt": "zebra and hat, hat and zebra" }, metadata);
    expect(decodeBpe(ids(other.batch([0]).get("inputs")).map((id) => names[id] ?? ""))).toBe("zebra and ");
    const shuffled = await opened(
      { ...spec, data: { ...spec.data, split: { test: 0.2, order: "shuffled" } } },
      { "t.txt": text },
    );
    expect(shuffled.notices).toEqual(["The merges are learned from the whole text, because its split is shuffled."]);
  });

  test("generates text, and predicts tokens", async () => {
    const { out } = await trainSpec(languageModel, { "t.txt": `${sentence.repeat(8)}Ünïcödé 👍` });
    const generator = await openTextGenerator(out);
    if (!generator.ok) throw new Error(JSON.stringify(generator));
    const chunks: string[] = [];
    const sampling = { temperature: 1, topK: null, topP: null } as never;
    const generated = await generator.value.generate({ prompt: "the cät 👍", length: 12, sampling, seed: 1 }, (chunk) =>
      chunks.push(chunk),
    );
    if (!generated.ok) throw new Error(JSON.stringify(generated));
    expect(generated.value.text).toBe(chunks.join(""));
    expect(generated.value.text.startsWith("the cät 👍")).toBe(true);
    expect(generated.value.tokens).toHaveLength(12);
    const [row] = await objects(out, "in.txt", "the hat 👍\n");
    expect(row).toMatchObject({ text: "the hat 👍", next: expect.any(String) });
  });
});

test("sequences have the tokens of their texts, truncated to max_length", async () => {
  const lines = [
    { text: "the cat, the hat", label: "a" },
    { text: "the mat 👍", label: "b" },
  ];
  const source = await opened(
    { ...classifier, data: { ...classifier.data, max_length: 5 } },
    { "s.jsonl": jsonl(lines) },
  );
  const { metadata } = source;
  if (metadata.type !== "sequences") throw new Error();
  const names = metadata.vocabulary ?? [];
  const batch = source.batch([0, 1]);
  const rows = lines.map(({ text }) => encodeText(text, metadata.tokenizer ?? { merges: [] }).slice(0, 5));
  expect(ids(batch.get("lengths"))).toEqual(rows.map(({ length }) => length));
  const inputs = ids(batch.get("inputs"));
  expect(rows[0]).toEqual(inputs.slice(0, rows[0]?.length).map((id) => names[id]));

  const { out } = await trainSpec(classifier, { "s.jsonl": jsonl(lines) });
  const [row] = await objects(out, "in.jsonl", jsonl([{ text: "a word that nobody saw 漢字" }]));
  expect(row).toMatchObject({ label: expect.stringMatching(/^[ab]$/) });
});

test("pairs share one vocabulary of their sources and targets", async () => {
  const content = "the cat\tdie Katze\nthe hat\tder Hut\n";
  const source = await opened(translator, { "p.tsv": content });
  const { metadata } = source;
  if (metadata.type !== "pairs") throw new Error();
  const names = metadata.target_vocabulary;
  expect(metadata.vocabulary).toEqual(names);
  expect(names.slice(0, 4)).toEqual(["<start>", "<end>", "<unknown>", "!"]);
  expect(mergesOf(metadata.tokenizer)).toContain("h e");
  const target = ids(source.batch([1]).get("targets"));
  expect(target.slice(0, target.indexOf(1)).map((id) => names[id])).toEqual(
    encodeText("der Hut", metadata.tokenizer ?? { merges: [] }),
  );
  const { out } = await trainSpec(translator, { "p.tsv": content });
  expect((await objects(out, "in.txt", "the 👍\n"))[0]).toMatchObject({ source: "the 👍", target: expect.any(String) });
});

describe("bytes", () => {
  // Python: list("é👍\n漢".encode("utf-8")) and list("Zoë ok".encode("utf-8")).
  const accents = [195, 169, 240, 159, 145, 141, 10, 230, 188, 162];
  const name = [90, 111, 195, 171, 32, 111, 107];
  const asBytes = <S extends { readonly data: object }>({ data, ...spec }: S, keys = {}) => {
    const { vocabulary: _, ...others } = data as Readonly<Record<string, unknown>>;
    return { ...spec, data: { ...others, unit: "byte", ...keys } };
  };

  test("of sequences have their values as ids", async () => {
    const lines = jsonl([
      { text: "é👍\n漢", label: "a" },
      { text: "Zoë ok", label: "b" },
    ]);
    const source = await opened(asBytes(classifier), { "s.jsonl": lines });
    expect(source.signature({ batch_size: 1 } as never).sizes.vocabulary).toBe(256);
    const batch = source.batch([0, 1]);
    expect(ids(batch.get("lengths"))).toEqual([accents.length, name.length]);
    expect(ids(batch.get("inputs"))).toEqual([...accents, ...name, 0, 0, 0]);
    // Truncated inside a character, and all bytes have an id without training on them.
    const cut = await opened(asBytes(classifier, { max_length: 3 }), { "s.jsonl": lines });
    expect(ids(cut.batch([0]).get("inputs"))).toEqual(accents.slice(0, 3));
    const { out, folder } = await trainSpec(asBytes(classifier), { "s.jsonl": lines });
    const [row] = await objects(out, "in.jsonl", jsonl([{ text: "ß ñ" }]));
    expect(row).toMatchObject({ label: expect.stringMatching(/^[ab]$/) });
    const outcome = await exportModel({ run: out, out: join(folder, "m.onnx"), snippets: true });
    if (!outcome.ok) throw new Error(JSON.stringify(outcome));
    const { model } = JSON.parse(readFileSync(join(folder, "m.tokenizer.json"), "utf8"));
    expect([Object.keys(model.vocab).length, model.vocab.Z, model.merges]).toEqual([256, 90, []]);
  });

  test("of pairs come after the tokens that are no text, and are decoded", async () => {
    const content = "é👍\tZoë ok\n";
    const source = await opened(asBytes(translator), { "p.tsv": content });
    const { vocabulary, target_vocabulary: sizes } = source.signature({ batch_size: 1 } as never).sizes;
    expect([vocabulary, sizes]).toEqual([259, 259]);
    const batch = source.batch([0]);
    expect(ids(batch.get("inputs"))).toEqual(accents.slice(0, 6).map((byte) => byte + 3));
    expect(ids(batch.get("targets"))).toEqual([...name.map((byte) => byte + 3), 1]);
    const steps = name.length + 1;
    const data = new Float32Array(steps * 259);
    for (const [step, id] of ids(batch.get("targets")).entries()) data[step * 259 + id] = 1;
    expect(source.decode?.({ dtype: "float32", shape: [1, steps, 259], data }, [0], "")).toEqual(["Zoë ok"]);
    const { out } = await trainSpec(asBytes(translator), { "p.tsv": content });
    const [row] = await objects(out, "in.txt", "ñ\n");
    expect(row).toMatchObject({ source: "ñ", target: expect.any(String) });
  });

  test.each<[string, object, string]>([
    ["limits of the vocabulary", { vocabulary: { size: 100 } }, "/data/vocabulary Bytes have a vocabulary of all"],
    ["a tokenizer", { tokenizer: "t.json" }, "/data/tokenizer Only tokens"],
    ["changes of the text", { text: { lowercase: true } }, "/data/text Bytes are read as they are"],
  ])("%s are refused", async (_, keys, problem) => {
    const { problems } = await openSpec(asBytes(classifier, keys), { "s.jsonl": jsonl([{ text: "a", label: "x" }]) });
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  test("tokens are no text", async () => {
    const listed = await openSpec(asBytes(classifier), { "s.jsonl": jsonl([{ tokens: ["a", "b"], label: "x" }]) });
    expect(listed.problems?.[0]).toMatch(/tokens, which the unit byte does not divide/);
  });
});

test("pairs of words have the limits of the vocabulary on each side", async () => {
  const data = { ...translator.data, unit: "word", vocabulary: { min_count: 2 } };
  const source = await opened({ ...translator, data }, { "p.tsv": "the cat\tdie Katze\nthe hat\tdie Mütze\n" });
  expect(source.metadata).toMatchObject({
    vocabulary: ["<unknown>", "the"],
    target_vocabulary: ["<start>", "<end>", "<unknown>", "die"],
  });
});

describe("a tokenizer.json", () => {
  const withFile = (json: unknown, spec: { readonly data: object } = languageModel) => {
    const { vocabulary: _, ...data } = spec.data as Readonly<Record<string, unknown>>;
    const files = {
      "t.txt": sentence,
      "s.jsonl": jsonl([{ text: sentence, label: "a" }]),
      "tok.json": JSON.stringify(json),
    };
    return openSpec({ ...spec, data: { ...data, tokenizer: "tok.json" } }, files);
  };

  test("has the vocabulary and its ids", async () => {
    const { source } = await withFile(cases.prefix_space.tokenizer);
    const vocabulary = source?.metadata.type === "text" ? source.metadata.vocabulary : [];
    expect(vocabulary).toHaveLength(Object.keys(cases.prefix_space.tokenizer.model.vocab).length + 1);
    expect(source?.metadata).toMatchObject({ tokenizer: { prefix_space: true } });
    const names = ids(source?.batch([0]).get("inputs")).map((id) => String(vocabulary[id]));
    expect(` ${sentence}`.startsWith(decodeBpe(names))).toBe(true);
    const sequences = await withFile(cases.gpt2.tokenizer, classifier);
    expect(sequences.source?.signature({ batch_size: 1 } as never).sizes.vocabulary).toBe(
      Object.keys(cases.gpt2.tokenizer.model.vocab).length,
    );
  });

  test("of WordPiece and of Unigram is read in the same way, in texts and sequences", async () => {
    for (const name of ["bert_uncased", "t5"]) {
      const json = subwords.cases[name].tokenizer;
      for (const spec of [languageModel, classifier]) {
        const { source } = await withFile(json, spec);
        const metadata = source?.metadata;
        if (metadata?.type !== "text" && metadata?.type !== "sequences") throw new Error();
        const { tokenizer, vocabulary = [] } = metadata;
        if (tokenizer === undefined) throw new Error();
        const names = ids(source?.batch([0]).get("inputs")).map((id) => String(vocabulary[id]));
        expect(names).toEqual(encodeText(sentence, tokenizer).slice(0, names.length));
        expect(tokenizer).toMatchObject({ model: { type: json.model.type } });
      }
    }
  });

  test("adds no tokens around a text, which a notice states; other models are refused", async () => {
    const processed = { ...cases.gpt2.tokenizer, post_processor: { type: "TemplateProcessing" } };
    expect((await withFile(processed)).source?.notices).toEqual([
      "The tokens that the tokenizer's TemplateProcessing adds around a text are not added.",
    ]);
    expect(await withFile({ ...cases.gpt2.tokenizer, model: { type: "WordLevel" } })).toEqual({
      problems: ['/data/tokenizer "tok.json" has the model "WordLevel".'],
    });
  });
});

test.each<[string, object, string]>([
  ["a tokenizer of words", { unit: "word", tokenizer: "t.json" }, "/data/tokenizer Only tokens"],
  ["a tokenizer and a size", { tokenizer: "t.json" }, "/data/vocabulary The tokenizer's file has the vocabulary."],
  ["no room for merges", { vocabulary: { size: 256 } }, "/data/vocabulary/size A vocabulary of 256 has no room"],
  ["split punctuation", { normalization: { punctuation: "split" } }, "/data/normalization/punctuation Byte-pair"],
  [
    "normalization with a tokenizer",
    { tokenizer: "t.json", vocabulary: {}, normalization: { lowercase: true } },
    "/data/normalization The tokenizer's file has the normalization",
  ],
])("%s is refused", async (_, keys, problem) => {
  const { problems } = await openSpec(
    { ...languageModel, data: { ...languageModel.data, ...keys } },
    { "t.txt": sentence },
  );
  expect(problems).toEqual([expect.stringContaining(problem)]);
});

test("tags and lists of tokens are refused", async () => {
  const tagger = {
    ...classifier,
    model: [...languageModel.model.slice(0, 2), { layer: "dense", size: "classes" }],
    loss: { type: "sequence_loss" },
  };
  const tagged = await openSpec(tagger, { "s.jsonl": jsonl([{ text: "a b", tags: ["x", "y"] }]) });
  expect(tagged.problems?.[0]).toMatch(/a tag for each word/);
  const listed = await openSpec(classifier, { "s.jsonl": jsonl([{ tokens: ["a", "b"], label: "x" }]) });
  expect(listed.problems?.[0]).toMatch(/tokens, which byte-pair encoding does not divide/);
});

const pythonHasPackages = spawnSync("python3", ["-c", "import tokenizers, onnxruntime, numpy"]).status === 0;

describe("an export", () => {
  test("has the tokenizer beside the model, whose ids are those of the run", async () => {
    const { out, folder } = await trainSpec(languageModel, { "t.txt": sentence.repeat(8) });
    const file = join(folder, "m.onnx");
    const outcome = await exportModel({ run: out, out: file, snippets: true });
    if (!outcome.ok) throw new Error(JSON.stringify(outcome));
    const written = readFileSync(join(folder, "m.tokenizer.json"), "utf8");
    expect(readFileSync(join(out, "tokenizer.json"), "utf8")).toBe(written);
    const run = openRun(out);
    const { vocabulary = [] } = run.ok && run.value.metadata.type === "text" ? run.value.metadata : {};
    expect(JSON.parse(written).model.vocab).toEqual(Object.fromEntries(vocabulary.map((token, id) => [token, id])));
  });

  test.skipIf(!pythonHasPackages)("runs in Python with tokenizers (skipped without that package)", async () => {
    const { out, folder } = await trainSpec(languageModel, { "t.txt": sentence.repeat(8) });
    const outcome = await exportModel({ run: out, out: join(folder, "m.onnx"), snippets: true });
    if (!outcome.ok) throw new Error(JSON.stringify(outcome));
    const program = readFileSync(join(folder, "m.use.py"), "utf8");
    const [, text = ""] = /encode\("(.*?)"/.exec(program) ?? [];
    const [row] = await objects(out, "in.txt", `${text}\n`);
    copyFileSync(join(folder, "m.use.py"), join(folder, "program.py"));
    const { stdout, stderr } = spawnSync("python3", [join(folder, "program.py")], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout.replace(/\n$/, "")).toBe(row?.prediction);
    // The tokens of other texts, also of bytes without merges.
    const texts = ["the cat isn't 👍 漢字", " \n\n  x\u0085y", "123 4567 …"];
    const code =
      "import json, sys; from tokenizers import Tokenizer; t = Tokenizer.from_file(sys.argv[1]);" +
      "print(json.dumps([t.encode(s).ids for s in json.loads(sys.argv[2])]))";
    const python = spawnSync("python3", ["-c", code, join(folder, "m.tokenizer.json"), JSON.stringify(texts)]);
    const run = openRun(out);
    if (!run.ok || run.value.metadata.type !== "text") throw new Error();
    const { tokenizer = { merges: [] }, vocabulary } = run.value.metadata;
    const own = texts.map((other) => encodeText(other, tokenizer).map((token) => vocabulary.indexOf(token)));
    expect(JSON.parse(python.stdout.toString())).toEqual(own);
  });
});
