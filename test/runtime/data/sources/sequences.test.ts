import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import type { NormalSequencesData } from "../../../../schema/normal/index.js";
import {
  crossEntropy,
  lastModel,
  lastTokensModel,
  numbersModel,
  type SpecParts,
  sequencesData,
  specOf,
  squaredError,
  tokensModel,
  train,
} from "../../../support/normal-specs.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

type Content = string | Uint8Array | readonly object[];

/** Opens sequences for a model that looks up tokens and predicts one class per sequence. */
async function opened(content: Content, data: Partial<NormalSequencesData> = {}, parts: SpecParts = {}) {
  const folder = temporaryFolder();
  const file = data.file ?? "s.jsonl";
  const text = Array.isArray(content) ? content.map((line) => `${JSON.stringify(line)}\n`).join("") : content;
  if (typeof text === "string" || text instanceof Uint8Array) writeFileSync(join(folder, file), text);
  const spec = specOf({
    model: lastTokensModel,
    loss: crossEntropy,
    data: { ...sequencesData, file, ...data },
    ...parts,
  });
  return openData(spec, folder);
}

async function open(...request: Parameters<typeof opened>) {
  const result = await opened(...request);
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join("\n"));
  return result.value;
}

async function problems(...request: Parameters<typeof opened>) {
  const result = await opened(...request);
  return result.ok ? [] : result.error;
}

const byFraction = {
  folds: null,
  fold: 1,
  group: null,
  by: "fraction",
  column: null,
  files: { validation: null, test: null },
} as const;

const tagging = { model: tokensModel };
const messages = [
  { text: "win money now", label: "spam" },
  { text: "see you", label: "ham" },
  { text: "win", label: "spam" },
];

