/** Files of rows in typed formats, in lines of JSON and by patterns, compared with what pyarrow wrote. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openArrow } from "../../../../runtime/data/formats/arrow.js";
import type { CsvFormat } from "../../../../runtime/data/formats/csv.js";
import { expandPattern, mapPattern } from "../../../../runtime/data/formats/file-list.js";
import { decompressLz4Frame } from "../../../../runtime/data/formats/lz4-frame.js";
import { readTableFile, tableFormatOf } from "../../../../runtime/data/formats/table-file.js";
import { decimalField, timestampField } from "../../../../runtime/data/formats/typed-fields.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

const fixtures = fileURLToPath(new URL("../../../fixtures/tables/", import.meta.url));
const format: CsvFormat = {
  delimiter: ",",
  isDelimiterSet: false,
  delimiterHint: () => "",
  comment: "",
  header: "auto",
};

async function read(folder: string, file: string, changes: Partial<CsvFormat> = {}) {
  const rows: string[][] = [];
  const lines: number[] = [];
  const notices: string[] = [];
  let names: readonly string[] = [];
  const problems = await readTableFile(
    { file, folder, path: "/data/file" },
    { ...format, ...changes },
    {
      columns(columns) {
        names = columns;
        return [];
      },
      row({ fields, line }) {
        rows.push([...fields]);
        lines.push(line);
        return fields.includes("bad")
          ? [{ code: "bad", path: "", file, line, message: `${file}:${line}: A bad field.` }]
          : [];
      },
    },
    (notice) => notices.push(notice),
  );
  return {
    names,
    rows,
    lines,
    notices,
    problems: problems.map(({ message, hint }) => `${message} ${hint ?? ""}`.trim()),
  };
}

/** Writes files into a folder of the test. */
function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

