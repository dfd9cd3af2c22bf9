/** Rows of CSV files and their lines, with line ends of every kind. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Row, readCsv } from "../../../../runtime/data/formats/csv.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

async function rowsOf(csv: string, comment = "", isDelimiterSet = true) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), csv);
  const rows: Row[] = [];
  const notices: string[] = [];
  const problems = await readCsv(
    { file: "t.csv", folder, path: "/data/file" },
    { delimiter: ",", isDelimiterSet, delimiterHint: String, comment, header: true },
    {
      columns: () => [],
      row(row) {
        rows.push(row);
        return [];
      },
    },
    (notice) => notices.push(notice),
  );
  return { rows: rows.map(({ line, fields }) => [line, ...fields]), problems, notices };
}

test.each([
  ["CRLF in the header alone", "text\r\ngood one\nbad\nawful thing\n"],
  ["LF in the header alone", "text\ngood one\r\nbad\r\nawful thing\r\n"],
  ["all three", "text\rgood one\nbad\r\nawful thing"],
])("mixed line ends: %s", async (_, csv) => {
  expect(await rowsOf(csv)).toMatchObject({
    rows: [
      [2, "good one"],
      [3, "bad"],
      [4, "awful thing"],
    ],
    problems: [],
  });
});

test.each(["\n", "\r\n", "\r"])("a line break in quotes counts once: %j", async (end) => {
  const lines = ["# note", "text,label", '"two', 'lines",x', "", '" a', "", '",y', "# note", "b,z"];
  expect(await rowsOf(lines.join(end), "#")).toMatchObject({
    rows: [
      [3, "two\nlines", "x"],
      [6, " a\n\n", "y"],
      [10, "b", "z"],
    ],
    problems: [],
  });
});

test("line numbers count line breaks inside quotes", async () => {
  const { problems } = await rowsOf('a,b\r\n"1\r\n\r\n2",3\r\n4\r\n');
  expect(problems).toMatchObject([{ line: 5, message: expect.stringContaining("t.csv:5: The row has 1 field") }]);
  const quote = await rowsOf('a,b\r\n"1\r\n\r\n2",3\r\n4,5"6"\r\n');
  expect(quote.problems).toMatchObject([{ line: 5, message: expect.stringContaining("t.csv:5: A field contains") }]);
});

test("a first line such as sep=; names the delimiter, and is no row", async () => {
  expect((await rowsOf("sep=,\r\na,b\r\n1,2\r\n")).rows).toEqual([[3, "1", "2"]]);
  const { rows, problems } = await rowsOf("\ufeffsep=;\na;b\n1,5;2\n", "", false);
  expect(rows).toEqual([]);
  expect(problems).toMatchObject([{ code: "table-delimiter", line: 1, hint: ";" }]);
});

test("rows without a value are rows between others, and left out at the end", async () => {
  const { rows, notices } = await rowsOf("a,b\n1,2\n,\n3,\n,\n,\n");
  expect(rows).toEqual([
    [2, "1", "2"],
    [3, "", ""],
    [4, "3", ""],
  ]);
  expect(notices).toEqual(['"t.csv": 2 lines without a value at the end are left out, from line 5.']);
  // One empty field is a value that is missing.
  expect((await rowsOf('a\n1\n""\n')).rows).toHaveLength(2);
});