describe("sequences with a label", () => {
  test("tokens by first appearance after the unknown, zeros past the end, lengths, classes", async () => {
    const source = await open(messages);
    expect(source.examples).toBe(3);
    expect(source.metadata).toEqual({
      type: "sequences",
      unit: "word",
      vocabulary: ["<unknown>", "win", "money", "now", "see", "you"],
      unknown: 0,
      classes: ["ham", "spam"],
    });
    const batch = source.batch([1, 0, 2]);
    expect(batch.get("inputs")).toEqual({
      dtype: "int32",
      shape: [3, 3],
      data: Int32Array.of(4, 5, 0, 1, 2, 3, 1, 0, 0),
    });
    expect(batch.get("lengths")).toEqual({ dtype: "int64", shape: [3], data: BigInt64Array.of(2n, 3n, 1n) });
    expect(batch.get("targets")).toEqual({ dtype: "int32", shape: [3], data: Int32Array.of(0, 1, 1) });
    expect(source.signature(train)).toEqual({
      inputs: { dtype: "int32", shape: ["batch", "time"] },
      targets: { dtype: "int32", shape: ["batch"] },
      lengths: { dtype: "int64", shape: ["batch"] },
      sizes: { vocabulary: 6, classes: 2 },
      expected: { batch: 3, time: 3 },
    });
  });

  test("characters, lists of tokens, and max_length", async () => {
    const characters = await open([{ text: "a😀a", label: 0 }], { unit: "char" });
    expect(characters.metadata.vocabulary).toEqual(["<unknown>", "a", "😀"]);
    const tokens = await open([{ tokens: ["New York", 7], label: true }], { max_length: 1 });
    expect(tokens.metadata).toMatchObject({ vocabulary: ["<unknown>", "New York"], classes: ["true"] });
    expect(tokens.batch([0]).get("lengths")?.data).toEqual(BigInt64Array.of(1n));
  });

  test("integer labels are class ids", async () => {
    const source = await open([
      { text: "a", label: 3 },
      { text: "b", label: 1 },
    ]);
    expect(source.signature(train).sizes.classes).toBe(4);
    expect(source.metadata.classes).toBeNull();
    expect(source.findOutOfRange("targets", 3, "The model's output has 3.")).toEqual({
      code: "sequence-range",
      path: "/data/file",
      file: "s.jsonl",
      line: 1,
      message: "s.jsonl:1: The line has class 3.",
      hint: "The model's output has 3.",
    });
  });

  test("a token beyond a layer's table", async () => {
    const source = await open(messages);
    expect(source.findOutOfRange("inputs", 4, "")?.message).toBe('s.jsonl:2: The line has token 4, "see".');
    expect(source.findOutOfRange("inputs", 6, "")).toBeUndefined();
    expect(source.findOutOfRange("targets", 1, "")?.message).toBe('s.jsonl:1: The line has class 1, "spam".');
  });

  test("numbers to predict", async () => {
    const ratings = [
      { text: "good", label: 4.5 },
      { text: "very bad", label: -1 },
    ];
    const source = await open(ratings, {}, { loss: squaredError });
    expect(source.batch([1]).get("targets")).toEqual({ dtype: "float32", shape: [1, 1], data: Float32Array.of(-1) });
    expect(source.signature(train).targets).toEqual({ dtype: "float32", shape: ["batch", 1] });
    const vectors = await open([{ text: "x", label: [1, 2] }], {}, { loss: squaredError });
    expect(vectors.batch([0]).get("targets")?.shape).toEqual([1, 2]);
  });

  test("vectors as steps", async () => {
    const inputs = [
      {
        inputs: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        label: "a",
      },
      { inputs: [[7, 8]], label: "b" },
    ];
    const source = await open(inputs, {}, { model: lastModel });
    expect(source.metadata).toEqual({ type: "sequences", unit: "word", classes: ["a", "b"] });
    expect(source.signature(train)).toMatchObject({
      inputs: { dtype: "float32", shape: ["batch", "time", 2] },
      sizes: { features: 2, classes: 2 },
    });
    const batch = source.batch([1, 0]);
    expect(batch.get("inputs")).toEqual({
      dtype: "float32",
      shape: [2, 3, 2],
      data: Float32Array.of(7, 8, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6),
    });
    expect(batch.get("lengths")?.data).toEqual(BigInt64Array.of(1n, 3n));
    expect(source.findOutOfRange("inputs", 1, "")).toBeUndefined();
  });

  test("predictions are names of classes", async () => {
    const scores = { dtype: "float32", shape: [2, 2], data: Float32Array.of(0, 1, 1, 0) } as const;
    expect((await open(messages)).decode(scores)).toEqual(["spam", "ham"]);
  });
});

describe("sequences with tags", () => {
  const lines = [
    { text: "the dog barks", tags: ["det", "noun", "verb"] },
    { text: "go", tags: ["verb"] },
  ];

  test("a class per step", async () => {
    const source = await open(lines, {}, tagging);
    expect(source.metadata.classes).toEqual(["det", "noun", "verb"]);
    expect(source.batch([1, 0]).get("targets")).toEqual({
      dtype: "int32",
      shape: [2, 3],
      data: Int32Array.of(2, 0, 0, 0, 1, 2),
    });
    expect(source.signature(train).targets).toEqual({ dtype: "int32", shape: ["batch", "time"] });
  });

  test("predictions are cut to the length of their sequence", async () => {
    const source = await open(lines, {}, tagging);
    const scores = { dtype: "float32", shape: [1, 3, 3], data: Float32Array.of(0, 0, 1, 1, 0, 0, 0, 1, 0) } as const;
    expect(source.decode(scores, [1])).toEqual([["verb"]]);
    expect(source.decode(scores)).toEqual([["verb", "det", "noun"]]);
  });

  test("numbers per step, cut to max_length", async () => {
    const numbers = [{ inputs: [[1], [2], [3]], tags: [10, 20, 30] }];
    const source = await open(numbers, { max_length: 2 }, { model: numbersModel, loss: squaredError });
    expect(source.batch([0]).get("targets")).toEqual({
      dtype: "float32",
      shape: [1, 2, 1],
      data: Float32Array.of(10, 20),
    });
    const vectors = [
      {
        inputs: [[1], [2]],
        tags: [
          [1, 2],
          [3, 4],
        ],
      },
    ];
    const vectorSource = await open(vectors, {}, { model: numbersModel, loss: squaredError });
    expect(vectorSource.batch([0]).get("targets")).toMatchObject({
      shape: [1, 2, 2],
      data: Float32Array.of(1, 2, 3, 4),
    });
  });
});

