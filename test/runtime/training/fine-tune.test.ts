/** A training step of another program's model, trained by the loop of every run: losses, resumption, the model, mistakes. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { beforeAll, describe, expect, test } from "vitest";
import { fineTune } from "../../../compiler/fine-tune/index.js";
import { tableRows } from "../../../compiler/inspect/table-rows.js";
import type { TrainEvent } from "../../../runtime/events.js";
import { writeSafetensors } from "../../../runtime/tensors/safetensors.js";
import { runTraining } from "../../../runtime/training/loop.js";
import { readTestSpec } from "../../support/fine-tune-spec.js";
import { modelBytes } from "../../support/onnx-models.js";
import { normal } from "../../support/read-spec.js";
import { sharedFolder } from "../../support/temporary-folder.js";

const folder = sharedFolder();
const step = join(folder, "step");
const data = join(folder, "rows.safetensors");
const ROWS = 20;
const model = modelBytes({
  inputs: { x: { shape: ["n", 3] } },
  initializers: { w: { shape: [3, 2], data: [0.1, -0.2, 0.3, 0.4, -0.5, 0.6] }, b: { shape: [2], data: [0.1, 0.2] } },
  nodes: [
    { operator: "MatMul", inputs: ["x", "w"], outputs: ["m"] },
    { operator: "Add", inputs: ["m", "b"], outputs: ["y"] },
  ],
  outputs: ["y"],
});
const x = Float32Array.from({ length: 3 * ROWS }, (_, index) => Math.sin(7 * index));
const classes = Array.from({ length: ROWS }, (_, row) => Number((x[3 * row] ?? 0) > 0));
const rows = (targets: readonly number[]) =>
  writeSafetensors(
    new Map([
      ["x", { shape: [ROWS, 3], data: x }],
      ["targets", { shape: [targets.length], data: BigInt64Array.from(targets, BigInt) }],
    ]),
  );

const settings = { loss: { type: "cross_entropy" }, optimizer: { type: "adam", learning_rate: 0.05 } };

/** A run of the step; the losses of its steps, and the outcome. */
async function run(
  name: string,
  train: object,
  more: {
    readonly resume?: boolean;
    readonly data?: string;
    readonly columns?: Readonly<Record<string, readonly string[]>>;
    readonly split?: object;
  } = {},
) {
  const { spec } = await normal({
    data: { type: "arrays", inputs: "x.npy", targets: "x.npy", ...(more.split && { split: more.split }) },
    model: [{ layer: "projection", size: 1 }],
    ...settings,
    train,
  });
  const events: TrainEvent[] = [];
  const outcome = await runTraining(
    {
      spec,
      folder,
      out: join(folder, name),
      device: "cpu",
      resume: more.resume === true,
      init: null,
      disabledPasses: [],
      step: { folder: step, data: more.data ?? data, columns: new Map(Object.entries(more.columns ?? {})) },
    },
    { emit: (burst) => events.push(...burst), shouldStop: () => false },
  );
  const notices = events.flatMap((event) => (event.event === "notice" ? [event.message] : []));
  return { outcome, notices, losses: events.flatMap((event) => (event.event === "step" ? [event.loss] : [])) };
}

async function problemOf(targets: readonly number[], more: object = {}): Promise<string> {
  const other = join(folder, "other.safetensors");
  writeFileSync(other, rows(targets));
  const { outcome } = await run("none", { steps: 1 }, { data: other, ...more });
  if (outcome.ok || outcome.error.kind !== "input") throw new Error("The request was accepted.");
  return outcome.error.problems.map(({ message, hint }) => `${message} ${hint}`).join("\n");
}

beforeAll(async () => {
  const result = await fineTune(model, {
    spec: await readTestSpec("cross_entropy", settings.optimizer),
    isOutputLoss: false,
    output: undefined,
    parameters: [],
    inputGradient: false,
    batchNorm: "inference",
    external: () => new Uint8Array(),
  });
  if (!result.ok) throw new Error("The model has no training step.");
  const { train, eval: evaluation, manifest, weights } = result.artifact;
  const slots = manifest.slots.map(({ name, shape }) => {
    return [name, { shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) }] as const;
  });
  mkdirSync(step);
  const write = (name: string, content: string | Uint8Array) => writeFileSync(join(step, name), content);
  write("train.onnx", train);
  write("eval.onnx", evaluation);
  write("model.onnx", model);
  write("initial.safetensors", writeSafetensors(new Map([...weights, ...slots])));
  write("training.json", JSON.stringify({ format: 1, name: "linear", settings }));
  write("manifest.json", JSON.stringify(manifest));
  writeFileSync(data, rows(classes));
});

