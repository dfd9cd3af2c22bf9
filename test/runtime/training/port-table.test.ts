/** Files of rows as the arrays of a training step: CSV, Parquet and Arrow, with names of classes as ids of targets. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Port } from "../../../compiler/artifact.js";
import { readPortTable } from "../../../runtime/training/fine-tune/port-table.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const ports: readonly Port[] = [
  { name: "x", role: "data", dtype: "float32", shape: ["batch"] },
  { name: "targets", role: "data", dtype: "int64", shape: ["batch", 2] },
];
const columns = new Map([["targets", ["first", "second"]]]);

function read(lines: readonly string[], classes: number | null) {
  const file = join(temporaryFolder(), "rows.csv");
  writeFileSync(file, ["x,first,second", ...lines, ""].join("\n"));
  return readPortTable(file, ports, columns, classes);
}

async function problemOf(lines: readonly string[], classes: number | null) {
  const result = await read(lines, classes);
  if (result.ok) throw new Error("The rows were accepted.");
  return result.error.map(({ message, hint }) => `${message} ${hint}`).join("\n");
}

test("several targets of a row have ids of one alphabetical order", async () => {
  const result = await read(["1,cat,dog", "2,cow,cat"], 3);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  const targets = result.value.arrays.get("targets");
  expect(targets).toMatchObject({ shape: [2, 2], isInteger: true });
  expect([...(targets?.values ?? [])]).toEqual([0, 2, 1, 0]);
  expect(result.value.notices.join()).toContain("0 cat, 1 cow, 2 dog");
});

test("a number or a gap among names, and names among numbers, are refused at their field", async () => {
  expect(await problemOf(["1,cat,2", "2,cow,cat"], 2)).toMatch(/rows\.csv:2: The column "second" is a number among/);
  expect(await problemOf(["1,cat,dog", "2,,cat"], 2)).toMatch(/rows\.csv:3: The column "first" has no value/);
  expect(await problemOf(["1,0,dog"], 2)).toMatch(/rows\.csv:2: The column "second" is "dog", no number/);
  expect(await problemOf(["1,cat,dog"], null)).toMatch(/rows\.csv:2: The column "first" is "cat", no number/);
});

test.each(["rows.parquet", "rows.arrow"])("%s has numbers, and names of classes", async (name) => {
  const file = fileURLToPath(new URL(`../../fixtures/tables/${name}`, import.meta.url));
  const rows: readonly Port[] = [
    { name: "x", role: "data", dtype: "float32", shape: ["batch", 2] },
    { name: "targets", role: "data", dtype: "int64", shape: ["batch"] },
  ];
  const own = new Map([
    ["x", ["length", "count"]],
    ["targets", ["kind"]],
  ]);
  const result = await readPortTable(file, rows, own, 2);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  expect([...(result.value.arrays.get("x")?.values ?? [])]).toEqual([5.1, 3, 4.9, -2, 7, 0, 6.4, 7]);
  expect([...(result.value.arrays.get("targets")?.values ?? [])]).toEqual([0, 0, 1, 1]);
  expect(result.value.notices.join()).toContain("0 setosa, 1 virginica");
});
