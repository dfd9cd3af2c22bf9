/** `rnnx train FOLDER --data DATA.json`: a data block of a spec as the data of another program's model, against arrays. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import type { NumericArray } from "../../../runtime/tensors/array.js";
import { writeSafetensors } from "../../../runtime/tensors/safetensors.js";
import { modelBytes } from "../../support/onnx-models.js";
import { records, rnnx } from "../../support/spawn.js";
import { sharedFolder } from "../../support/temporary-folder.js";

const folder = sharedFolder();
const at = (name: string) => join(folder, name);
const write = (name: string, content: string | Uint8Array) => writeFileSync(at(name), content);
const noise = (count: number) => Array.from({ length: count }, (_, index) => Math.sin(7 * index + 1));

async function writeStep(name: string, model: Parameters<typeof modelBytes>[0]) {
  write(`${name}.onnx`, modelBytes(model));
  const written = await rnnx("grad", at(`${name}.onnx`), "--loss", "cross_entropy", "--out", at(name));
  expect(written).toMatchObject({ code: 0 });
}

/** The losses of a run, its notices and its exit code. */
async function train(step: string, data: string, out: string, ...flags: string[]) {
  const common = ["--set", "train.batch_size=3", "--out", at(out), "--json"];
  const { code, stdout, stderr } = await rnnx("train", at(step), "--data", at(data), ...common, ...flags);
  const events = records(stdout);
  const notices = events.flatMap(({ event, message }) => (event === "notice" ? [String(message)] : []));
  return { code, stderr, notices, losses: events.flatMap(({ event, loss }) => (event === "step" ? [loss] : [])) };
}

const lengths = [5.1, 4.9, 7, 6.4, 6.3, 5.8];
const widths = [3.5, 3, 3.25, 3.2, 3.3, 2.7];
const kinds = ["setosa", "setosa", "versicolor", "versicolor", "virginica", "virginica"];
const rows = (names: readonly string[]) => names.map((kind, row) => `${lengths[row]};${widths[row]};${kind}`);
const csv = (names: readonly string[]) => ["length;width;kind", ...rows(names)].join("\n").replaceAll(".", ",");
const flowers = { type: "table", file: "flowers.csv.gz", delimiter: ";", decimal: ",", columns: ["length", "width"] };
const block = { ...flowers, target: ["kind"], scale: "standard" };

/** (x - mean) / deviation */
function standardized(values: readonly number[]): readonly number[] {
  const mean = values.reduce((sum, x) => sum + x) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
  return values.map((x) => (x - mean) / deviation);
}