describe("a training step of another program's model", () => {
  test("has the losses of its train.onnx, and its model has the trained weights", async () => {
    const { outcome, losses } = await run("whole", { steps: 10, batch_size: ROWS });
    expect(outcome).toMatchObject({ ok: true, value: { step: 10, interrupted: false } });
    const session = await ort.InferenceSession.create(join(step, "train.onnx"));
    const zeros = (shape: readonly number[]) =>
      new ort.Tensor("float32", new Float32Array(shape.reduce((product, size) => product * size, 1)), shape);
    const manifest = JSON.parse(readFileSync(join(step, "manifest.json"), "utf8"));
    const feeds: Record<string, ort.Tensor> = {
      w: new ort.Tensor("float32", Float32Array.of(0.1, -0.2, 0.3, 0.4, -0.5, 0.6), [3, 2]),
      b: new ort.Tensor("float32", Float32Array.of(0.1, 0.2), [2]),
      step: new ort.Tensor("int64", BigInt64Array.of(0n), []),
      x: new ort.Tensor("float32", Float32Array.from(Array.from({ length: 10 }, () => [...x]).flat()), [10, ROWS, 3]),
      targets: new ort.Tensor("int64", BigInt64Array.from(Array.from({ length: 10 }, () => classes).flat(), BigInt), [
        10,
        ROWS,
      ]),
    };
    for (const slot of manifest.slots) feeds[slot.name] = zeros(slot.shape);
    const results = await session.run(feeds);
    expect(losses).toHaveLength(10);
    const expected = results.loss?.data as Float32Array;
    for (const [index, loss] of expected.entries()) expect(losses[index]).toBeCloseTo(loss, 6);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) - 0.1);
    // The mean cross-entropy of model.onnx is the loss of the last evaluation.
    const trained = await ort.InferenceSession.create(join(folder, "whole/model.onnx"));
    const scores = (await trained.run({ x: new ort.Tensor("float32", x, [ROWS, 3]) })).y?.data as Float32Array;
    const loss = classes.reduce((sum, id, row) => {
      const [first = 0, second = 0] = scores.subarray(2 * row, 2 * row + 2);
      return sum + Math.log(Math.exp(first) + Math.exp(second)) - (id === 0 ? first : second);
    }, 0);
    const { done } = JSON.parse(readFileSync(join(folder, "whole/result.json"), "utf8"));
    expect(done.metrics.train.loss).toBeCloseTo(loss / ROWS, 5);
    expect(Object.keys(done.metrics.train)).toEqual(["loss", "accuracy"]);
  });

  test("continues from its checkpoint as without an interruption", async () => {
    const train = { batch_size: 6 };
    const whole = await run("once", { ...train, steps: 9 });
    const first = await run("twice", { ...train, steps: 4 });
    const second = await run("twice", { ...train, steps: 9 }, { resume: true });
    expect([...first.losses, ...second.losses]).toEqual(whole.losses);
    const weightsOf = (name: string) => readFileSync(join(folder, name, "weights.safetensors"));
    expect(weightsOf("twice").equals(weightsOf("once"))).toBe(true);
  });

  test("refuses arrays that do not fit, and names them", async () => {
    expect(await problemOf(classes.map((id) => id + 2))).toMatch(
      /targets\[\d+\].* is 2\..*2 classes: ids are from 0 to 1/,
    );
    expect(await problemOf(classes.slice(1))).toMatch(/targets .*\[19\].*n = 19, but x has n = 20/);
    const { outcome } = await run("none", { steps: 1 }, { data: join(folder, "rows.txt") });
    expect(outcome).toMatchObject({ ok: false, error: { kind: "input", problems: [{ code: "file-kind" }] } });
  });

  test("refuses to monitor a metric that it does not have, and states arrays that it does not read", async () => {
    const keep_best = { metric: "nope", mode: "min" };
    const refused = await run("none", { steps: 1, keep_best }, { split: { validation: 0.2 } });
    expect(refused.outcome).toMatchObject({
      error: { problems: [{ message: 'The step has no metric "nope".', hint: "Its metrics are loss, accuracy." }] },
    });
    const part = join(folder, "targets.safetensors");
    writeFileSync(part, writeSafetensors(new Map([["targets", { shape: [ROWS], data: new Float32Array(ROWS) }]])));
    expect((await run("none", { steps: 1 }, { data: part })).outcome).toMatchObject({
      error: {
        problems: [
          {
            message: `"${part}" contains no array named "x": the step reads it as float32 [n, 3].`,
            hint: "It contains targets. Add the array, such as zeros for types of tokens, or ones for a mask.",
          },
        ],
      },
    });
    const more = join(folder, "more.safetensors");
    const [shape, ids] = [[ROWS], BigInt64Array.from(classes, BigInt)];
    writeFileSync(
      more,
      writeSafetensors(
        new Map([
          ["x", { shape: [ROWS, 3], data: x }],
          ["targets", { shape, data: ids }],
          ["weights", { shape, data: new Float32Array(ROWS) }],
        ]),
      ),
    );
    const { notices } = await run("more", { steps: 1 }, { data: more });
    expect(notices.join()).toContain("has arrays that the step does not read: weights. It reads x, targets.");
  });

  test("refuses its own folder as the run directory, and to continue another step", async () => {
    const { outcome } = await run("step", { steps: 1 });
    expect(outcome).toMatchObject({
      error: { problems: [{ message: expect.stringContaining("is the folder of the") }] },
    });
    cpSync(join(folder, "once"), join(folder, "changed"), { recursive: true });
    const manifest = JSON.parse(readFileSync(join(folder, "changed/manifest.json"), "utf8"));
    writeFileSync(join(folder, "changed/manifest.json"), JSON.stringify({ ...manifest, hash: "0".repeat(64) }));
    const other = await run("changed", { steps: 12, batch_size: 6 }, { resume: true });
    expect(other.outcome).toMatchObject({
      error: { problems: [{ message: expect.stringContaining("another step") }] },
    });
  });
});

