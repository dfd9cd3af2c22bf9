/** Names of classes in a file of rows, as ids of the targets of a training step. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
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
