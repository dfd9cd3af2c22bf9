/** Tables, sequences and pairs in Parquet and in lines of JSON: the same arrays as from a CSV file with the same values. */
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { mapDataFiles, openData } from "../../../../runtime/data/index.js";
import { readSpec } from "../../../../schema/read.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

const parquet = fileURLToPath(new URL("../../../fixtures/tables/reviews.parquet", import.meta.url));

/** The rows that pyarrow wrote. */
const rows = Array.from({ length: 24 }, (_, index) => ({
  review: `${["a warm film", "two hours of nothing", "funny, and warm", "nothing funny"][index % 4]} ${index % 5}`,
  label: index % 2 === 0 ? "good" : "bad",
  x: index === 7 ? null : index / 8,
  flag: index % 3 === 0,
  day: `2024-01-${`${index + 1}`.padStart(2, "0")}`,
}));

const csv = [
  "review,label,x,flag,day",
  ...rows.map((row) =>
    Object.values(row)
      .map((value) => `"${value ?? ""}"`)
      .join(","),
  ),
];

const embedded = [
  { layer: "embedding", size: 4 },
  { layer: "rnn", cell: "gru", hidden_size: 4, return: "last" },
];
const classifier = { loss: { type: "cross_entropy" }, optimizer: { type: "adam" } };
const specs = {
  sequences: {
    data: { type: "sequences", unit: "word", columns: { text: "review", label: "label" } },
    model: [...embedded, { layer: "projection", size: "classes" }],
    ...classifier,
  },
  pairs: {
    data: { type: "pairs", unit: "char", columns: { source: "label", target: "review" } },
    model: [
      { layer: "embedding", size: 4, name: "source" },
      { layer: "rnn", cell: "gru", hidden_size: 4, name: "encoder" },
      { layer: "embedding", from: "decoder_inputs", vocabulary_size: "target_vocabulary", size: 4 },
      { layer: "rnn", cell: "gru", hidden_size: 4, initial_state: "encoder" },
      { layer: "projection", size: "target_vocabulary" },
    ],
    ...classifier,
    loss: { type: "sequence_loss" },
  },
  table: {
    data: {
      type: "table",
      columns: { x: "number", flag: "boolean", day: { type: "date", features: ["weekday"] } },
      target: ["x"],
      window: 4,
      missing: "previous",
    },
    model: [
      { layer: "rnn", cell: "gru", hidden_size: 4, return: "last" },
      { layer: "dense", size: 1 },
    ],
    loss: { type: "squared_error" },
    optimizer: { type: "adam" },
  },
};

/** A batch of the data in a file, or its problems. */
async function batchOf(kind: keyof typeof specs, file: string, folder: string, changes: object = {}) {
  const spec = specs[kind];
  const read = await readSpec(JSON.stringify({ ...spec, data: { ...spec.data, file, ...changes } }));
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  const opened = await openData(read.spec, folder);
  if (!opened.ok) return opened.error.map(({ path, message, hint }) => [path, message, hint]);
  const { metadata } = opened.value;
  return { metadata, batch: [...opened.value.batch([3, 5, 11])] };
}

test.each(["sequences", "pairs", "table"] as const)("%s", async (kind) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "reviews.csv"), csv.join("\n"));
  writeFileSync(join(folder, "reviews.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
  copyFileSync(parquet, join(folder, "reviews.parquet"));
  const expected = await batchOf(kind, "reviews.csv", folder);
  expect(expected).toMatchObject({ metadata: { type: kind } });
  expect(await batchOf(kind, "reviews.parquet", folder)).toEqual(expected);
  expect(await batchOf(kind, "reviews.jsonl", folder)).toEqual(expected);
});

test("numbers that are no text have no decimal mark", async () => {
  const folder = temporaryFolder();
  copyFileSync(parquet, join(folder, "reviews.parquet"));
  expect(await batchOf("table", "reviews.parquet", folder, { decimal: "," })).toEqual([
    ["/data/decimal", 'The numbers of "reviews.parquet" are no text, and have no notation.', 'Remove "decimal".'],
  ]);
  const columns = { x: { type: "number", thousands: "," } };
  expect(await batchOf("table", "reviews.parquet", folder, { columns })).toEqual([
    ["/data/columns/x/thousands", expect.any(String), 'Remove "thousands".'],
  ]);
});

test("a list of files is their rows, in the order of the list; a run records each relative to itself", async () => {
  const folder = temporaryFolder();
  const [head = "", ...lines] = csv;
  writeFileSync(join(folder, "z.csv"), [head, ...lines.slice(0, 10)].join("\n"));
  writeFileSync(join(folder, "a.csv"), [head, ...lines.slice(10)].join("\n"));
  writeFileSync(join(folder, "all.csv"), csv.join("\n"));
  const expected = await batchOf("table", "all.csv", folder);
  expect(await batchOf("table", "z.csv", folder, { file: ["z.csv", "a.csv"] })).toEqual(expected);
  expect(await batchOf("table", "z.csv", folder, { file: ["a.csv", "z.csv"] })).not.toEqual(expected);
  const read = await readSpec(
    JSON.stringify({ ...specs.table, data: { ...specs.table.data, file: ["z.csv", "a.csv"] } }),
  );
  if (!read.ok) throw new Error("The spec is invalid.");
  expect(mapDataFiles(read.spec.data, (file) => `../${file}`)).toMatchObject({ file: "{../z.csv,../a.csv}" });
});

test("a file of a list has no comma or brace in its name", async () => {
  const spec = { ...specs.table, data: { ...specs.table.data, file: ["a,b.csv", "c.csv"] } };
  const read = await readSpec(JSON.stringify(spec));
  expect(read.ok ? [] : read.diagnostics.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    expect.stringMatching(/^\/data\/file.*without comma and braces/),
  ]);
});