describe("the vocabulary", () => {
  test("has the frequent tokens of the training split", async () => {
    const lines = ["a a b", "b c", "d"].map((text) => ({ text, label: "x" }));
    const openWith = async (data: Partial<NormalSequencesData>) => (await open(lines, data)).metadata.vocabulary;
    expect(await openWith({ vocabulary: { file: null, size: null, min_count: 2 } })).toEqual(["<unknown>", "a", "b"]);
    expect(await openWith({ vocabulary: { file: null, size: 2, min_count: 1 } })).toEqual(["<unknown>", "a"]);
    const split = {
      train: 0.7,
      validation: 0,
      test: 0.3,
      order: "time",
      stratify: false,
      ...byFraction,
    } as const;
    expect(await openWith({ split })).toEqual(["<unknown>", "a", "b", "c"]);
    expect((await open(lines, { split })).batch([2]).get("inputs")?.data).toEqual(Int32Array.of(0, 0, 0));
  });
});

test("held-out examples that the training split has too are stated once", async () => {
  const lines = ["a b", "c", "a b", "d", "c"].map((text, index) => ({ text, label: `${index % 2}` }));
  const split = {
    train: 0.4,
    validation: 0.2,
    test: 0.4,
    order: "time",
    stratify: false,
    ...byFraction,
  } as const;
  expect((await open(lines, { split })).notices).toEqual([
    "2 of 3 held-out examples have the same input as an example of the training split (lines 3, 5).",
  ]);
  expect((await open(lines)).notices).toEqual([]);
});

test("stratified splits share the labels, and refuse tags", async () => {
  const lines = Array.from({ length: 20 }, (_, index) => ({
    text: `t${index}`,
    label: index % 5 === 0 ? "rare" : "usual",
  }));
  const split = { train: 0.5, validation: 0.25, test: 0.25, order: "shuffled", stratify: true, ...byFraction } as const;
  const source = await open(lines, { split });
  const rareIn = (part: "train" | "validation" | "test") =>
    [...source.splits[part]].filter((index) => index % 5 === 0).length;
  expect([rareIn("train"), rareIn("validation"), rareIn("test")]).toEqual([2, 1, 1]);
  const tags = lines.map(({ text, label }) => ({ text, tags: [label] }));
  expect(await problems(tags, { split }, tagging)).toMatchObject([
    { code: "split-stratify", path: "/data/split/stratify" },
  ]);
});

describe("buckets", () => {
  const lines = Array.from({ length: 100 }, (_, index) => ({ text: "x ".repeat(1 + (index % 20)), label: index % 2 }));
  const split = {
    train: 0.8,
    validation: 0.2,
    test: 0,
    order: "shuffled",
    stratify: false,
    ...byFraction,
  } as const;

  test("divide the training examples by length", async () => {
    const { buckets = [], splits, batch } = await open(lines, { buckets: 4, split });
    expect(buckets).toHaveLength(4);
    expect(buckets.flatMap((bucket) => [...bucket]).sort((a, b) => a - b)).toEqual([...splits.train]);
    const maxLengths = buckets.map((bucket) => Math.max(...Array.from(bucket, (example) => 1 + (example % 20))));
    for (const [offset, bucket] of buckets.entries()) {
      expect(bucket.length).toBeGreaterThan(10);
      for (const example of bucket) {
        // Every batch has the shape of its bucket.
        expect(batch([example]).get("inputs")?.shape).toEqual([1, maxLengths[offset]]);
        expect(1 + (example % 20)).toBeGreaterThan(maxLengths[offset - 1] ?? 0);
      }
    }
  });

  test("a single bucket is no bucket", async () => {
    const source = await open(lines, { split });
    expect(source.buckets).toBeUndefined();
    expect(source.batch([0]).get("inputs")?.shape).toEqual([1, 20]);
  });

  test("sequences longer than the training split's keep their length", async () => {
    const source = await open([...lines, { text: "x ".repeat(50), label: 1 }], {
      split: {
        train: 0.99,
        validation: 0,
        test: 0.01,
        order: "time",
        stratify: false,

        ...byFraction,
      },
    });
    expect(source.batch([0]).get("inputs")?.shape).toEqual([1, 20]);
    expect(source.batch([100, 0]).get("inputs")?.shape).toEqual([2, 50]);
  });
});

