/** Targets that a loss cannot read are refused with the place of the first; a column of class ids is one id a row. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { writeNpy } from "../../../runtime/data/formats/npy.js";
import { openData } from "../../../runtime/data/index.js";
import { planTraining } from "../../../runtime/training/plan.js";
import { readSpec } from "../../../schema/read.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

type Files = Readonly<Record<string, string | Uint8Array>>;

const rnn = { layer: "rnn", cell: "gru", hidden_size: 2 };
const dense = { layer: "dense", size: 1 };
const last = [{ ...rnn, return: "last" }, dense];
const perStep = [rnn, dense];
const binary = { type: "binary_cross_entropy" };

async function open(parts: object, files: Files = {}) {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const optimizer = { type: "adam", learning_rate: 0.01 };
  const train = { steps: 1, batch_size: "all" };
  const read = await readSpec(JSON.stringify({ name: "t", optimizer, train, model: last, loss: binary, ...parts }));
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  return { folder, spec: read.spec, opened: await openData(read.spec, folder) };
}

/** "message → hint" of each problem of the data. */
async function problems(parts: object, files: Files = {}): Promise<readonly string[]> {
  const { opened } = await open(parts, files);
  return opened.ok ? [] : opened.error.map(({ message, hint }) => `${message} → ${hint}`);
}

/** The same of a training, with the paths of the problems. */
async function trainingProblems(parts: object, files: Files = {}): Promise<readonly string[]> {
  const { spec, folder } = await open(parts, files);
  const out = join(folder, "run");
  const request = { spec, folder, out, device: "cpu", resume: false, init: null, disabledPasses: [] } as const;
  const plan = await planTraining(request);
  if (plan.ok || plan.error.kind !== "input") return [];
  return plan.error.problems.map(({ path, message, hint }) => `${path}: ${message} → ${hint}`);
}

const inputs = [
  [[1], [2]],
  [[3], [4]],
  [[5], [6]],
];
const arrays = (targets: unknown, more: object = {}) => ({ type: "arrays", inputs, targets, ...more });
const csv = (...targets: readonly (string | number)[]) =>
  `x,y\n${targets.map((target, row) => `${row},${target}\n`).join("")}`;
const table = { type: "table", file: "d.csv", window: 1, horizon: 0, columns: ["x"], target: ["y"] };
const jsonl = (...targets: readonly object[]) =>
  targets.map((target) => `${JSON.stringify({ inputs: [[1], [2]], ...target })}\n`).join("");
const sequences = { type: "sequences", file: "d.jsonl" };

const rangeHint =
  "binary_cross_entropy needs targets from 0 to 1. Write labels as 0 and 1; for more than two classes use cross_entropy.";

describe("binary_cross_entropy: a target outside of the range from 0 to 1", () => {
  test.each<[string, object, Files, string]>([
    ["labels -1 and 1", { data: arrays([1, -1, 1]) }, {}, "targets[1] is -1."],
    ["classes 0, 1, 2", { data: arrays([[0], [1], [2]]) }, {}, "targets[2][0] is 2."],
    [
      "a value of a step",
      {
        data: arrays([
          [0, 1],
          [1, 0],
          [0.5, 1.5],
        ]),
        model: perStep,
      },
      {},
      "targets[2][1] is 1.5.",
    ],
    [
      "a file",
      { data: arrays("y.npy") },
      { "y.npy": writeNpy([3], Float32Array.of(1, 0, -1)) },
      'targets[2] in "y.npy" is -1.',
    ],
    ["a table", { data: table }, { "d.csv": csv(1, 0, -1) }, 'd.csv:4: Column "y" has the target -1.'],
    ["a table of classes", { data: table }, { "d.csv": csv(0, 1, 2) }, 'd.csv:4: Column "y" has the target 2.'],
    [
      "a column that is an input too",
      { data: { ...table, horizon: 1, columns: ["y"] } },
      { "d.csv": csv(0, 1, 7) },
      'd.csv:4: Column "y" has the target 7.',
    ],
    [
      "a label",
      { data: sequences },
      { "d.jsonl": jsonl({ label: 1 }, { label: -1 }) },
      "d.jsonl:2: The line has the label -1.",
    ],
    [
      "a tag",
      { data: sequences, model: perStep },
      { "d.jsonl": jsonl({ tags: [0, 1] }, { tags: [0, 2] }) },
      "d.jsonl:2: The line has the tag 2.",
    ],
  ])("%s", async (_, parts, files, message) => {
    expect(await problems(parts, files)).toEqual([`${message} → ${rangeHint}`]);
  });

  test("targets from 0 to 1 are read, and any number past the lengths or of weight 0", async () => {
    const padded = [
      [0, 1],
      [0.25, -1],
      [1, 0],
    ];
    expect(await problems({ data: arrays([0, 0.5, 1]) })).toEqual([]);
    expect(await problems({ data: arrays(padded, { lengths: [2, 1, 2] }), model: perStep })).toEqual([]);
    const weights = [
      [1, 1],
      [1, 0],
      [1, 1],
    ];
    expect(await problems({ data: arrays(padded, { weights }), model: perStep })).toEqual([]);
    expect(await problems({ data: arrays([1, -1, 0], { weights: [1, 0, 1] }) })).toEqual([]);
    expect(await problems({ data: arrays(padded, { lengths: [1, 2, 1] }), model: perStep })).toHaveLength(1);
  });

  test("images and texts have classes, which the loss refuses", async () => {
    const data = { type: "text", text: "hihello", window: 6 };
    const [problem] = await trainingProblems({ data, model: [{ layer: "one_hot" }, rnn, dense] });
    expect(problem).toContain("binary_cross_entropy needs numbers as targets, but the targets are class ids");
  });
});

