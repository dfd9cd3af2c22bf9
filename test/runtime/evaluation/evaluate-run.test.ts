/** Evaluation of runs on their own data, which gives the metrics of the training, and on other data. */
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { type EvaluateRequest, evaluateRun } from "../../../runtime/evaluation/evaluate-run.js";
import type { NormalData } from "../../../schema/normal/index.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { trainSpec } from "../../support/training-runs.js";

async function evaluateTo(out: string, parts: Partial<EvaluateRequest> = {}) {
  const outcome = await evaluateRun({ run: out, data: null, split: null, weights: "end", device: "cpu", ...parts });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  return outcome.value;
}

const text = {
  data: {
    type: "text",
    text: "the cat sat on the mat, and the rat sat on the cat.",
    window: 5,
    split: { validation: 0.2, test: 0.2 },
  },
  model: [{ layer: "one_hot" }, { layer: "rnn", cell: "gru", hidden_size: 6 }, { layer: "projection" }],
  loss: { type: "sequence_loss" },
  train: { steps: 12, batch_size: 8, evaluate_every: 3 },
};

describe("a run's own data", () => {
  test("gives the metrics of its training, for the weights of any checkpoint", async () => {
    const { out, done } = await trainSpec(text);
    const { metrics, step, examples } = await evaluateTo(out);
    expect(metrics).toEqual(done.metrics);
    expect(step).toBe(done.best?.step);
    expect(Object.values(examples).every((count) => count > 0)).toBe(true);
    expect(await evaluateTo(out, { weights: "best" })).toMatchObject({ step: done.best?.step, metrics });
    expect(await evaluateTo(out, { weights: "last" })).toMatchObject({ step: 12 });
    expect(await evaluateTo(out, { weights: 12, split: "test" })).toMatchObject({
      metrics: { train: {}, validation: {}, test: { loss: expect.any(Number) } },
    });
    rmSync(join(out, "weights.safetensors"));
    expect((await evaluateTo(out)).step).toBe(12);
  });

  test("that has changed since the training is reported", async () => {
    const { text: content, ...data } = text.data;
    const { folder, out } = await trainSpec({ ...text, data: { ...data, file: "t.txt" } }, { "t.txt": content });
    expect((await evaluateTo(out)).notices).toEqual([]);
    appendFileSync(join(folder, "t.txt"), "the cat");
    expect((await evaluateTo(out)).notices).toEqual([
      "The data has changed since the training: the metrics are those of the current data.",
    ]);
    rmSync(join(folder, "t.txt"));
    const file = relative(".", join(folder, "t.txt"));
    const missing = await evaluateRun({ run: out, data: null, split: null, weights: "end", device: "cpu" });
    expect(missing).toMatchObject({
      error: {
        problems: [{ file, message: expect.stringContaining(`"${file}"`), hint: expect.stringMatching(/^Restore/) }],
      },
    });
  });
});

const sentences = [
  { text: "good day to you", label: "kind" },
  { text: "go away now", label: "rude" },
  { text: "you are good", label: "kind" },
  { text: "you are away", label: "rude" },
];
const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

const sequences = {
  data: { type: "sequences", file: "s.jsonl" },
  model: [
    { layer: "embedding", size: 4 },
    { layer: "rnn", cell: "gru", hidden_size: 4, return: "last" },
    { layer: "dense", size: "classes" },
  ],
  loss: { type: "cross_entropy" },
  train: { steps: 8 },
};

const rows = Array.from({ length: 30 }, (_, row) => `${row},${(row * 7) % 11},${Math.round(100 * Math.sin(row))}`);
const table = {
  data: { type: "table", file: "t.csv", target: ["c"], window: 3, scale: "min_max", split: { train: 0.7, test: 0.3 } },
  model: [
    { layer: "rnn", cell: "gru", hidden_size: 4, return: "last" },
    { layer: "dense", size: 1 },
  ],
  loss: { type: "squared_error" },
  train: { steps: 8 },
};

function withFile(data: NormalData, file: string): NormalData {
  return { ...data, file } as NormalData;
}