describe("typed columns", () => {
  const names = [
    "f64",
    "f32",
    "i64",
    "u8",
    "u64",
    "flag",
    "text",
    "cat",
    "day",
    "ms",
    "us",
    "ns",
    "dec",
    "list",
    "half",
  ];
  const first = [
    ...["0.1", "0.10000000149011612", "9007199254740993", "255", "18446744073709551615", "true", "a", "u"],
    ...["1969-12-31", "2024-01-02 03:04:05.678", "2024-01-02 03:04:05.678901", "2024-01-02 03:04:05.678901234"],
    ...["12.34", "[1.5,2]", "0.5"],
  ];
  const second = [
    ...["-2.5e-300", "2.5", "-1", "0", "0", "false", "b,c", "v", "2024-02-29", "1960-01-01 00:00:00.001"],
    ...["1960-01-01 00:00:00.000001", "1969-12-31 23:59:59.999999999", "-0.05", "[]", "1.5"],
  ];
  const last = [
    ...["7.25", "4", "3", "4", "4", "false", "y", "w", "2024-03-04", "2024-03-04 00:00:00", "2024-03-04 00:00:00"],
    ...["1970-01-01 00:00:00.000000003", "3.00", "[6]", "4"],
  ];

  test.each([
    "snappy.parquet",
    "gzip.parquet",
    "zstd.parquet",
    "v2.parquet",
    "lz4.feather",
    "zstd.feather",
    "stream.arrows",
  ])("%s: numbers, texts, dates, decimals, lists and missing values", async (file) => {
    const result = await read(fixtures, file);
    expect(result.problems).toEqual([]);
    expect(result.names).toEqual(names);
    expect(result.rows).toHaveLength(7);
    expect(result.lines).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(result.rows[0]).toEqual(first);
    expect(result.rows[1]).toEqual(second);
    expect(result.rows[2]).toEqual(names.map(() => ""));
    expect(result.rows.map(([number]) => number)).toEqual(["0.1", "-2.5e-300", "", "NaN", "1e+22", "3", "7.25"]);
    expect(result.rows[4]?.[6]).toBe("é\n");
    expect(result.rows[6]).toEqual(last);
  });

  // One row group of 140,000 rows, read in three blocks. Lists in pages of version 1 have no number of rows.
  test.each(["pages-v1.parquet", "pages-v2.parquet"])("%s: a row group of many pages", async (file) => {
    const { names, rows, problems } = await read(fixtures, file);
    expect(problems).toEqual([]);
    expect(names).toEqual(["row", "name", "half", "list"]);
    expect(rows).toHaveLength(140_000);
    const written = (row: number) => [
      `${row}`,
      row % 7 === 0 ? "" : `n${row % 5}`,
      row % 1000 === 3 ? "" : `${row / 2}`,
      row % 2 === 0 ? "[]" : `[${row % 3}]`,
    ];
    expect(rows.findIndex((fields, row) => fields.join(";") !== written(row).join(";"))).toBe(-1);
  });

  test("damaged files, and settings of text, are refused", async () => {
    const bytes = readFileSync(join(fixtures, "snappy.parquet"));
    const feather = readFileSync(join(fixtures, "lz4.feather"));
    const folder = folderOf({
      "cut.parquet": bytes.subarray(0, bytes.length - 40),
      "text.parquet": "a,b\n1,2\n",
      "cut.feather": feather.subarray(0, 2000),
      "whole.parquet": bytes,
    });
    expect((await read(folder, "cut.parquet")).problems).toEqual([
      expect.stringMatching(/^"cut.parquet" cannot be read: it is no complete Parquet file/),
    ]);
    expect((await read(folder, "text.parquet")).problems).toEqual([expect.stringMatching(/no complete Parquet file/)]);
    expect((await read(folder, "cut.feather")).problems).toEqual([expect.stringMatching(/no complete Arrow file/)]);
    expect((await read(folder, "none.parquet")).problems).toEqual([
      expect.stringMatching(/"none.parquet" does not exist/),
    ]);
    expect((await read(folder, "whole.parquet", { isDelimiterSet: true })).problems).toEqual([
      '"whole.parquet" has typed columns, which no delimiter separates. Remove data.delimiter.',
    ]);
    expect((await read(folder, "whole.parquet", { header: false })).problems).toEqual([
      '"whole.parquet" has the names of its columns. Remove "header": false.',
    ]);
  });

  test("Arrow without the optional package", async () => {
    const missing = Object.assign(new Error("no package"), { code: "ERR_MODULE_NOT_FOUND" });
    const opened = openArrow({ file: "lz4.feather", folder: fixtures, path: "" }, () => Promise.reject(missing));
    await expect(opened).rejects.toMatchObject({
      message: "rnnx reads Arrow files with the package apache-arrow, which is not installed",
      hint: expect.stringMatching(/^Install it: npm install apache-arrow@\d/),
    });
  });

  test("an LZ4 frame of several blocks that refer to one another", () => {
    const expected = Array.from({ length: 60_000 }, (_, index) => `${index % 300} `).join("");
    const frame = readFileSync(join(fixtures, "counts.lz4"));
    expect(Buffer.from(decompressLz4Frame(frame)).toString()).toBe(expected);
    expect(() => decompressLz4Frame(frame.subarray(0, 1000))).toThrow("its LZ4 data ends early");
    expect(() => decompressLz4Frame(Buffer.from("no frame at all"))).toThrow("it is no LZ4 frame");
  });

  test("times before 1970, and decimals of any scale", () => {
    expect(timestampField(-1n, 1)).toBe("1969-12-31 23:59:59");
    expect(timestampField(-1500n, 1e3)).toBe("1969-12-31 23:59:58.5");
    expect(decimalField(5n, 3)).toBe("0.005");
    expect(decimalField(-12n, -2)).toBe("-1200");
  });
});

