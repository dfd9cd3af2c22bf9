/** Columns with one value in each series: inputs of a window, without time. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inferSignature } from "../../../../runtime/data/data-signature.js";
import { openData } from "../../../../runtime/data/index.js";
import { normal, unplacedProblems } from "../../../support/read-spec.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

const line = (shop: string, row: number, size: number, kind: string) => `${shop},${row},${size},${kind},${row * 2}`;
const shops = [
  ["a", 40, "north"],
  ["b", 90, "south"],
] as const;
const rows = shops.flatMap(([shop, size, kind]) => Array.from({ length: 8 }, (_, row) => line(shop, row, size, kind)));
const csv = (lines: readonly string[]) => `shop,hour,size,kind,y\n${lines.join("\n")}\n`;
const data = {
  type: "table",
  file: "t.csv",
  columns: { y: "number", size: "number", kind: "category" },
  target: ["y"],
  group: ["shop"],
  time: "hour",
  static: ["size", "kind"],
  window: 3,
};
const model = [
  { layer: "rnn", cell: "gru", hidden_size: 2, return: "last", name: "past" },
  { layer: "embedding", size: 2, from: "static.kind", name: "kind_vector" },
  { layer: "concat", from: ["past", "static", "kind_vector"] },
  { layer: "dense", size: "classes" },
];
const spec = { data, model, loss: { type: "squared_error" }, optimizer: { type: "adam" }, train: { steps: 1 } };

async function open(change: object = {}, lines = rows) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), csv(lines));
  const { spec: read } = await normal({ ...spec, data: { ...data, ...change } });
  return { read, opened: await openData(read, folder) };
}

test("are arrays without time, numbers and ids", async () => {
  const { opened, read } = await open();
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const batch = opened.value.batch([0, 6]);
  expect(batch.get("static")).toEqual({ dtype: "float32", shape: [2, 1], data: Float32Array.of(40, 90) });
  expect(batch.get("static.kind")).toEqual({ dtype: "int32", shape: [2], data: Int32Array.of(0, 1) });
  expect(opened.value.metadata).toMatchObject({ static: ["size"] });
  const { side_inputs: side, sizes } = opened.value.signature(read.train);
  expect(side).toMatchObject({ static: { shape: ["batch", 1] }, "static.kind": { shape: ["batch"] } });
  expect(sizes["vocabulary/static.kind"]).toBe(4);
  expect(await inferSignature(read, "")).toMatchObject({
    value: { signatures: [{ side_inputs: { static: { shape: ["batch", 1] } } }] },
  });
});

test("are scaled by the column", async () => {
  const { opened } = await open({ scale: "min_max" });
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  expect(opened.value.batch([0, 6]).get("static")?.data).toEqual(Float32Array.of(0, 1));
});

test("are stated where the spec does not name them", async () => {
  const { opened } = await open({ static: null });
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  expect(opened.value.notices).toContain(
    'Columns with one value in each series of "t.csv": "size", "kind". With "static" in the data a layer reads them once for each window, "from": "static", "static.kind".',
  );
});

test("mistakes", async () => {
  const problemsOf = async (...request: Parameters<typeof open>) => {
    const { opened } = await open(...request);
    return opened.ok ? [] : opened.error.map(({ message }) => message);
  };
  const changed = [...rows.slice(0, 13), line("b", 5, 91, "south"), ...rows.slice(14)];
  expect(await problemsOf({}, changed)).toEqual([
    't.csv:15: Column "size" has another value than before in the series "b".',
  ]);
  expect(await problemsOf({ static: ["y"] })).toEqual(['Column "y" of "t.csv" is a target.']);
  expect(await problemsOf({ static: ["sizes"] })).toEqual(['Column "sizes" of "t.csv" is no input.']);
  expect(await unplacedProblems({ ...spec, data: { ...data, group: null } })).toEqual([
    expect.stringContaining("the data has no windows of several series"),
  ]);
});