beforeAll(async () => {
  await writeStep("rows", {
    inputs: { x: { shape: ["n", 2] } },
    initializers: { w: { shape: [2, 3], data: noise(6) } },
    nodes: [{ operator: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
    outputs: ["y"],
  });
  await writeStep("words", {
    inputs: {
      input_ids: { shape: ["n", "t"], dtype: "int64" },
      attention_mask: { shape: ["n", "t"], dtype: "int64" },
    },
    initializers: {
      table: { shape: [9, 2], data: noise(18) },
      one: { dtype: "int64", shape: [1], data: [1] },
      two: { dtype: "int64", shape: [1], data: [2] },
    },
    nodes: [
      { operator: "Gather", inputs: ["table", "input_ids"], outputs: ["vectors"] },
      { operator: "Cast", inputs: ["attention_mask"], outputs: ["ones"], attributes: { to: 1 } },
      { operator: "Unsqueeze", inputs: ["ones", "two"], outputs: ["mask"] },
      { operator: "Mul", inputs: ["vectors", "mask"], outputs: ["masked"] },
      { operator: "ReduceSum", inputs: ["masked", "one"], outputs: ["y"], attributes: { keepdims: 0 } },
    ],
    outputs: ["y"],
  });
  write("flowers.csv.gz", gzipSync(csv(kinds)));
  write("flowers.json", JSON.stringify(block));
});

describe("a data block of a spec", () => {
  test("has the losses of its arrays, and its classes keep their ids", async () => {
    const [length, width] = [standardized(lengths), standardized(widths)];
    const x = Float32Array.from(lengths.flatMap((_, row) => [length[row] ?? 0, width[row] ?? 0]));
    const targets = BigInt64Array.from(kinds, (kind) => BigInt([...new Set(kinds)].indexOf(kind)));
    const arrays = new Map<string, NumericArray>([
      ["x", { dtype: "float32", shape: [6, 2], data: x }],
      ["targets", { dtype: "int64", shape: [6], data: targets }],
    ]);
    write("flowers.safetensors", writeSafetensors(arrays));
    const expected = await train("rows", "flowers.safetensors", "of-arrays", "--steps", "8");
    const first = await train("rows", "flowers.json", "of-block", "--steps", "5");
    expect(first.notices).toEqual([
      "The input x of the model reads the inputs of the data.",
      "The data are scaled: length, width. data.json of the run has the offset and the factor of each.",
      "Classes: 0 setosa, 1 versicolor, 2 virginica. Where the model has another order, write ids.",
    ]);
    const second = await train("rows", "flowers.json", "of-block", "--steps", "8", "--resume");
    expect([...first.losses, ...second.losses]).toEqual(expected.losses.map((loss) => expect.closeTo(Number(loss), 5)));
    const { metadata } = JSON.parse(readFileSync(at("of-block/data.json"), "utf8"));
    expect(metadata.classes).toEqual(["setosa", "versicolor", "virginica"]);
  });

  test("gives a mask of the lengths of its sequences", async () => {
    const texts = ["good film yes", "bad film", "a good one", "bad"];
    const labels = ["pos", "neg", "pos", "neg"];
    const lines = texts.map((text, row) => JSON.stringify({ text, label: labels[row] }));
    write("words.jsonl", lines.join("\n"));
    write("words.json", JSON.stringify({ type: "sequences", file: "words.jsonl", unit: "word" }));
    const words = await train("words", "words.json", "of-words", "--steps", "4");
    const { metadata } = JSON.parse(readFileSync(at("of-words/data.json"), "utf8"));
    const ids = texts.map((text) => text.split(" ").map((word) => metadata.vocabulary.indexOf(word)));
    const flat = (cell: (row: readonly number[], step: number) => number) =>
      BigInt64Array.from(ids.flatMap((row) => [0, 1, 2].map((step) => BigInt(cell(row, step)))));
    const [integers, shape] = ["int64", [4, 3]] as const;
    const arrays = new Map<string, NumericArray>([
      ["input_ids", { dtype: integers, shape, data: flat((row, step) => row[step] ?? 0) }],
      ["attention_mask", { dtype: integers, shape, data: flat((row, step) => Number(step < row.length)) }],
      ["targets", { dtype: integers, shape: [4], data: BigInt64Array.from(labels, (name) => BigInt(name === "pos")) }],
    ]);
    write("words.safetensors", writeSafetensors(arrays));
    const expected = await train("words", "words.safetensors", "of-ids", "--steps", "4");
    expect(words.losses).toEqual(expected.losses.map((loss) => expect.closeTo(Number(loss), 5)));
  });

  test("is refused where it does not fit, with the way out", async () => {
    write("other.json", JSON.stringify({ ...block, columns: ["length"] }));
    write("few.csv.gz", gzipSync(csv(kinds.slice(0, 4))));
    write("few.json", JSON.stringify({ ...block, file: "few.csv.gz" }));
    write("typo.json", JSON.stringify({ ...block, taget: [] }));
    write("broken.json", "{");
    const refusals = await Promise.all(
      ["other", "few", "typo", "broken"].map((name) => train("rows", `${name}.json`, "none", "--steps", "1")),
    );
    expect(refusals.map(({ code }) => code)).toEqual([2, 2, 2, 2]);
    const [other, few, typo, broken] = refusals.map(({ stderr }) => stderr);
    expect(other).toContain("The inputs of the data are [batch, 1], but the model reads x as float32 [n, 2]");
    expect(few).toContain("The data have 2 classes, but the model has 3");
    expect(typo).toMatch(/Unknown key "taget"[\s\S]*Did you mean "target"/);
    expect(broken).toMatch(/broken\.json" is not JSON/);
  });
});
