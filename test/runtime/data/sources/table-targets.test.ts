/** Tables with several targets: their arrays, classes, scalers, predictions and problems. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import { metadataOf } from "../../../../runtime/data/metadata.js";
import { predictRun } from "../../../../runtime/predict/predict-run.js";
import { readSpec } from "../../../../schema/read.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";
import { trainSpec } from "../../../support/training-runs.js";

const csv = "x,species,length,width\n1,rose,10,100\n2,iris,20,300\n3,rose,30,200\n4,tulip,60,500\n5,iris,50,400\n";

const spec = {
  optimizer: { type: "adam", learning_rate: 0.05 },
  data: {
    type: "table",
    file: "t.csv",
    columns: ["x"],
    target: { kind: ["species"], size: ["length", 4] },
    window: 1,
    horizon: 0,
    scale: "min_max",
  },
  model: [
    { layer: "rnn", cell: "gru", hidden_size: 3, return: "last" },
    { layer: "dense", name: "kind", size: "classes" },
    { layer: "dense", name: "size", from: "rnn", size: 2 },
  ],
  losses: [
    { type: "cross_entropy", from: "kind", target: "kind" },
    { type: "squared_error", from: "size", target: "size" },
  ],
  train: { steps: 3, batch_size: "all" },
};

async function open(data: object, parts: object = {}, content = csv) {
  const read = await readSpec(JSON.stringify({ ...spec, ...parts, data: { ...spec.data, ...data } }));
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), content);
  return openData(read.spec, folder);
}

test("each target has an array, classes or scalers of its own", async () => {
  const opened = await open({});
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const { batch, metadata, signature, decode } = opened.value;
  const arrays = batch([0, 3]);
  expect(arrays.get("targets/kind")).toEqual({ dtype: "int32", shape: [2], data: Int32Array.of(1, 2) });
  expect(arrays.get("targets/size")).toEqual({ dtype: "float32", shape: [2, 2], data: Float32Array.of(0, 0, 1, 1) });
  expect(metadata).toMatchObject({
    target: ["species", "length", "width"],
    targets: {
      kind: { target: ["species"], classes: ["iris", "rose", "tulip"] },
      size: { target: ["length", "width"] },
    },
  });
  expect(metadataOf(metadata, "kind")).toMatchObject({ target: ["species"], classes: ["iris", "rose", "tulip"] });
  const { targets, sizes } = signature({ ...spec.train, batch_size: "all" } as never);
  expect(targets).toEqual({
    kind: { dtype: "int32", shape: ["batch"] },
    size: { dtype: "float32", shape: ["batch", 2] },
  });
  expect(sizes).toEqual({ features: 1, "classes/kind": 3, "classes/size": 2 });
  const scores = { dtype: "float32", shape: [1, 3], data: Float32Array.of(0, 0, 1) } as const;
  expect(decode(scores, [0], "kind")).toEqual(["tulip"]);
  const numbers = { dtype: "float32", shape: [1, 2], data: Float32Array.of(0.5, 0.25) } as const;
  expect(decode(numbers, [0], "size")).toEqual([[35, 200]]);
});

test("a trained model predicts every target in the units of the table, in any order of columns", async () => {
  const { folder, out } = await trainSpec(spec, { "t.csv": csv });
  const predict = async (content: string) => {
    writeFileSync(join(folder, "in.csv"), content);
    const request = { run: out, input: "in.csv", output: "out.jsonl", folder, beam: null, device: "cpu" } as const;
    const outcome = await predictRun(request);
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
    const lines = readFileSync(join(folder, "out.jsonl"), "utf8").trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  const [first] = await predict("x\n1\n2\n");
  expect(Object.keys(first ?? {})).toEqual([
    ...["line", "kind", "kind_probability", "kind_probabilities", "size_length", "size_width"],
  ]);
  expect(["iris", "rose", "tulip"]).toContain(first?.kind);
  expect(Number(first?.size_width)).toBeGreaterThan(20);
  const [again] = await predict("width,x,note\n7,1,a\n8,2,b\n");
  expect(again).toMatchObject({ kind: first?.kind, size_width: first?.size_width, width: "7", note: "a" });
});

describe("problems", () => {
  const problems = async (data: object, parts: object = {}, content = csv) => {
    const opened = await open(data, parts, content);
    return opened.ok
      ? []
      : opened.error.map(({ path, code, message, hint }) => `${path} ${code}: ${message} → ${hint}`);
  };

  test.each<[string, object, string]>([
    [
      "an unknown column",
      { target: { kind: ["species"], size: ["lenth"] } },
      '/data/target/size/0 column-missing: "t.csv" has no column "lenth". → Did you mean "length"? 4 columns: x, species, length, width.',
    ],
    [
      "two columns of classes",
      { target: { kind: ["species", "width"], size: ["length"] } },
      "/data/target/kind table-target: The loss predicts classes and needs one target column, but data.target.kind has 2 target columns. → Name one column of classes in data.target, or use a loss for numbers, such as squared_error.",
    ],
    [
      "a column in two targets",
      { target: { kind: ["width"], size: ["length", "width"] } },
      '/data/target table-target: Column "width" is in the targets kind and size. → Keep it in one of them, which several losses can read by "target".',
    ],
    [
      "classes among the inputs",
      { columns: ["x", "species"], horizon: 1 },
      '/data/columns table-target: Column "species" contains the classes and cannot be an input. → Remove it from data.columns.',
    ],
  ])("%s", async (_, data, expected) => {
    expect(await problems(data)).toEqual([expected]);
  });

  test("a text in a target of numbers", async () => {
    expect(await problems({}, {}, csv.replace("30,200", "thirty,200"))).toEqual([
      '/data/file table-value: t.csv:4: Column "length" has "thirty", which is not a number. → squared_error needs numbers as targets. For classes use cross_entropy.',
    ]);
  });
});