const threeClasses = { model: [last[0], { layer: "dense", size: 3 }], loss: { type: "cross_entropy" } };
const rowsHint =
  "A row of targets has one probability for each class, and the sum 1. Write class ids as integers, one for each output; " +
  "for several labels at once use binary_cross_entropy.";

describe("cross_entropy: rows of probabilities", () => {
  test.each<[string, readonly unknown[], string]>([
    [
      "a negative entry",
      [
        [0.5, 0.5, 0],
        [1.5, -0.5, 0],
        [0, 0, 1],
      ],
      "targets[1][1] is -0.5.",
    ],
    [
      "several labels",
      [
        [1, 0, 0],
        [1, 1, 0],
        [0, 0, 1],
      ],
      "targets[1] is a row with the sum 2.",
    ],
    [
      "no label",
      [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 0],
      ],
      "targets[2] is a row with the sum 0.",
    ],
  ])("%s", async (_, targets, message) => {
    expect(await problems({ data: arrays(targets), ...threeClasses })).toEqual([`${message} → ${rowsHint}`]);
  });

  test("of the sum 1 are read, also rounded ones, and padding past the lengths", async () => {
    const rounded = [
      [0.33, 0.33, 0.33],
      [1, 0, 0],
      [0, 0.5, 0.5],
    ];
    expect(await problems({ data: arrays(rounded), ...threeClasses })).toEqual([]);
    const steps = [
      [
        [1, 0, 0],
        [0, 0, 0],
      ],
      [
        [0, 1, 0],
        [0, 0, 1],
      ],
      [
        [0, 0, 1],
        [0, 0, 0],
      ],
    ];
    const padded = { data: arrays(steps, { lengths: [1, 2, 1] }), model: [rnn, threeClasses.model[1]] };
    expect(await problems({ ...padded, loss: threeClasses.loss })).toEqual([]);
  });
});

