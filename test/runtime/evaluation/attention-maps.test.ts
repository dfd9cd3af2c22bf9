/** Attention maps of a run: weights against a computation by hand, with lengths and masks; labels; refusals. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type AttentionMaps, attentionMaps } from "../../../runtime/evaluation/attention-maps.js";
import { openRunExamples } from "../../../runtime/evaluation/run-examples.js";
import { createReport } from "../../../views/report/report.js";
import { trainSpec, weightsOf } from "../../support/training-runs.js";

type Matrix = readonly (readonly number[])[];

const sentences = ["c a b", "b a", "a b c a b"];
const lines = sentences.map((text) => JSON.stringify({ tokens: text.split(" "), tags: text.split(" ") })).join("\n");

const tagger = (...layers: object[]) => ({
  data: { type: "sequences", file: "d.jsonl" },
  model: [{ layer: "embedding", size: 4 }, ...layers, { layer: "projection", size: "classes", activation: "softmax" }],
  loss: { type: "sequence_loss" },
  train: { steps: 3, batch_size: 2 },
});

async function mapsOf(out: string, example: number | null): Promise<AttentionMaps> {
  const opened = await openRunExamples(out);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const maps = await attentionMaps(opened.value, example);
  if (!maps.ok || maps.value === null) throw new Error(JSON.stringify(maps));
  return maps.value;
}

function matricesOf(out: string) {
  const tensors = weightsOf(out);
  return (name: string): Matrix => {
    const { shape, data } = tensors.get(name) ?? { shape: [0, 0], data: [] };
    const [rows = 1, columns = 1] = shape.length === 1 ? [1, shape[0]] : shape;
    return Array.from({ length: rows }, (_, row) => Array.from(data.slice(row * columns, (row + 1) * columns)));
  };
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, index) => sum + x * (b[index] ?? 0), 0);
const product = (x: readonly number[], w: Matrix) =>
  (w[0] ?? []).map((_, j) =>
    dot(
      x,
      w.map((row) => row[j] ?? 0),
    ),
  );
const softmax = (scores: readonly number[]) => {
  const exponentials = scores.map(Math.exp);
  return exponentials.map((value) => value / exponentials.reduce((a, b) => a + b, 0));
};

test("the weights of causal heads in a window", async () => {
  const layer = { layer: "attention", heads: 2, causal: true, window: 2 };
  const { out } = await trainSpec(tagger(layer), { "d.jsonl": lines });
  const { example, split, maps } = await mapsOf(out, null);
  expect({ example, split }).toEqual({ example: 2, split: "train" });
  const [map] = maps;
  expect(map?.layer).toBe("attention");
  const axis = { from: "embedding", labels: ["a", "b", "c", "a", "b"], steps: 5 };
  expect([map?.query, map?.memory]).toEqual([axis, axis]);
  const weight = matricesOf(out);
  const vocabulary: readonly string[] = JSON.parse(readFileSync(join(out, "data.json"), "utf8")).metadata.vocabulary;
  const x = axis.labels.map((token) => weight("embedding/W")[vocabulary.indexOf(token)] ?? []);
  const projected = (row: readonly number[], letter: string) =>
    product(row, weight(`attention/W${letter}`)).map(
      (value, index) => value + (weight(`attention/b${letter}`)[0]?.[index] ?? 0),
    );
  const [q, k] = [x.map((row) => projected(row, "q")), x.map((row) => projected(row, "k"))];
  expect(map?.heads).toHaveLength(2);
  for (const [h, head] of (map?.heads ?? []).entries()) {
    const columns = (row: readonly number[] = []) => row.slice(2 * h, 2 * h + 2);
    expect(head).toHaveLength(5);
    for (const [i, row] of head.entries()) {
      const seen = [0, 1, 2, 3, 4].filter((j) => j <= i && i - j <= 2);
      const a = softmax(seen.map((j) => dot(columns(q[i]), columns(k[j])) / Math.sqrt(2)));
      const expected = [0, 1, 2, 3, 4].map((j) => (seen.includes(j) ? (a[seen.indexOf(j)] ?? 0) : 0));
      expect(Array.from(row)).toEqual(expected.map((value) => expect.closeTo(value, 5)));
      expect(Array.from(row).map((value) => value === 0)).toEqual(expected.map((value) => value === 0));
    }
  }
});

test("the report of a run has its maps", async () => {
  const { out } = await trainSpec(tagger({ layer: "attention", heads: 2 }), { "d.jsonl": lines });
  const reported = await createReport(out, 1);
  if (!reported.ok) throw new Error(JSON.stringify(reported.error));
  expect(reported.value).toContain("Example 1 of the data, in the train split.");
  expect(reported.value.match(/<title>head \d<\/title>/g)).toEqual(["<title>head 0</title>", "<title>head 1</title>"]);
  const refused = await createReport(out, 3);
  expect(refused).toMatchObject({ ok: false, error: [{ code: "no-example" }] });
});

test("a chosen example, and the steps of windows", async () => {
  const layers = [{ layer: "conv1d", size: 4, kernel_size: 2, padding: "valid" }, { layer: "attention" }];
  const pooled = [...layers, { layer: "pool", mode: "last" }];
  const data = { type: "sequences", file: "d.jsonl", split: { train: 0.6, validation: 0.4 } };
  const copies = [...sentences, ...sentences, ...sentences, ...sentences];
  const classified = { ...tagger(...pooled), data, loss: { type: "cross_entropy" } };
  const labeled = copies.map((text) => JSON.stringify({ tokens: text.split(" "), label: text[0] })).join("\n");
  const { out } = await trainSpec(classified, { "d.jsonl": labeled });
  const opened = await openRunExamples(out);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const { train } = opened.value.source.splits;
  const trained = train.find((example) => example % sentences.length === 0) ?? -1;
  const { example, split, maps } = await mapsOf(out, trained);
  expect({ example, split }).toEqual({ example: trained, split: "train" });
  expect(opened.value.split).toBe("validation");
  // Two windows of three tokens are no tokens.
  expect(maps[0]?.memory).toEqual({ from: "conv1d", labels: ["0", "1"], steps: 2 });
  for (const row of maps[0]?.heads[0] ?? []) expect(row[0] ?? 0).toBeCloseTo(1 - (row[1] ?? 0), 6);
});

test("a decoder's steps, and those of the encoder that they read", async () => {
  const model = [
    { layer: "embedding", name: "source", size: 4 },
    { layer: "rnn", name: "encoder", cell: "gru", hidden_size: 4 },
    { layer: "embedding", name: "target", from: "decoder_inputs", vocabulary_size: "target_vocabulary", size: 4 },
    { layer: "rnn", name: "decoder", cell: "gru", hidden_size: 4, initial_state: "encoder" },
    { layer: "attention", from: ["decoder", "encoder"] },
    { layer: "projection", size: "target_vocabulary", activation: "softmax" },
  ];
  const data = { type: "pairs", file: "d.tsv", unit: "word" };
  const spec = { data, model, loss: { type: "sequence_loss" }, train: { steps: 2, batch_size: 2 } };
  const { out } = await trainSpec(spec, { "d.tsv": "one two three\t1 2 3\none\t1\n" });
  const { maps } = await mapsOf(out, null);
  expect(maps[0]?.query).toEqual({ from: "decoder", labels: ["<start>", "1", "2", "3"], steps: 4 });
  expect(maps[0]?.memory).toEqual({ from: "encoder", labels: ["one", "two", "three"], steps: 3 });
  for (const row of maps[0]?.heads[0] ?? []) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
});

test("an example that does not exist, and a model without attention, are refused", async () => {
  const problemsOf = async (layers: readonly object[], example: number) => {
    const { out } = await trainSpec(tagger(...layers), { "d.jsonl": lines });
    const opened = await openRunExamples(out);
    const outcome = opened.ok ? await attentionMaps(opened.value, example) : opened;
    return outcome.ok || outcome.error.kind !== "input" ? [] : outcome.error.problems.map(({ message }) => message);
  };
  expect(await problemsOf([{ layer: "attention" }], 3)).toEqual([
    "The data has no example 3: it has 3, counted from 0.",
  ]);
  expect(await problemsOf([], 0)).toEqual(["The model has no attention layer."]);
});
