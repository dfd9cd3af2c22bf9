/** Initial weights of a run whose symbols, classes or columns have other ids: the model computes the same. */
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadRun } from "../../../runtime/load-run.js";
import { initializeTensors } from "../../../runtime/tensors/initializers.js";
import type { NormalData } from "../../../schema/normal/index.js";
import { readSpec } from "../../../schema/read.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { eventsOfKind, run, trainSpec, weightsOf } from "../../support/training-runs.js";

interface Case {
  readonly model: readonly object[];
  readonly loss?: object;
  /** Two data sections that number their names differently. */
  readonly data: readonly [object, object];
  readonly files?: Readonly<Record<string, string>>;
}

const frozen = { optimizer: { type: "sgd", learning_rate: 0 }, train: { steps: 1, batch_size: "all" } };
const sequenceLoss = { type: "sequence_loss" };
const gru = { layer: "rnn", cell: "gru", hidden_size: 4 };
const text = (content: string, more: object = {}) => ({ type: "text", text: content, window: 4, ...more });
const texts = [text("the cat sat on the mat"), text("on mats the cats eat")] as const;
const jsonl = (lines: readonly object[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join("");

/** Trains with the first data, then starts from its weights on the second, with a rate of 0. */
async function startFrom({ model, loss = sequenceLoss, data, files = {} }: Case, move = (file: string) => file) {
  const [first, second] = data;
  const trained = await trainSpec({ name: "a", data: first, model, loss, train: { steps: 20 } }, files);
  const { out, folder } = trained;
  const read = await readSpec(JSON.stringify({ name: "b", seed: 7, data: second, model, loss, ...frozen }));
  if (!read.ok) throw new Error(read.diagnostics[0]?.message);
  const target = join(folder, "b");
  const init = { file: move(join(out, "weights.safetensors")), maps: [] };
  const request = { spec: read.spec, folder, out: target, device: "cpu", resume: false, init } as const;
  const { outcome, events } = await run({ ...request, disabledPasses: [] });
  const notices = eventsOfKind(events, "notice").map(({ message }) => message);
  return { from: out, target, spec: read.spec, outcome, notices };
}

/** The loss of a run's model on other data, whose names it has. */
async function lossOf(folder: string, data: NormalData): Promise<number | undefined> {
  const loaded = await loadRun(folder);
  if (!loaded.ok) throw new Error(loaded.error[0]?.message);
  const inRunFolder = "file" in data && data.file ? { ...data, file: join("..", data.file) } : data;
  const evaluated = await loaded.value.evaluate({ data: inRunFolder as NormalData, device: "cpu" });
  if (!evaluated.ok) throw new Error(JSON.stringify(evaluated.error));
  return evaluated.value.metrics.test.loss;
}

const sentences = [
  { text: "good day", label: "x" },
  { text: "bad day sir", label: "y" },
  { text: "good good", label: "z" },
];
const tagged = sentences.map(({ text: line }) => ({ text: line, tags: line.split(" ") }));
const wordModel = [
  { layer: "embedding", size: 3 },
  { ...gru, return: "last" },
  { layer: "dense", size: "classes" },
];
const pairs = [
  ["one two", "1 2"],
  ["two two one", "2 2 1"],
  ["three", "3"],
];
const table = { type: "table", window: 2, target: ["y"], file: "a.csv" };
const tableFiles = { "a.csv": "x,y,z\n0,1,2\n1,3,1\n2,2,0\n3,1,5\n", "b.csv": "z,y,x\n2,1,0\n1,3,1\n0,2,2\n5,1,3\n" };
const sumModel = [
  { ...gru, return: "last" },
  { layer: "dense", size: 1 },
];

test.each<[string, Case]>([
  ["one_hot and projection", { data: texts, model: [{ layer: "one_hot" }, gru, { layer: "projection" }] }],
  [
    "sizes that the spec writes",
    {
      data: texts,
      model: [
        { layer: "one_hot", size: 10 },
        { ...gru, bidirectional: "concat" },
        { layer: "dense", size: 10 },
      ],
    },
  ],
  [
    "an embedding that is also the projection",
    {
      data: texts,
      model: [
        { layer: "embedding", size: 4 },
        gru,
        { layer: "projection", weights: "embedding", activation: "softmax" },
      ],
    },
  ],
  [
    "words",
    {
      data: [text("a b c a b d", { unit: "word", window: 2 }), text("d c b a a", { unit: "word", window: 2 })],
      model: [{ layer: "embedding", size: 3 }, gru, { layer: "projection" }],
    },
  ],
  [
    "bytes, and class weights",
    {
      data: [text("abcabd", { unit: "byte", window: 2 }), text("dcba", { unit: "byte", window: 2 })],
      model: [{ layer: "embedding", size: 3 }, gru, { layer: "projection" }],
      loss: { type: "sampled_softmax", samples: 2 },
    },
  ],
  [
    "tokens of sequences",
    {
      data: [
        { type: "sequences", file: "a.jsonl" },
        { type: "sequences", file: "b.jsonl" },
      ],
      files: { "a.jsonl": jsonl(sentences), "b.jsonl": jsonl(sentences.toReversed()) },
      model: wordModel,
      loss: { type: "cross_entropy" },
    },
  ],
  [
    "tags",
    {
      data: [
        { type: "sequences", file: "a.jsonl" },
        { type: "sequences", file: "b.jsonl" },
      ],
      files: { "a.jsonl": jsonl(tagged), "b.jsonl": jsonl(tagged.toReversed()) },
      model: [{ layer: "embedding", size: 3 }, gru, { layer: "projection", size: "classes" }],
    },
  ],
  [
    "both vocabularies of pairs",
    {
      data: [
        { type: "pairs", unit: "word", pairs },
        { type: "pairs", unit: "word", pairs: pairs.toReversed() },
      ],
      model: [
        { layer: "embedding", size: 3, name: "source" },
        { ...gru, name: "encoder" },
        { layer: "embedding", from: ["decoder_inputs"], size: 3, vocabulary_size: "target_vocabulary", name: "words" },
        { ...gru, name: "decoder", initial_state: "encoder" },
        { layer: "projection", size: "target_vocabulary" },
      ],
    },
  ],
  [
    "columns of a table",
    { data: [table, { ...table, file: "b.csv" }], files: tableFiles, model: sumModel, loss: { type: "squared_error" } },
  ],
  [
    "columns that are also the targets",
    {
      data: [
        { ...table, target: ["x", "y"], columns: ["x", "y"] },
        { ...table, target: ["y", "x"], columns: ["y", "x"] },
      ],
      files: tableFiles,
      model: [
        { ...gru, return: "last" },
        { layer: "dense", size: "features" },
      ],
      loss: { type: "squared_error" },
    },
  ],
])("%s: the loss is that of the run that the weights come from", async (_, parts) => {
  const { from, spec, outcome, notices } = await startFrom(parts);
  const before = await lossOf(from, spec.data);
  expect(outcome.ok && outcome.value.metrics.train.loss).toBeCloseTo(before ?? Number.NaN, 5);
  expect(notices.some((notice) => notice.includes("Matched by name: "))).toBe(true);
});

test("a symbol that the file lacks starts from the seed, and the notice lists it", async () => {
  const model = [{ layer: "embedding", size: 2 }, gru, { layer: "projection" }];
  const { from, target, spec, notices } = await startFrom({ data: [text("abcabc"), text("xcba xcba")], model });
  const tensors = { from: weightsOf(from), to: weightsOf(target) };
  const loaded = await loadRun(target);
  const parameters = loaded.ok ? loaded.value.manifest.parameters : [];
  const seeded = initializeTensors(parameters, spec.seed).get("embedding/W")?.data ?? [];
  const row = (data: ArrayLike<number> | undefined, id: number) => Array.from(data ?? []).slice(2 * id, 2 * id + 2);
  const [old, now] = [tensors.from.get("embedding/W")?.data, tensors.to.get("embedding/W")?.data];
  // "abc" and "xcba ".
  const expected = [row(seeded, 0), row(old, 2), row(old, 1), row(old, 0), row(seeded, 4)];
  expect([0, 1, 2, 3, 4].map((id) => row(now, id))).toEqual(expected);
  expect(notices).toContain(
    "The file has other symbols, or in another order. Matched by name: embedding/W, projection/W, projection/b. " +
      'From the seed, because the file lacks them: 2 of 5 symbols, "x", " ".',
  );
});

test("a file of the same symbols is read as it is, without a notice", async () => {
  const model = [{ layer: "one_hot" }, gru, { layer: "projection" }];
  const { from, target, notices } = await startFrom({ data: [texts[0], texts[0]], model });
  expect(weightsOf(target)).toEqual(weightsOf(from));
  expect(notices).toEqual([]);
});

test("a file without its run: a notice names the tensors", async () => {
  const model = [{ layer: "one_hot" }, gru, { layer: "projection" }];
  const away = join(temporaryFolder(), "w.safetensors");
  const { outcome, notices } = await startFrom({ data: [texts[0], texts[0]], model }, (file) => {
    copyFileSync(file, away);
    return away;
  });
  expect(outcome.ok).toBe(true);
  expect(notices).toEqual([
    '"w.safetensors" does not list its symbols. They need the order of data.json of this run in rnn/0/W, projection/W, ' +
      "projection/b.",
  ]);
});

test("a checkpoint's weights belong to its run", async () => {
  const model = [{ layer: "one_hot" }, gru, { layer: "projection" }];
  const { notices } = await startFrom({ data: texts, model }, (file) =>
    join(file, "..", "checkpoints/step-00000020/weights.safetensors"),
  );
  expect(notices[0]).toMatch(/Matched by name: rnn\/0\/W/);
});

test("columns of other names are matched by their places, with a notice", async () => {
  const files = { ...tableFiles, "b.csv": tableFiles["a.csv"].replace("x,y,z", "u,y,w") };
  const data = [table, { ...table, file: "b.csv" }] as const;
  const { from, target, notices } = await startFrom({ data, files, model: sumModel, loss: { type: "squared_error" } });
  expect(weightsOf(target)).toEqual(weightsOf(from));
  expect(notices).toEqual(["Columns are matched by their places: x, y, z of the file are u, y, w here."]);
});

const letters = [text("abcdefghiabc"), text("ihgfedcbaihg")] as const;

test.each<[string, Case, string]>([
  [
    "the units of an rnn are the scores of a text",
    { data: letters, model: [{ layer: "one_hot" }, { ...gru, hidden_size: 9 }] },
    "other symbols, or in another order, and a layer needs their exact number",
  ],
  [
    "the units of an rnn are the scores of classes",
    {
      data: [
        { type: "sequences", file: "a.jsonl" },
        { type: "sequences", file: "b.jsonl" },
      ],
      files: {
        "a.jsonl": jsonl(sentences),
        "b.jsonl": jsonl(sentences.map((line, index) => ({ ...line, label: ["z", "y", "v"][index] }))),
      },
      model: [
        { layer: "embedding", size: 2 },
        { ...gru, hidden_size: 3, return: "last" },
      ],
      loss: { type: "cross_entropy" },
    },
    "other classes, or in another order, and they are the units of the last layer, rnn",
  ],
  [
    "symbols next to other values",
    {
      data: letters,
      model: [
        { layer: "one_hot" },
        { layer: "embedding", from: ["inputs"], size: 2 },
        { layer: "concat", from: ["one_hot", "embedding"] },
        gru,
        { layer: "projection" },
      ],
    },
    "other symbols, or in another order, and not all rows or columns of rnn/0/W are theirs",
  ],
  [
    "more outputs than symbols",
    { data: letters, model: [{ layer: "one_hot" }, gru, { layer: "dense", size: 12 }] },
    "other symbols, or in another order, and not all rows or columns of dense/W are theirs",
  ],
])("%s: refused with the way out", async (_, parts, message) => {
  const { outcome } = await startFrom(parts);
  const problems = !outcome.ok && outcome.error.kind === "input" ? outcome.error.problems : [];
  expect(problems.map(({ code }) => code)).toEqual(["init-names"]);
  expect(problems[0]?.message).toContain(message);
  expect(problems[0]?.hint).toContain("--map LAYER=");
});

test("initial weights of a resumed run are refused", async () => {
  const { folder, out, spec } = await trainSpec({
    data: texts[0],
    model: [{ layer: "one_hot" }, gru, { layer: "projection" }],
    loss: sequenceLoss,
    ...frozen,
    name: "a",
  });
  const file = join(folder, "w.safetensors");
  writeFileSync(file, "");
  const request = { spec, folder, out, device: "cpu", resume: true, init: { file, maps: [] } } as const;
  const { outcome } = await run({ ...request, disabledPasses: [] });
  expect(outcome).toMatchObject({ ok: false, error: { kind: "input", problems: [{ code: "init-resume" }] } });
});
