/** Tables with empty columns, dropped rows and headers of numbers: notices, or problems with the way out. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import { lastModel, specOf, squaredError, tableData } from "../../../support/normal-specs.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

async function open(csv: string, data: Partial<NormalTableData> = {}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), csv);
  return openData(
    specOf({ model: lastModel, loss: squaredError, data: { ...tableData, file: "t.csv", window: 1, ...data } }),
    folder,
  );
}

async function notices(...request: Parameters<typeof open>) {
  const opened = await open(...request);
  return opened.ok ? (opened.value.notices ?? []) : opened.error.map(({ message }) => message);
}

async function problems(...request: Parameters<typeof open>) {
  const opened = await open(...request);
  return opened.ok ? [] : opened.error.map(({ message, hint }) => [message, hint]);
}

describe("a column without values", () => {
  test("as of a delimiter at the end of each row, is one problem", async () => {
    const csv = `a,b,\n${Array.from({ length: 8 }, (_, row) => `${row},${row * 2},\n`).join("")}`;
    expect(await problems(csv)).toEqual([
      [
        't.csv:2: Column "3" has no value in 8 of the first 8 rows.',
        'To leave it out, name the other columns in data.columns, such as ["a", "b"]. To skip such rows, set data.missing to "drop".',
      ],
    ]);
    expect(await notices(csv, { columns: ["a", "b"] })).toEqual([]);
  });

  test("is stated where most rows are dropped for it", async () => {
    const csv = `a,b\n${Array.from({ length: 12 }, (_, row) => `${row},${row % 3 === 0 ? 1 : ""}\n`).join("")}`;
    expect(await notices(csv, { missing: "drop" })).toEqual([
      'Column "b" of "t.csv" has no value in 8 of the first 12 rows. To leave it out, name the other columns in data.columns, such as ["a"].',
    ]);
  });

  test("is not one with some values missing", async () => {
    expect(await problems("a,b\n1,\n2,3\n4,5\n6,7\n")).toEqual([
      [
        't.csv:2: Column "b" has no value.',
        'Set data.missing to "drop" (skip such rows) or "previous" (repeat the value of the previous row).',
      ],
    ]);
  });
});

test("a table that is empty without its dropped rows has their number", async () => {
  expect(await problems("a,b\n1,\n2,\n,3\n", { missing: "drop" })).toEqual([
    [
      '"t.csv" has 0 rows left (data.missing drops 3 without a value), but a window of 1 and a target 1 row later need 2.',
      'Leave columns without values out by data.columns, or set data.missing to "previous".',
    ],
  ]);
});

describe("a first row of numbers", () => {
  const rows = Array.from({ length: 9 }, (_, row) => `${row % 4},${(row * 3) % 5}\n`).join("");
  const stated = [
    'The first row of "t.csv" is read as values, which are far from those of the other rows: 2019 in column 1, 2020 in column 2. ' +
      "If it has the names of the columns, set data.header to true.",
  ];

  test("far from the others is stated", async () => {
    expect(await notices(`2019,2020\n${rows}`)).toEqual(stated);
    expect(await notices(`2019,2020\n${rows}`, { reverse: true })).toEqual(stated);
  });

  test("is not where it is like the others, or data.header is set", async () => {
    expect(await notices(`1,2\n${rows}`)).toEqual([]);
    expect(await notices(`2019,2020\n${rows}`, { header: false })).toEqual([]);
  });
});
