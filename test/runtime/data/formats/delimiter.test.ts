/** Files whose fields have another delimiter than the one that they are read with. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { detectDelimiter } from "../../../../runtime/data/formats/delimiter.js";
import { openData } from "../../../../runtime/data/index.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import { lastModel, specOf, squaredError, tableData } from "../../../support/normal-specs.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

async function open(csv: string, data: Partial<NormalTableData> = {}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), csv);
  const spec = specOf({ model: lastModel, loss: squaredError, data: { ...tableData, file: "t.csv", ...data } });
  const result = await openData(spec, folder);
  return result.ok ? result.value.metadata : result.error;
}

test.each([
  ["names", "day;price\n1;2\n3;4\n"],
  ["decimal commas", "day;price\n1,5;2,5\n3,5;4,5\n"],
  ["dates and names", "day;price;note\n2020-01-01;1,5;a, b\n2020-01-02;2,5;c\n"],
  ["quotes", '"day";"price"\n"1";"2"\n"3";"4"\n'],
  ["quotes in rows", 'day;price\n"1";2\n"3";4\n'],
  ["no names", "1;2\n3;4\n5;6\n"],
  // Read with commas, the first row would be names, and "5;2" would be left out.
  ["no names and decimal commas", "1,5;2\n1,6;3\n1,7;4\n"],
])("a delimiter that explains the rows is suggested: %s", async (_, csv) => {
  for (const delimiter of [";", "\t", "|"])
    expect(await open(csv.replaceAll(";", delimiter))).toEqual([
      {
        code: "table-delimiter",
        path: "/data/file",
        file: "t.csv",
        line: expect.any(Number),
        message: expect.stringMatching(/^t\.csv:[12]: The fields seem to be separated by (tabs|"[;|]"), not by ","\.$/),
        hint: `Set data.delimiter to ${JSON.stringify(delimiter)} (or to "," to keep it).`,
      },
    ]);
});

test("a delimiter of the spec that splits the rows is kept", async () => {
  const csv = "1,5;2\n1,6;3\n1,7;4\n1,8;5\n";
  expect(await open(csv, { delimiter: ",", window: 1 })).toMatchObject({ columns: ["1"] });
  expect(await open("a|b\n1|2\n3|4\n", { delimiter: ";" })).toMatchObject([
    { code: "table-delimiter", hint: 'Set data.delimiter to "|".' },
  ]);
});

test.each([
  [["a"], ["1"]],
  [["a;b"], ["1"]],
  [
    ["a", "b;c"],
    ["1", "x;y"],
  ],
  [
    ["price", "vol|ume"],
    ["1.5", "2"],
  ],
])("no other delimiter: %j, %j", (header, row) => {
  expect(detectDelimiter(header, row, { delimiter: ",", isDelimiterSet: false })).toBeUndefined();
});