test("ids without a row in the table of the model are found before training", async () => {
  const bytes = modelBytes({
    inputs: { t: { shape: ["n"], dtype: "int64" } },
    initializers: { table: { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] } },
    nodes: [{ operator: "Gather", inputs: ["table", "t"], outputs: ["y"] }],
    outputs: ["y"],
  });
  expect([...tableRows(bytes, ["t"])]).toEqual([["t", 3]]);
  expect([...tableRows(bytes, ["other"])]).toEqual([]);
});

describe("rows of a file", () => {
  const row = (index: number) => [...x.slice(3 * index, 3 * index + 3), classes[index] ?? 0];
  const names = ["a", "b", "c", "targets"];
  const write = (name: string, lines: readonly string[]) => {
    const file = join(folder, name);
    writeFileSync(file, `${lines.join("\n")}\n`);
    return file;
  };
  const rowsOf = Array.from({ length: ROWS }, (_, index) => row(index));
  const csv = (...lines: readonly (readonly (number | string)[])[]) => [names, ...lines].map((line) => line.join(","));
  const columns = { x: ["a", "b", "c"] };

  test("have the losses of the arrays, by the names of their columns, and a run is resumed", async () => {
    const train = { steps: 6, batch_size: 4 };
    const arrays = await run("of-arrays", train);
    const table = write("rows.csv", csv(...rowsOf.map((line) => [...line])));
    const lines = rowsOf.map((line) => JSON.stringify(Object.fromEntries(names.map((name, i) => [name, line[i]]))));
    const jsonl = write("rows.jsonl", lines);
    const ofTable = await run("of-csv", train, { data: table, columns });
    expect(ofTable.losses).toEqual(arrays.losses);
    expect((await run("of-jsonl", train, { data: jsonl, columns })).losses).toEqual(arrays.losses);
    const longer = { ...train, steps: 8 };
    const resumed = await run("of-csv", longer, { data: table, columns, resume: true });
    expect(resumed.outcome).toMatchObject({ ok: true, value: { step: 8 } });
    const other = await run(
      "of-csv",
      { ...train, steps: 9 },
      { data: table, columns: { x: ["b", "a", "c"] }, resume: true },
    );
    expect(other.outcome).toMatchObject({ ok: false });
  });

  test("may name the classes: their ids follow the order of the names", async () => {
    const train = { steps: 4, batch_size: 4 };
    const labels = ["cat", "dog"];
    const named = (order: readonly string[]) =>
      csv(...rowsOf.map((line) => [...line.slice(0, 3), order[line[3] ?? 0] ?? ""]));
    const { losses, notices } = await run("of-names", train, { data: write("names.csv", named(labels)), columns });
    expect(losses).toEqual((await run("of-ids", train)).losses);
    expect(notices.join()).toContain("Classes in alphabetical order: 0 cat, 1 dog. Where the model has another order");
    const problem = async (lines: readonly string[]) => {
      const { outcome } = await run("none", train, { data: write("wrong.csv", lines), columns });
      if (outcome.ok || outcome.error.kind !== "input") throw new Error("The request was accepted.");
      return outcome.error.problems.map(({ message, hint }) => `${message} ${hint}`).join("\n");
    };
    expect(await problem([...named(labels), "1,2,3,cow"])).toMatch(
      /have 3 names of classes: cat, cow, dog; the model has 2 classes\. Replace each name by its id/,
    );
    expect(await problem(csv([1, 2, 3, "cat"], [1, 2, 3, 1]))).toMatch(
      /wrong\.csv:3: The column "targets" is a number among names of classes\. Write names/,
    );
    expect(await problem(csv([1, 2, 3, "cat"], [1, 2, 3, ""]))).toMatch(/wrong\.csv:3: .*has no value/);
  });

  test("state unread columns, and mistakes with their line or the way out", async () => {
    const extra = write("extra.csv", ["id,a,b,c,targets", "7,1,2,3,0", "8,3,2,1,1"]);
    expect((await run("extra", { steps: 1, batch_size: 2 }, { data: extra, columns })).notices.join()).toContain(
      "does not read: id. It reads x, targets.",
    );
    const problem = async (data: string, more: object = { columns }) => {
      const { outcome } = await run("none", { steps: 1 }, { data, ...more });
      if (outcome.ok || outcome.error.kind !== "input") throw new Error("The request was accepted.");
      return outcome.error.problems.map(({ message, hint }) => `${message} ${hint}`).join("\n");
    };
    expect(await problem(write("text.csv", csv([1, 2, 3, 0], [1, 2, 3, "yes"])))).toMatch(
      /text\.csv:3: The column "targets" is "yes", no number\..*classes are ids from 0/,
    );
    expect(await problem(write("gap.csv", csv([1, "", 3, 0])))).toContain('gap.csv:2: The column "b" has no value.');
    expect(await problem(extra, {})).toContain("--columns x=COLUMN,COLUMN");
    expect(await problem(extra, { columns: { y: ["a"] } })).toContain('no input "y"');
    expect(await problem(extra, { columns: { x: ["a", "b"] } })).toMatch(
      /x reads 3 numbers of a row, but has 2 columns of .*: a, b\. Name 3 columns: --columns x=COLUMN,COLUMN,COLUMN\./,
    );
    expect(await problem(write("ids.csv", csv([1, 2, 3, 0], [1, 2, 3, 2])))).toMatch(
      /ids\.csv:3: The column "targets" is 2\. The model has 2 classes/,
    );
    expect(await problem(write("large.csv", csv([1, 2, 3, 0], [1, 1e39, 3, 1])))).toMatch(
      /large\.csv:3: The column "b" is 1e\+39, too large for float32\./,
    );
    write("parts-2.csv", csv([1, 2, 3, 0], [1, 2, 3, 7]));
    write("parts-1.csv", csv([1, 2, 3, 0]));
    expect(await problem(join(folder, "parts-*.csv"))).toMatch(/parts-2\.csv:3: The column "targets" is 7\./);
    const lists = rowsOf.map(() => JSON.stringify({ a: [1, 2], b: 2, c: 3, targets: "yes" }));
    expect((await problem(write("lists.jsonl", lists))).split("\n")).toEqual([
      expect.stringMatching(/lists\.jsonl:1: .*"a" has an array.*on 19 more lines: .*a column of its own.*\.npz/),
    ]);
    expect(await problem(data)).toContain("has no columns");
  });
});