describe("CSV files", () => {
  test("columns by name; other columns are ignored", async () => {
    const source = await open('id,label,text\n1,spam,"win, now"\n2,ham,#ok\n', { file: "s.csv" });
    expect(source.metadata).toMatchObject({
      vocabulary: ["<unknown>", "win,", "now", "#ok"],
      classes: ["ham", "spam"],
    });
  });

  test("tokens and tags are separated by white space", async () => {
    const source = await open("tokens\ttags\nthe dog\tdet noun\n", { file: "s.tsv" }, tagging);
    expect(source.batch([0]).get("targets")?.data).toEqual(Int32Array.of(0, 1));
  });
});

test("numbers as labels and tokens keep all their digits", async () => {
  const line = (token: string, label: string) =>
    `{"id": 12345678901234567890, "tokens": [${token}], "label": ${label}}\n`;
  const tokens = ["9007199254740993", "9007199254740994", "0.30000000000000004", "0.1234567890123456789"];
  const labels = ["9007199254740991", "1234567890123456788", "1234567890123456789", "1e400"];
  const source = await open(tokens.map((token, index) => line(token, labels[index] ?? "")).join(""));
  expect(source.metadata).toMatchObject({ vocabulary: ["<unknown>", ...tokens], classes: labels });
  const inputs = '{"inputs": [[12345678901234567890]], "label": 0.1234567890123456789}\n';
  const numbers = await open(inputs, {}, { model: lastModel, loss: squaredError });
  expect(numbers.batch([0]).get("inputs")?.data).toEqual(Float32Array.of(Number("12345678901234567890")));
  expect(numbers.batch([0]).get("targets")?.data).toEqual(Float32Array.of(0.12345678901234568));
});

test("digests differ for different sequences", async () => {
  const digest = async (content: Content) => (await open(content)).digest;
  expect(await digest(messages)).toBe(await digest(messages.map((line, id) => ({ ...line, id }))));
  expect(await digest(messages)).not.toBe(await digest(messages.slice(0, 2)));
  expect(await digest(messages)).not.toBe(await digest(messages.map(({ text }) => ({ text, label: "ham" }))));
});

test("classes of equal numbers are named in a notice", async () => {
  const csv = (labels: readonly string[]) => `text,label\n${labels.map((label) => `a,${label}\n`).join("")}`;
  expect((await open(csv(["1.0", "0.0", "1"]), { file: "s.csv" })).notices).toEqual([
    '"1" and "1.0" are classes of their own. If they are one class, write them alike in the data.',
  ]);
  expect((await open(csv(["1.0", "0.0", "b"]), { file: "s.csv" })).notices).toEqual([]);
});