describe("lines of JSON", () => {
  test("the keys of the first lines are the columns; gzipped or not", async () => {
    const text = '{"a": 1.5, "b": "x"}\n\n{"b": true, "c": null, "a": 9007199254740993}\n';
    const folder = folderOf({ "t.jsonl": text, "t.ndjson.gz": gzipSync(text) });
    for (const file of ["t.jsonl", "t.ndjson.gz"])
      expect(await read(folder, file)).toMatchObject({
        names: ["a", "b", "c"],
        rows: [
          ["1.5", "x", ""],
          ["9007199254740993", "true", ""],
        ],
        lines: [1, 3],
        problems: [],
      });
  });

  test("mistakes have their line", async () => {
    const problems = async (text: string) => (await read(folderOf({ "t.jsonl": text }), "t.jsonl")).problems;
    expect(await problems(`${'{"a": 1}\n'.repeat(1000)}{"a": 2, "z": 3}\n`)).toEqual([
      't.jsonl:1001: The line has the key "z", which the first 1,000 lines lack. Write "z": null in the first line: its keys are columns.',
    ]);
    expect(await problems('{"a": 1}\n[2]\n')).toEqual([
      expect.stringMatching(/^t\.jsonl:2: The line is not an object\./),
    ]);
    expect(await problems("\n")).toEqual([expect.stringMatching(/^"t\.jsonl" has no rows\./)]);
    const set = await read(folderOf({ "t.jsonl": '{"a": 1}' }), "t.jsonl", { isDelimiterSet: true });
    expect(set.problems).toEqual(['"t.jsonl" has lines of JSON, which have no delimiter. Remove data.delimiter.']);
  });
});

describe("several files", () => {
  const files = {
    "a/2024-10.csv": "x,y\n10,1\n",
    "a/2024-02.csv": "x,y\n2,1\n",
    "a/2024-09.csv.gz": gzipSync("x,y\n9,1\n"),
    "a/.hidden.csv": "x,y\n0,0\n",
    "b/2024-11.csv": "x,y\n11,bad\n",
    "c/2024-12.csv": "x,z\n12,1\n",
  };

  test("by name, or in the order of a list, stated once", async () => {
    const folder = folderOf(files);
    const { rows, notices, problems } = await read(folder, "a/2024-*.csv");
    expect(problems).toEqual([]);
    expect(rows).toEqual([
      ["2", "1"],
      ["10", "1"],
    ]);
    expect(notices).toEqual(['"a/2024-*.csv" is 2 files, read in this order: a/2024-02.csv, a/2024-10.csv.']);
    expect((await read(folder, "a/2024-{10,02}.csv")).rows.map(([x]) => x)).toEqual(["10", "2"]);
    expect(expandPattern("?/*.csv*", folder)).toEqual([
      ...["a/2024-02.csv", "a/2024-09.csv.gz", "a/2024-10.csv", "b/2024-11.csv", "c/2024-12.csv"],
    ]);
  });

  test("a list of files is a pattern, whose names are renamed one by one", () => {
    const rename = (file: string) => `../${file}`;
    expect(mapPattern("{a.csv,b/c.csv}", rename)).toBe("{../a.csv,../b/c.csv}");
    expect(mapPattern("2024-{01,02}.csv", rename)).toBe("../2024-{01,02}.csv");
    expect(tableFormatOf("{a.parquet,b.parquet}")).toBe("parquet");
    expect(tableFormatOf("2024-*.jsonl.gz")).toBe("json");
  });

  test("a problem has the name of its own file; columns are those of the first file", async () => {
    const folder = folderOf(files);
    expect((await read(folder, "{a/2024-02,b/2024-11}.csv")).problems).toEqual(["b/2024-11.csv:2: A bad field."]);
    expect((await read(folder, "{a/2024-02,c/2024-12}.csv")).problems).toEqual([
      'c/2024-12.csv:2: The columns differ: column 2 is "z", not "y" as in "a/2024-02.csv". Give all files the same columns in the same order.',
    ]);
    expect((await read(folder, "d/*.csv")).problems).toEqual([
      'No file has a name like "d/*.csv". Check the folder and the pattern.',
    ]);
  });
});
