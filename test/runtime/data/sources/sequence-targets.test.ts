/** Sequences with several targets: a label and tags of each line, their classes, predictions and problems. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import { predictRun } from "../../../../runtime/predict/predict-run.js";
import { readSpec } from "../../../../schema/read.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";
import { trainSpec } from "../../../support/training-runs.js";

const lines = [
  { text: "turn on the light", intent: "on", slots: ["o", "o", "o", "device"], level: 0.5 },
  { text: "what time", intent: "time", slots: ["o", "o"], level: 0 },
  { text: "turn off the fan", intent: "off", slots: ["o", "o", "o", "device"], level: 1 },
];
const jsonl = lines.map((line) => JSON.stringify(line)).join("\n");

const spec = {
  optimizer: { type: "adam", learning_rate: 0.05 },
  data: {
    type: "sequences",
    file: "d.jsonl",
    targets: { intent: "intent", slots: "slots", level: "level" },
  },
  model: [
    { layer: "embedding", size: 4 },
    { layer: "rnn", cell: "gru", hidden_size: 4 },
    { layer: "dense", name: "slots", size: "classes" },
    { layer: "pool", from: "rnn", mode: "last" },
    { layer: "dense", name: "intent", size: "classes" },
    { layer: "dense", name: "level", from: "pool", size: 1 },
  ],
  losses: [
    { type: "cross_entropy", from: "slots", target: "slots" },
    { type: "cross_entropy", from: "intent", target: "intent" },
    { type: "squared_error", target: "level" },
  ],
  train: { steps: 3, batch_size: "all" },
};

async function open(data: object = {}, content = jsonl, parts: object = {}) {
  const full = { ...spec, ...parts, data: { ...spec.data, ...data } };
  const read = await readSpec(JSON.stringify(full));
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  const folder = temporaryFolder();
  writeFileSync(join(folder, full.data.file), content);
  return openData(read.spec, folder);
}

test.each([
  ["lines of JSON", {}, jsonl],
  [
    "a CSV file with numbered columns",
    { file: "d.csv", header: false, columns: { text: 1 }, targets: { intent: 2, slots: 3, level: 4 } },
    lines.map(({ text, intent, slots, level }) => `${text},${intent},${slots.join(" ")},${level}\n`).join(""),
  ],
])("%s: each target has an array and classes of its own", async (_, data, content) => {
  const opened = await open(data, content);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const { batch, metadata, signature } = opened.value;
  const arrays = batch([1, 2]);
  const slots = { dtype: "int32", shape: [2, 4], data: Int32Array.of(1, 1, 0, 0, 1, 1, 1, 0) };
  expect(arrays.get("targets/slots")).toEqual(slots);
  expect(arrays.get("targets/intent")).toEqual({ dtype: "int32", shape: [2], data: Int32Array.of(2, 0) });
  expect(arrays.get("targets/level")).toEqual({ dtype: "float32", shape: [2, 1], data: Float32Array.of(0, 1) });
  expect(metadata).toMatchObject({
    targets: { intent: { classes: ["off", "on", "time"] }, slots: { classes: ["device", "o"] }, level: {} },
  });
  expect(metadata).not.toHaveProperty("classes");
  const { sizes } = signature({ ...spec.train, batch_size: "all" } as never);
  expect(sizes).toMatchObject({ "classes/slots": 2, "classes/intent": 3, "classes/level": 1 });
});

test("a trained model predicts a label, tags and a number of each line", async () => {
  const { folder, out } = await trainSpec(spec, { "d.jsonl": jsonl });
  writeFileSync(join(folder, "in.jsonl"), '{"text": "turn on", "id": 7}\n{"text": ""}\n');
  const request = { run: out, input: "in.jsonl", output: "out.jsonl", folder, beam: null, device: "cpu" } as const;
  const outcome = await predictRun(request);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  const [first, empty] = readFileSync(join(folder, "out.jsonl"), "utf8").trimEnd().split("\n");
  const prediction = JSON.parse(first ?? "") as Record<string, unknown>;
  expect(Object.keys(prediction)).toEqual([
    ...["line", "text", "id", "slots", "slots_probability", "intent", "intent_probability", "intent_probabilities"],
    "level",
  ]);
  expect(prediction.slots).toHaveLength(2);
  expect(Object.keys(prediction.intent_probabilities ?? {})).toEqual(["off", "on", "time"]);
  expect(JSON.parse(empty ?? "")).toMatchObject({ slots: [], intent: null, level: null });
});

describe("problems", () => {
  test.each<[string, object, string, string]>([
    [
      "a key that the lines do not have",
      { targets: { intent: "intent", slots: "slot", level: "level" } },
      jsonl,
      '/data/targets/slots column-missing: d.jsonl:1: The line has no tags "slot". The same on 2 more lines: 2, 3. → Did you mean "slots"?',
    ],
    [
      "a target that a later line does not have",
      {},
      `${jsonl}\n{"text": "no", "intent": "off", "slots": ["o"]}`,
      '/data/file sequence-line: d.jsonl:4: The line has no label "level", but the first line has it. → ',
    ],
    [
      "fewer tags than steps",
      {},
      jsonl.replace('"slots":["o","o"]', '"slots":["o"]'),
      "/data/file sequence-line: d.jsonl:2: The line has 1 tag for 2 steps. → Write one tag for each step.",
    ],
    [
      "a label in columns too",
      { columns: { label: "intent" } },
      jsonl,
      "/data/columns/label sequence-columns: data.targets names the targets, and data.columns has label. → Keep one.",
    ],
    [
      "a series file",
      { file: "d.ts" },
      "",
      "/data/targets sequence-columns: A .ts file has no columns: its values are inputs, its labels label. → Remove data.targets.",
    ],
  ])("%s", async (_, data, content, expected) => {
    const opened = await open(data, content);
    const found = opened.ok ? [] : opened.error;
    expect(found.map(({ path, code, message, hint }) => `${path} ${code}: ${message} → ${hint}`)[0]).toContain(
      expected,
    );
  });
});