describe("problems", () => {
  const about = (line: number, message: string, hint = "", code = "sequence-line") => ({
    code,
    path: "/data/file",
    file: "s.jsonl",
    line,
    message: `s.jsonl:${line}: The line ${message}.`,
    hint,
  });
  const jsonHint = 'Write one object per line, such as {"text": "good morning", "label": "greeting"}.';
  const labelHint = "Write a text that is not empty, a number, true or false.";
  const good = { text: "a b", label: "x" };

  test.each<[string, Content, SpecParts, object]>([
    ["a list", [good, [1, 2]], {}, about(2, "is not an object", jsonHint)],
    [
      "no steps",
      [{ label: "x" }],
      {},
      about(
        1,
        "has no text, tokens or inputs",
        'It has "label". Keys are text, tokens or inputs for the steps, label or tags for the targets; data.columns maps others.',
      ),
    ],
    [
      "no answer",
      [{ text: "x" }],
      {},
      about(
        1,
        "has no label and no tags",
        'It has "text". Keys are text, tokens or inputs for the steps, label or tags for the targets; data.columns maps others.',
      ),
    ],
    [
      "other steps than the first",
      [good, { tokens: ["a"], label: "x" }],
      {},
      about(2, "has no text, but the first line has it"),
    ],
    [
      "another answer than the first",
      [good, { text: "a", tags: ["x"] }],
      {},
      about(2, "has no label, but the first line has it"),
    ],
    [
      "an empty text",
      [good, { text: " ", label: "x" }],
      {},
      about(2, "has no steps", "Remove the line, or complete it."),
    ],
    [
      "a text that is a number",
      [{ text: 5, label: "x" }],
      {},
      about(1, "has text that is not a string", "Write it in quotes."),
    ],
    [
      "a text that is a list of words",
      [{ text: ["a", "b"], label: "x" }],
      {},
      about(1, "has text that is not a string", 'Name a list of words "tokens".'),
    ],
    [
      "tokens that are lists",
      [{ tokens: [["a"]], label: "x" }],
      {},
      about(1, "has tokens that are not a list of strings"),
    ],
    [
      "a label that is null",
      [good, { text: "a", label: null }],
      {},
      about(2, "has no label", "Fill it in, or leave the line out."),
    ],
    [
      "a label that is a list",
      [{ text: "a", label: ["x"] }],
      {},
      about(1, "has a label that is not a name", labelHint),
    ],
    [
      "tags that are no list",
      [{ text: "a", tags: 5 }],
      tagging,
      about(1, "has tags that are not a list of names", 'Write one name for each step, as in ["noun", "verb"].'),
    ],
    [
      "too few tags",
      [{ text: "a b c", tags: ["x"] }],
      tagging,
      about(1, "has 1 tag for 3 steps", "Write one tag for each step."),
    ],
    [
      "numbers that are none",
      [{ text: "a", label: "x" }],
      { loss: squaredError },
      about(
        1,
        "has a label that is not a finite number",
        "squared_error needs numbers as targets. For classes use cross_entropy.",
      ),
    ],
    [
      "answers of another width",
      [
        { text: "a", label: [1, 2] },
        { text: "a", label: [1] },
      ],
      { loss: squaredError },
      about(2, "has label of 1 number, but the first line has 2"),
    ],
    [
      "inputs that are no vectors",
      [{ inputs: [1, 2], label: "x" }],
      { model: lastModel },
      about(1, "has inputs that are not a list of vectors"),
    ],
    [
      "ragged inputs",
      [{ inputs: [[1, 2], [3]], label: "x" }],
      { model: lastModel },
      about(1, "has inputs that are not all vectors of 2 finite numbers"),
    ],
    [
      "vectors of another width",
      [
        { inputs: [[1, 2]], label: "x" },
        { inputs: [[1]], label: "x" },
      ],
      { model: lastModel },
      about(2, "has vectors of 1, but the first line has vectors of 2", "Give all vectors the same size."),
    ],
    [
      "vectors for a model that looks up tokens",
      [{ inputs: [[1]], label: "x" }],
      {},
      about(
        1,
        "has vectors, but the model looks up tokens",
        "Begin the model with an rnn or a dense layer.",
        "sequence-kind",
      ),
    ],
    [
      "text for a model that reads numbers",
      [good],
      { model: lastModel },
      about(1, "has text, but the model reads numbers", "Begin the model with an embedding layer.", "sequence-kind"),
    ],
    [
      "a label for a model with a prediction per step",
      [good],
      tagging,
      about(
        1,
        "has one label, but the model predicts at every step",
        'Set "return": "last" on the last rnn layer, or follow it with a pool layer.',
        "sequence-kind",
      ),
    ],
    [
      "tags for a model with one prediction",
      [{ text: "a", tags: ["x"] }],
      {},
      about(
        1,
        "has a tag for every step, but the model predicts once per sequence",
        'Set "return": "sequence" on every rnn layer, and use no pool layer.',
        "sequence-kind",
      ),
    ],
  ])("%s", async (_, content, parts, problem) => {
    expect(await problems(content, {}, parts)).toEqual([problem]);
  });

  test("a line that is not JSON", async () => {
    const results = await problems('{"text": "a", "label": "x"}\n\n{"text": \n');
    expect(results).toEqual([
      {
        code: "sequence-line",
        path: "/data/file",
        file: "s.jsonl",
        line: 3,
        message: expect.stringMatching(/^s.jsonl:3: The line is not JSON: .+\.$/),
        hint: jsonHint,
      },
    ]);
  });

  test.each([
    ['{"text": "a", "label": "x", "text": "b"}', 'has the key "text" twice'],
    ['{"text": "a", "label": {"text": "x"}}', "has a label that is not a name"],
  ])("a key that is written twice: %s", async (line, what) => {
    expect((await problems(`${line}\n`))[0]?.message).toBe(`s.jsonl:1: The line ${what}.`);
  });

  test("deep nesting is a problem, not an overflow", async () => {
    const results = await problems(`{"text": ${"[".repeat(200_000)}`);
    expect(results.map(({ code }) => code)).toEqual(["sequence-line"]);
  });

  test("nothing, another encoding, another kind, another header", async () => {
    const firstProblem = async (content: Content, data: Partial<NormalSequencesData> = {}) =>
      (await problems(content, data))[0];
    expect(await firstProblem("\n \n")).toEqual({
      code: "sequences-empty",
      path: "/data/file",
      file: "s.jsonl",
      message: '"s.jsonl" has no sequences.',
      hint: jsonHint,
    });
    expect(await firstProblem(Uint8Array.of(34, 233, 34, 10))).toMatchObject({
      line: 1,
      message: "s.jsonl:1: The line is not UTF-8.",
    });
    expect(await firstProblem("", { file: "s.txt" })).toEqual({
      code: "file-kind",
      path: "/data/file",
      file: "s.txt",
      message: '"s.txt" is not a .jsonl, .csv, .tsv, .parquet, .arrow or .ts file.',
      hint: "Rename the file: its extension selects the format.",
    });
    expect(await firstProblem("sms,class\nhello,ham\n", { file: "s.csv" })).toEqual({
      code: "sequence-columns",
      path: "/data/file",
      file: "s.csv",
      line: 1,
      message: '"s.csv" has no column named text, tokens, label or tags.',
      hint: 'Its columns are sms, class. Name them in data.columns: {"text": "sms", "label": …}.',
    });
    expect(await firstProblem("text,text,label\na,b,x\n", { file: "s.csv" })).toMatchObject({
      code: "sequence-columns",
      message: '"s.csv" has more than one column "text".',
    });
    const missing = await openData(specOf({ data: { ...sequencesData, file: "no.jsonl" } }), temporaryFolder());
    expect(missing).toMatchObject({ error: [{ code: "file-missing", message: '"no.jsonl" does not exist.' }] });
  });

  test("a problem of many lines is reported once", async () => {
    const found = await problems(Array.from({ length: 100 }, () => [1]));
    expect(found.map(({ message }) => message)).toEqual([
      "s.jsonl:1: The line is not an object. The same on 99 more lines: 2, 3, 4, ….",
    ]);
  });

  test("truncated and changed files do not throw", async () => {
    const file = Buffer.from('{"text":"aé","label":"x"}\n{"text":"b","label":"y"}\n');
    for (let size = 0; size < file.length; size++) await opened(file.subarray(0, size));
    for (let offset = 0; offset < file.length; offset++) {
      for (const byte of [0, 10, 34, 91, 200]) {
        const changed = Buffer.from(file);
        changed[offset] = byte;
        await opened(changed);
      }
    }
  });
});