describe("a column of class ids", () => {
  const column = (dtype: "int32" | "float32", ...values: readonly number[]) => {
    if (dtype === "float32") return { "y.npy": writeNpy([values.length, 1], Float32Array.from(values)) };
    const bytes = Buffer.from(writeNpy([values.length, 1], new Float32Array(Int32Array.from(values).buffer)));
    return { "y.npy": Buffer.from(bytes.toString("latin1").replace("<f4", "<i4"), "latin1") };
  };

  test.each<[string, object, Files, object, string]>([
    [
      "[N, 1]",
      { data: arrays("y.npy"), ...threeClasses },
      column("int32", 0, 1, 2),
      { dtype: "int32", shape: [3], data: Int32Array.of(0, 1, 2) },
      "targets of shape [3, 1] are read as class ids [3].",
    ],
    [
      "[N, 1] with the size of the data",
      { data: arrays([[0], [2], [1]]), model: [last[0], { layer: "dense", size: "classes" }], loss: threeClasses.loss },
      {},
      { dtype: "int32", shape: [3], data: Int32Array.of(0, 2, 1) },
      "targets of shape [3, 1] are read as class ids [3].",
    ],
    [
      "[N, T, 1]",
      {
        data: arrays([
          [[0], [1]],
          [[1], [2]],
          [[2], [0]],
        ]),
        model: [rnn, { layer: "dense", size: "classes" }],
        loss: { type: "sequence_loss" },
      },
      {},
      { dtype: "int32", shape: [3, 2], data: Int32Array.of(0, 1, 1, 2, 2, 0) },
      "targets of shape [3, 2, 1] are read as class ids [3, 2].",
    ],
  ])("%s is one id for each output, and a notice", async (_, parts, files, targets, notice) => {
    const { opened } = await open(parts, files);
    if (!opened.ok) throw new Error(opened.error[0]?.message);
    expect(opened.value.batch([0, 1, 2]).get("targets")).toEqual(targets);
    expect(opened.value.notices).toEqual([notice]);
    expect(opened.value.signature({ batch_size: "all" } as never).sizes.classes).toBe(3);
    expect(await trainingProblems(parts, files)).toEqual([]);
  });

  test("of float32 is read as ids where its numbers are integers, and refused otherwise, with either size", async () => {
    for (const size of [3, "classes"]) {
      const model = [last[0], { layer: "dense", size }];
      const parts = { data: arrays("y.npy"), model, loss: threeClasses.loss };
      const { opened } = await open(parts, column("float32", 0, 1, 2));
      if (!opened.ok) throw new Error(opened.error[0]?.message);
      expect(opened.value.batch([2, 0]).get("targets")).toEqual({
        dtype: "int32",
        shape: [2],
        data: Int32Array.of(2, 0),
      });
      expect(opened.value.notices).toEqual(["targets of shape [3, 1] are read as class ids [3]."]);
      const found = await trainingProblems(parts, column("float32", 0, 0.5, 2));
      expect(found).toHaveLength(1);
      expect(found[0]).not.toMatch(/size to 1/);
    }
  });

  test("of numbers for a loss of numbers stays a column", async () => {
    const { opened } = await open({ data: arrays([[0], [1], [2]]), loss: { type: "squared_error" } });
    expect(opened.ok && opened.value.batch([2]).get("targets")).toMatchObject({ dtype: "float32", shape: [1, 1] });
    expect(opened.ok && opened.value.notices).toEqual([]);
  });
});

describe("data of a single class", () => {
  const hint = "Use data with targets of at least 2 classes.";
  const wide = [last[0], { layer: "dense", size: 3 }];
  const loss = { type: "cross_entropy" };

  test.each<[string, object, Files, string]>([
    ["labels", { data: sequences }, { "d.jsonl": jsonl({ label: "good" }, { label: "good" }) }, '"good"'],
    ["ids", { data: arrays([0, 0, 0]) }, {}, "0"],
    ["a table", { data: table }, { "d.csv": csv("stop", "stop") }, '"stop"'],
    [
      "a text of one character",
      {
        data: { type: "text", text: "aaaa", window: 2 },
        model: [{ layer: "one_hot" }, rnn, { layer: "dense", size: 3 }],
        loss: { type: "sequence_loss" },
      },
      {},
      '"a"',
    ],
  ])("%s: refused for any size of the last layer", async (_, parts, files, name) => {
    const spec = { model: wide, loss, ...parts };
    const message = `All targets are of one class, ${name}, but ${spec.loss.type} needs at least 2 classes.`;
    expect(await trainingProblems(spec, files)).toEqual([`/data: ${message} → ${hint}`]);
    const model = spec.model.map((layer) => (layer === spec.model.at(-1) ? { ...layer, size: "classes" } : layer));
    expect(await trainingProblems({ ...spec, model }, files)).toEqual([`/data: ${message} → ${hint}`]);
  });
});

describe("text where a loss needs numbers: the hint names the loss", () => {
  test.each<[string, object, Files, string]>([
    [
      "a label, squared_error",
      { data: sequences, loss: { type: "squared_error" } },
      { "d.jsonl": jsonl({ label: "good" }) },
      "squared_error needs numbers as targets. For classes use cross_entropy.",
    ],
    [
      "tags, huber",
      { data: sequences, loss: { type: "huber" }, model: perStep },
      { "d.jsonl": jsonl({ tags: ["a", "b"] }) },
      "huber needs numbers as targets. For classes use cross_entropy.",
    ],
    [
      "a column, absolute_error",
      { data: table, loss: { type: "absolute_error" } },
      { "d.csv": csv("good", "bad") },
      "absolute_error needs numbers as targets. For classes use cross_entropy.",
    ],
    [
      "a decimal comma is no class",
      { data: table, loss: { type: "squared_error" } },
      { "d.csv": csv('"1,5"', '"2,5"') },
      `It looks like a decimal comma. Set data.decimal to ","; or write 1.5.`,
    ],
  ])("%s", async (_, parts, files, hint) => {
    const [problem] = await problems(parts, files);
    expect(problem).toContain(` → ${hint}`);
  });
});