describe("other data", () => {
  test("is encoded with the vocabulary and the classes of the run", async () => {
    const { folder, out, spec, done } = await trainSpec(sequences, { "s.jsonl": lines(sentences) });
    writeFileSync(join(folder, "other.jsonl"), lines([...sentences].reverse()));
    const { metrics, examples } = await evaluateTo(out, { data: withFile(spec.data, join(folder, "other.jsonl")) });
    expect(examples).toEqual({ train: 0, validation: 0, test: 4 });
    expect(metrics.test.accuracy).toBe(done.metrics.train.accuracy);
    expect(metrics.test.loss).toBeCloseTo(done.metrics.train.loss ?? 0, 6);

    writeFileSync(join(folder, "odd.jsonl"), lines([{ text: "good", label: "odd" }]));
    const unusual = await evaluateRun({
      run: out,
      data: withFile(spec.data, join(folder, "odd.jsonl")),
      split: null,
      weights: "end",
      device: "cpu",
    });
    expect(unusual).toMatchObject({ ok: false, error: { problems: [{ code: "unknown-class", line: 1 }] } });
  });

  test("is scaled with the scaler of the run", async () => {
    const { folder, out, spec, done } = await trainSpec(table, { "t.csv": ["a,b,c", ...rows, ""].join("\n") });
    // 27 windows of 3 rows and a target: the last 9 are the test split, in 12 rows.
    writeFileSync(join(folder, "other.csv"), ["a,b,c", ...rows.slice(-12), ""].join("\n"));
    const { metrics, examples } = await evaluateTo(out, { data: withFile(spec.data, join(folder, "other.csv")) });
    expect(examples.test).toBe(9);
    expect(metrics.test.rmse).toBeCloseTo(done.metrics.test.rmse ?? 0, 6);
  });

  test("has the notices of its data, and a hint for the window of the run", async () => {
    const stores = rows.map((row, index) => `${index < 15 ? "north" : "south"},${row}`);
    const { folder, out, spec } = await trainSpec(table, { "t.csv": ["store,a,b,c", ...stores, ""].join("\n") });
    const notice = expect.stringMatching(/column "store" changes/);
    expect((await evaluateTo(out)).notices).toEqual([notice]);
    const request = { run: out, split: null, weights: "end", device: "cpu" } as const;
    const problemsOf = async (data: NormalData) => {
      const outcome = await evaluateRun({ ...request, data });
      return outcome.ok || outcome.error.kind !== "input" ? [] : outcome.error.problems;
    };
    writeFileSync(join(folder, "short.csv"), ["store,a,b,c", ...stores.slice(0, 3), ""].join("\n"));
    expect(await problemsOf(withFile(spec.data, join(folder, "short.csv")))).toMatchObject([
      { code: "table-too-short", path: "/data/file", hint: "Use a longer table." },
    ]);
    writeFileSync(join(folder, "next.csv"), ["store,a,b,c", ...stores, "south,,,", ""].join("\n"));
    const next = await problemsOf(withFile(spec.data, join(folder, "next.csv")));
    expect(new Set(next.map(({ hint }) => hint))).toEqual(
      new Set([
        "An evaluation compares predictions with the targets of all rows: remove the rows to be predicted from the file, or predict them with rnnx predict.",
      ]),
    );
    const { out: textOut, spec: textSpec } = await trainSpec(text);
    const outcome = await evaluateRun({
      ...request,
      run: textOut,
      data: { ...textSpec.data, text: "the" } as NormalData,
    });
    expect(outcome).toMatchObject({ error: { problems: [{ path: "/data/text", hint: "Use a longer text." }] } });
  });

  test("with unknown tokens is refused, with the first position of each", async () => {
    const { out, spec } = await trainSpec({ ...text, data: { ...text.data, split: {} } });
    const data = { ...spec.data, text: "the cat\nsat on a dog", file: null } as NormalData;
    const outcome = await evaluateRun({ run: out, data, split: null, weights: "end", device: "cpu" });
    expect(outcome).toMatchObject({
      ok: false,
      error: {
        problems: [
          { message: 'data.text:1: "\\n" is not in the model\'s vocabulary (14 characters).' },
          { message: 'data.text:2: "g" is not in the model\'s vocabulary (14 characters).' },
        ],
      },
    });
  });

  test("of another shape is refused", async () => {
    const arrays = {
      data: {
        type: "arrays",
        inputs: [
          [[1], [2]],
          [[3], [4]],
        ],
        targets: [[1], [2]],
      },
      model: table.model,
      loss: table.loss,
      train: { steps: 2 },
    };
    const { out, spec } = await trainSpec(arrays);
    const data = { ...spec.data, inputs: [[[1, 2]], [[3, 4]]] } as NormalData;
    const outcome = await evaluateRun({ run: out, data, split: null, weights: "end", device: "cpu" });
    expect(outcome).toMatchObject({
      error: {
        problems: [
          {
            code: "data-shape",
            message:
              "The data's inputs are float32 [batch, time, 2], but the run was trained on float32 [batch, time, 1].",
          },
        ],
      },
    });
  });
});

describe("refusals", () => {
  test.each([
    ["an empty folder", {}, "it has no manifest.json and no spec.json and no data.json"],
    ["a damaged run", { "manifest.json": "{", "spec.json": "{}", "data.json": "{}" }, "manifest.json is not JSON"],
  ])("%s", async (_, files, reason) => {
    const folder = join(temporaryFolder(), "run");
    mkdirSync(folder);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const outcome = await evaluateRun({ run: folder, data: null, split: null, weights: "end", device: "cpu" });
    expect(outcome).toMatchObject({
      error: { problems: [{ code: "not-a-run", message: expect.stringContaining(reason) }] },
    });
  });

  test("an empty split and a missing checkpoint", async () => {
    const { out } = await trainSpec({ ...text, data: { ...text.data, split: {} } });
    const request = { run: out, data: null, split: null, weights: "end", device: "cpu" } as const;
    expect(await evaluateRun({ ...request, split: "test" })).toMatchObject({
      error: { problems: [{ code: "empty-split" }] },
    });
    for (const weights of ["best", 7] as const)
      expect(await evaluateRun({ ...request, weights })).toMatchObject({
        error: { problems: [{ code: "no-checkpoint" }] },
      });
  });
});

test.each(["none", "sigmoid"])(
  "classes of a binary output with activation %s agree with its accuracy",
  async (activation) => {
    const x = [-3, -2, -1, -0.1, 0.1, 0.4, 1, 3].map((value) => [value]);
    const { out } = await trainSpec({
      data: { type: "arrays", inputs: { x }, targets: x.map(([value = 0]) => [Number(value > 0)]) },
      model: [{ layer: "dense", size: 1, activation }],
      loss: { type: "binary_cross_entropy" },
      metrics: ["binary_accuracy"],
      optimizer: { type: "sgd", learning_rate: 0.2 },
      train: { steps: 20, batch_size: "all" },
    });
    const { metrics, details } = await evaluateTo(out, { withDetails: true });
    expect(metrics.train.binary_accuracy).toBe(1);
    expect(details).toMatchObject({
      confusion: [
        [4, 0],
        [0, 4],
      ],
    });
  },
);
