/** Tables whose rows are examples of their own, and tables in JSON Lines. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { analyze } from "../../../../compiler/compile.js";
import { inferSignature } from "../../../../runtime/data/data-signature.js";
import { openData } from "../../../../runtime/data/index.js";
import { readSpec } from "../../../../schema/read.js";
import { predicted } from "../../../support/predict-file.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";
import { trainSpec } from "../../../support/training-runs.js";

const csv = `a,color,b,kind\n${Array.from({ length: 20 }, (_, row) => `${row},${row % 2 === 0 ? "red" : "blue"},${2 * row},${row % 3 === 0 ? "x" : "none"}`).join("\n")}\n`;
const base = {
  name: "rows",
  data: {
    type: "table",
    file: "t.csv",
    columns: { a: "number", color: { type: "category", size: 2 } },
    target: { b: ["b"], kind: ["kind"] },
    scale: "standard",
    split: { test: 0.25 },
  },
  model: [
    { layer: "dense", name: "hidden", size: 4, activation: "tanh" },
    { layer: "dense", name: "b", from: "hidden", size: "classes" },
    { layer: "dense", name: "kind", from: "hidden", size: "classes" },
  ],
  losses: [
    { type: "squared_error", from: "b", target: "b" },
    { type: "cross_entropy", from: "kind", target: "kind" },
  ],
  optimizer: { type: "adam" },
  train: { steps: 3 },
};

async function open(data: object, files: Readonly<Record<string, string>> = { "t.csv": csv }) {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const read = await readSpec(JSON.stringify({ ...base, data: { ...base.data, ...data } }), { file: "s.json", folder });
  if (!read.ok) throw new Error(read.diagnostics.map(({ message, hint }) => `${message} ${hint}`).join("\n"));
  return { spec: read.spec, folder, opened: await openData(read.spec, folder) };
}

describe("rows without a window", () => {
  test("are examples [features] with the targets of their row, split in shuffled order", async () => {
    const { spec, opened, folder } = await open({});
    if (!opened.ok) throw new Error("no data");
    const { examples, splits, batch, signature } = opened.value;
    expect([examples, splits.train.length, splits.test.length]).toEqual([20, 15, 5]);
    expect(spec.data).toMatchObject({ window: null, horizon: [0], stride: 1, split: { order: "shuffled" } });
    expect([...splits.test]).not.toEqual([15, 16, 17, 18, 19]);
    const arrays = batch([0, 3]);
    expect(arrays.get("inputs")?.shape).toEqual([2, 1]);
    expect(arrays.get("color")).toEqual({ dtype: "int32", shape: [2], data: Int32Array.of(1, 0) });
    expect(arrays.get("targets/b")?.shape).toEqual([2, 1]);
    expect(arrays.get("targets/kind")).toEqual({ dtype: "int32", shape: [2], data: Int32Array.of(1, 1) });
    const { inputs, side_inputs, steps } = signature(spec.train);
    expect([inputs.shape, side_inputs?.color?.shape, steps]).toEqual([["batch", 1], ["batch"], undefined]);
    const inferred = await inferSignature(spec, folder);
    expect(inferred.ok && inferred.value.signatures[0]).toMatchObject({ inputs: { shape: ["batch", 1] } });
  });

  test("a layer over time needs a window", async () => {
    const folder = temporaryFolder();
    const model = [{ layer: "rnn", cell: "gru", hidden_size: 2, return: "last" }, ...base.model];
    const read = await readSpec(JSON.stringify({ ...base, model }), { file: "s.json", folder });
    if (!read.ok) throw new Error("no spec");
    writeFileSync(join(folder, "t.csv"), csv);
    const opened = await openData(read.spec, folder);
    if (!opened.ok) throw new Error("no data");
    const analyzed = analyze(read.spec, opened.value.signature(read.spec.train));
    expect(analyzed.ok ? [] : analyzed.problems.map(({ code, hint }) => [code, hint])).toEqual([
      ["needs-sequence", 'Provide inputs of shape [examples, time, features]; a table has them with a "window".'],
    ]);
  });

  test.each([
    [{ horizon: 1 }, "A horizon needs a window of rows."],
    [{ stride: 2 }, "A stride needs a window of rows."],
    [{ evaluation_stride: 2 }, "A stride needs a window of rows."],
  ])("%o is refused", async (data, message) => {
    await expect(open(data)).rejects.toThrow(message);
  });

  test("are predicted with the columns that the model does not read", async () => {
    const data = { ...base.data, delimiter: ";", decimal: ",", thousands: "." };
    const { out } = await trainSpec({ ...base, data }, { "t.csv": csv.replaceAll(",", ";") });
    const { rows } = await predicted(out, "in.csv", "id;color;a\n7;red;1,125\n8;blue;2\n");
    expect(rows).toMatchObject([
      { line: 2, id: "7", kind: expect.stringMatching(/^(?:x|none)$/), b_b: expect.any(Number) },
      { line: 3, id: "8" },
    ]);
    // Numbers of JSON have no notation, whatever that of the data in training.
    const lines = '{"id":7,"color":"red","a":1.125}\n\n{"a":2,"color":"blue","id":8}\n';
    const fromJson = await predicted(out, "in.jsonl", lines);
    expect(fromJson.rows).toEqual([
      { ...rows[0], line: 1 },
      { ...rows[1], line: 3 },
    ]);
    // Texts have that of the table.
    const asText = await predicted(out, "text.jsonl", '{"id":"7","color":"red","a":"1,125"}\n');
    expect(asText.rows).toEqual([{ ...rows[0], line: 1 }]);
  });
});

describe("JSON Lines", () => {
  const jsonOf = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const rows = csv
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","))
    .map(([a, color, b, kind]) => ({ a: Number(a), color, b: Number(b), kind, tags: ["unread"] }));
  const problemsOf = async (lines: readonly unknown[]) => {
    const { opened } = await open({ file: "t.jsonl" }, { "t.jsonl": jsonOf(lines) });
    return opened.ok ? [] : opened.error.map(({ line, message, hint }) => [line, message, hint]);
  };

  test("have the arrays of the same table in CSV", async () => {
    const [json, comma] = [await open({ file: "t.jsonl" }, { "t.jsonl": jsonOf(rows) }), await open({})];
    if (!json.opened.ok || !comma.opened.ok) throw new Error("no data");
    expect(json.opened.value.digest).toBe(comma.opened.value.digest);
    expect(json.opened.value.batch([0, 7])).toEqual(comma.opened.value.batch([0, 7]));
  });

  test("an empty value and a missing column are problems", async () => {
    expect(await problemsOf([rows[0], { ...rows[1], a: null }])).toMatchObject([
      [2, 't.jsonl:2: Column "a" has no value.', expect.stringContaining("data.missing")],
    ]);
    expect((await problemsOf([{ a: 1 }]))[0]?.[1]).toBe('"t.jsonl" has no column "b".');
  });
});
