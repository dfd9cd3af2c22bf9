import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import {
  crossEntropy,
  first,
  lastModel,
  numbersModel,
  type SpecParts,
  specOf,
  squaredError,
  tableData,
  train,
} from "../../../support/normal-specs.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

/** Opens a table, for a model that predicts one number per window. */
async function opened(csv: string | Uint8Array, data: Partial<NormalTableData> = {}, parts: SpecParts = {}) {
  const folder = temporaryFolder();
  const file = data.file ?? "t.csv";
  writeFileSync(join(folder, file), csv);
  const spec = specOf({ model: lastModel, loss: squaredError, data: { ...tableData, file, ...data }, ...parts });
  return openData(spec, folder);
}

async function open(...request: Parameters<typeof opened>) {
  const result = await opened(...request);
  if (!result.ok) throw new Error(result.error.map(({ message }) => message).join("\n"));
  return result.value;
}

async function problems(...request: Parameters<typeof opened>) {
  const result = await opened(...request);
  return result.ok ? [] : result.error;
}

const everyStep = { model: numbersModel };
const counting = `a,b\n${Array.from({ length: 8 }, (_, row) => `${row},${row * 10}`).join("\n")}\n`;

describe("windows over rows", () => {
  test("one target per window: the next row", async () => {
    const source = await open(counting, { window: 3, target: ["b"] });
    expect(source.examples).toBe(5);
    const batch = source.batch([0, 4]);
    expect(batch.get("inputs")).toEqual({
      dtype: "float32",
      shape: [2, 3, 2],
      data: Float32Array.of(0, 0, 1, 10, 2, 20, 4, 40, 5, 50, 6, 60),
    });
    expect(batch.get("targets")).toEqual({ dtype: "float32", shape: [2, 1], data: Float32Array.of(30, 70) });
  });

  test("a target per step for a model with an output per step", async () => {
    const source = await open(counting, { window: 3, target: ["b"], columns: ["a"], horizon: [2] }, everyStep);
    expect(source.examples).toBe(4);
    expect(source.batch([1]).get("inputs")).toMatchObject({ shape: [1, 3, 1], data: Float32Array.of(1, 2, 3) });
    expect(source.batch([1]).get("targets")).toMatchObject({ shape: [1, 3, 1], data: Float32Array.of(30, 40, 50) });
  });

  test("without a target the inputs are predicted", async () => {
    const source = await open(counting, { window: 2 }, everyStep);
    expect(source.batch([0]).get("targets")).toMatchObject({ shape: [1, 2, 2], data: Float32Array.of(1, 10, 2, 20) });
  });

  test("horizon 0 predicts the same row, without targets as inputs", async () => {
    const source = await open(counting, { window: 1, horizon: [0], target: ["b"] });
    expect(source.examples).toBe(8);
    expect(source.batch([3]).get("inputs")).toMatchObject({ shape: [1, 1, 1], data: Float32Array.of(3) });
    expect(source.batch([3]).get("targets")).toMatchObject({ data: Float32Array.of(30) });
  });

  test("a horizon and a stride", async () => {
    const source = await open(counting, { window: 2, horizon: [3], stride: 2, target: ["a"] });
    expect(source.examples).toBe(2);
    expect(source.batch([0, 1]).get("targets")?.data).toEqual(Float32Array.of(4, 6));
  });

  test("reversed, the last row of the file is the first in time", async () => {
    const source = await open(counting, { window: 1, target: ["a"], columns: ["b"], reverse: true });
    expect(source.batch([0]).get("inputs")?.data).toEqual(Float32Array.of(70));
    expect(source.batch([0]).get("targets")?.data).toEqual(Float32Array.of(6));
  });

  test("the signature contains the widths", async () => {
    const signature = (await open(counting, { window: 3, target: ["b"] })).signature({ ...train, batch_size: 4 });
    expect(signature).toEqual({
      inputs: { dtype: "float32", shape: ["batch", "time", 2] },
      targets: { dtype: "float32", shape: ["batch", 1] },
      sizes: { features: 2, classes: 1 },
      steps: 3,
      expected: { batch: 4, time: 3 },
    });
  });

  test("many rows are read exactly", async () => {
    const rows = Array.from({ length: 20_000 }, (_, row) => `${row},"${row % 7}",x`);
    const source = await open(`n,m,text\n${rows.join("\n")}`, { window: 10 });
    expect(source.examples).toBe(19_990);
    expect(source.batch([19_989]).get("targets")?.data).toEqual(Float32Array.of(19_999, 19_999 % 7));
  });
});

describe("headers, comments, columns", () => {
  const columns = async (csv: string, data: Partial<NormalTableData> = {}) =>
    (await open(csv, { window: 1, ...data })).metadata.columns;

  test.each([
    ["a first row that is no numbers", "a,b\n1,2\n3,4\n", ["a", "b"]],
    ["a comment with a name for each column", "# from somewhere\n# a,b\n1,2\n3,4\n", ["a", "b"]],
    ["numbers, where no names are to be seen", "# just words\n1,2\n3,4\n", ["1", "2"]],
    ["a first row under comments", "# x,y\na,b\n1,2\n3,4\n", ["a", "b"]],
    ["lines that end as on Windows, after a byte-order mark", "\uFEFFa,b\r\n1,2\r\n3,4\r\n", ["a", "b"]],
    ["names in quotes", '"a, b","say ""c"""\n1,2\n3,4\n', ["a, b", 'say "c"']],
    ["a nameless column by its number", "a,\n1,2\n3,4\n", ["a", "2"]],
    ["only columns that hold numbers", "day,a,note\nMon,1,x\nTue,2,y\n", ["a"]],
    ["a column whose first value is missing", "a,b\n1,2\n3,4\n", ["a", "b"]],
  ])("%s", async (_, csv, names) => {
    expect(await columns(csv)).toEqual(names);
  });

  test("an explicit header, or none", async () => {
    expect(await columns("1,2\n3,4\n5,6\n", { header: true })).toEqual(["1", "2"]);
    expect((await open("1,2\n3,4\n5,6\n", { header: true, window: 1 })).examples).toBe(1);
    expect((await open("1,2\n3,4\n5,6\n", { header: false, window: 1 })).examples).toBe(2);
    expect(await columns("# one,two\n1,2\n3,4\n", { header: "comment" })).toEqual(["one", "two"]);
  });

  test("columns by name and by number from 1, in the requested order", async () => {
    expect(await columns("a,b,c\n1,2,3\n4,5,6\n", { columns: ["c", 1] })).toEqual(["c", "a"]);
  });

  test("ignored columns are reported once, with their first values", async () => {
    const { notices } = await open("hour,day,kind,x\n0,Mon,a,1\n1,Tue,b,2\n2,Wed,c,3\n", { window: 1 });
    expect(notices).toEqual(['The inputs are the columns of numbers: hour, x. Left out: day ("Mon"), kind ("a").']);
    for (const data of [{ columns: ["x"] }, { columns: [1, 4], target: ["x"] }])
      expect((await open("hour,day,kind,x\n0,Mon,a,1\n1,Tue,b,2\n", { window: 1, ...data })).notices).toEqual([]);
  });

  const [comma, percent] = ['data.decimal to ","', 'the unit of the column in data.columns to "%"'];
  test.each([
    ["50,5", "a decimal comma", "50.5", comma],
    ["-1.234,25", "a decimal comma", "-1234.25", `${comma}, and data.thousands to "."`],
    ["1,234", "a thousands separator", "1234", 'data.thousands to ","'],
    ["1,234,567.5", "a thousands separator", "1234567.5", 'data.thousands to ","'],
    ["1.234.567", "a thousands separator", "1234567", 'data.thousands to "."'],
    ["1 234", "a thousands separator", "1234", 'data.thousands to " "'],
    ["5%", "a percent sign", "5", percent],
    ["5,5 %", "a percent sign", "5.5", percent],
  ])("a column of numbers such as %s is refused, not left out", async (field, notation, plain, setting) => {
    const csv = `hour;load;word\n0;${field};Mon\n1;${field};Tue\n2;${field};Wed\n`;
    const problem = { code: "table-value", path: "/data/file", file: "t.csv", line: 2, column: 2 };
    const what = `t.csv:2: Column "load" has "${field}", which is not a number`;
    const semicolon = { window: 1, delimiter: ";" };
    expect(await problems(csv, semicolon)).toEqual([
      {
        ...problem,
        message: `${what} but looks like ${notation}.`,
        hint: `Set ${setting}; or write ${plain}, or name the input columns in data.columns.`,
      },
    ]);
    expect((await problems(csv, { ...semicolon, columns: ["load"] }))[0]).toEqual({
      ...problem,
      message: `${what}. The same on 2 more lines: 3, 4.`,
      hint: `It looks like ${notation}. Set ${setting}; or write ${plain}.`,
    });
    expect((await open(csv, { ...semicolon, columns: ["hour"] })).notices).toEqual([]);
  });

  describe("several series in one file are reported", () => {
    const noticesOf = async (csv: string, data: Partial<NormalTableData> = {}) =>
      (await open(csv, { window: 2, columns: ["y"], target: ["y"], ...data })).notices ?? [];
    const csvOf = (header: string, rows: readonly string[]) => `${header}\n${rows.join("\n")}\n`;
    const day = (index: number) => `2024-01-0${index + 1}`;
    const range = (count: number) => Array.from({ length: count }, (_, index) => index);
    const long = ["A", "B"].flatMap((id) => range(5).map((index) => `${id},${day(index)},${index}`));
    const byDay = range(5).flatMap((index) => ["A", "B"].map((id) => `${id},${day(index)},${index}`));
    const several = (signs: string) => [
      `The rows seem to be of several series: ${signs}. Windows reach from one series into the next. ` +
        "Name the columns of the series in data.group.",
    ];

    test.each<[string, string, string]>([
      [
        "one under the other",
        csvOf("unique_id,ds,y", long),
        'column "ds" jumps from "2024-01-05" to "2024-01-01" on line 7, and column "unique_id" changes from "A" to "B" on line 7',
      ],
      [
        "row by row",
        csvOf("unique_id,ds,y", byDay),
        'column "ds" repeats its values, and column "unique_id" changes from "A" to "B" on line 3',
      ],
      [
        "by the number of a machine, without a date",
        csvOf(
          "machine,y",
          range(8).map((row) => `${row < 4 ? 1 : 2},${row}`),
        ),
        'column "machine" changes from "1" to "2" on line 6',
      ],
      [
        "by a counter that begins again, without an id",
        csvOf(
          "t,y",
          [...range(4), ...range(4)].map((t, row) => `${t},${row}`),
        ),
        'column "t" jumps from "3" to "0" on line 6',
      ],
    ])("%s", async (_, csv, signs) => {
      expect(await noticesOf(csv)).toEqual(several(signs));
    });

    test.each<[string, string, Partial<NormalTableData>]>([
      [
        "one series with dates",
        csvOf(
          "ds,y",
          range(9).map((row) => `${day(row)},${row}`),
        ),
        {},
      ],
      [
        "dates with hours",
        csvOf(
          "ds,hour,time,y",
          range(8).map((row) => `${day(row >> 2)},${row % 4},0${row % 4}:00,${row}`),
        ),
        {},
      ],
      [
        "a word of each day",
        csvOf(
          "ds,sky,y",
          range(9).map((row) => `${day(row)},${row % 4 < 2 ? "sun" : "rain"},${row}`),
        ),
        {},
      ],
      [
        "one id, or one a row",
        csvOf(
          "station,id,y",
          range(9).map((row) => `X,${row},${row}`),
        ),
        {},
      ],
      [
        "windows of one row",
        csvOf(
          "unique_id,ds,y,z",
          long.map((line) => `${line},0`),
        ),
        { window: 1, horizon: [0], columns: [3], target: [4] },
      ],
      [
        "the newest row first",
        csvOf(
          "ds,y",
          range(9).map((row) => `${day(8 - row)},${row}`),
        ),
        { reverse: true },
      ],
    ])("but not %s", async (_, csv, data) => {
      expect(await noticesOf(csv, data)).toEqual([]);
    });

    test("and so is time that runs backwards", async () => {
      const csv = csvOf(
        "ds,y",
        range(9).map((row) => `${day(8 - row)},${row}`),
      );
      const message = 'Time runs backwards: column "ds" goes from "2024-01-09" to "2024-01-08" on line 3.';
      expect(await noticesOf(csv)).toEqual([`${message} Set data.reverse to true.`]);
    });

    test.each<[string, (index: number) => string]>([
      ["the day first", (index) => `${28 + (index % 2)}.${index < 2 ? "02" : "03"}.2024`],
      ["the month first", (index) => `${index < 2 ? 2 : 3}/${28 + (index % 2)}/2024`],
    ])("also in dates with %s", async (_, dateOf) => {
      const rows = range(4).map((index) => `${dateOf(index)},${index}`);
      expect(await noticesOf(csvOf("day,y", rows))).toEqual([]);
      const message = `Time runs backwards: column "day" goes from "${dateOf(3)}" to "${dateOf(2)}" on line 3.`;
      expect(await noticesOf(csvOf("day,y", rows.toReversed()))).toEqual([`${message} Set data.reverse to true.`]);
    });

    test("but prices of four digits are no dates", async () => {
      expect(await noticesOf(csvOf("y", ["1234.05", "1233.05", "1240.05", "1239.05"]))).toEqual([]);
    });
  });

  test("a column of numbers whose first value is none is refused, not left out", async () => {
    expect(await problems("a,b\n1,?\n2,5\n3,6\n", { window: 1 })).toEqual([
      {
        code: "table-value",
        path: "/data/file",
        file: "t.csv",
        line: 2,
        column: 2,
        message: 't.csv:2: Column "b" has "?", which is not a number, but 2 of its 3 values are.',
        hint: "Leave the field empty (data.missing), or name the input columns in data.columns.",
      },
    ]);
  });

  test("equal column names are selected by number, each with its own scaler", async () => {
    const source = await open("a,a\n0,100\n1,300\n2,200\n", {
      window: 1,
      target: [2],
      scale: { type: "min_max", per: "column" },
    });
    expect(source.metadata).toMatchObject({
      columns: ["a (column 1)", "a (column 2)"],
      target: ["a (column 2)"],
      scaler: { "a (column 1)": { offset: 0, factor: 1 / 2 }, "a (column 2)": { offset: 100, factor: 1 / 200 } },
    });
    expect(source.batch([0]).get("inputs")?.data).toEqual(Float32Array.of(0, 0));
    expect(await columns("a,a\n0,100\n1,300\n", { columns: ["a (column 2)"] })).toEqual(["a (column 2)"]);
    expect(await columns("a,1\n0,100\n1,300\n", { columns: [1] })).toEqual(["a"]);
  });

  test("delimiters: a comma, a tab in .tsv files, or the one given", async () => {
    expect(await columns("a\tb\n1\t2\n3\t4\n", { file: "t.tsv" })).toEqual(["a", "b"]);
    expect(await columns("a;b\n1;2\n3;4\n", { delimiter: ";" })).toEqual(["a", "b"]);
    expect(await columns("a,b\n1,2\n3,4\n")).toEqual(["a", "b"]);
  });

  test("comments by another sign, or none", async () => {
    expect(await columns("% hm\na,b\n1,2\n% hm\n3,4\n", { comment: "%" })).toEqual(["a", "b"]);
    expect(await columns("#a,b\n1,2\n3,4\n", { comment: "" })).toEqual(["#a", "b"]);
  });
});

describe("scaling", () => {
  const csv = "a,b,c\n0,5,1e9\n10,5,2e9\n5,5,3e9\n20,9,4e9\n";
  const half = { ...tableData.split, train: 0.5, test: 0.5 };

  test("min_max, fitted on the training split", async () => {
    const source = await open(csv, {
      window: 1,
      horizon: [1],
      scale: { type: "min_max", per: "column" },
      split: { ...half, train: 0.4, test: 0.6 },
    });
    expect(source.splits).toEqual({ train: first(1), validation: first(0), test: Uint32Array.of(1, 2) });
    expect(source.metadata.scaler).toEqual({
      a: { offset: 0, factor: 1 / 10 },
      // A constant column is only shifted.
      b: { offset: 5, factor: 1 },
      c: { offset: 1e9, factor: 1e-9 },
    });
    const batch = source.batch([2]);
    expect(batch.get("inputs")?.data).toEqual(Float32Array.of(0.5, 0, 2));
    expect(batch.get("targets")?.data).toEqual(Float32Array.of(2, 4, 3));
  });

  test("standard: mean 0 and deviation 1", async () => {
    const source = await open("a\n1\n2\n3\n4\n", { window: 1, scale: { type: "standard", per: "column" } });
    const factor = 1 / Math.sqrt(1.25);
    expect(source.metadata.scaler).toEqual({ a: { offset: 2.5, factor } });
    expect(source.batch([0]).get("inputs")?.data[0]).toBeCloseTo(-1.5 * factor, 6);
  });

  test("predictions are unscaled", async () => {
    const source = await open(csv, { window: 1, scale: { type: "min_max", per: "column" }, target: ["a", "c"] });
    const data = Float32Array.of(0.5, 0, 1, 1);
    expect(source.decode({ dtype: "float32", shape: [2, 2], data })).toEqual([
      [10, 1e9],
      [20, 4e9],
    ]);
  });

  test("probabilities are not scaled", async () => {
    const loss = { type: "binary_cross_entropy", reduction: "mean", positive_weight: 1 } as const;
    const data = { window: 1, horizon: [0], scale: { type: "standard", per: "column" }, target: ["y"] } as const;
    const source = await open("x,y\n1,0\n5,1\n9,1\n", data, { loss });
    expect(source.batch([0, 1, 2]).get("targets")?.data).toEqual(Float32Array.of(0, 1, 1));
    expect(Object.keys(source.metadata.scaler ?? {})).toEqual(["x"]);
  });
});

describe("classes", () => {
  const rows = { window: 1, horizon: [0], target: ["kind"] } as const;

  test("labels in sorted order", async () => {
    const source = await open("x,kind\n1,iris\n2,rose\n3,iris\n", rows, { loss: crossEntropy });
    expect(source.metadata).toMatchObject({ columns: ["x"], target: ["kind"], classes: ["iris", "rose"] });
    expect(source.batch([0, 1, 2]).get("targets")).toEqual({
      dtype: "int32",
      shape: [3],
      data: Int32Array.of(0, 1, 0),
    });
    expect(source.signature(train)).toMatchObject({
      targets: { dtype: "int32", shape: ["batch"] },
      sizes: { features: 1, classes: 2 },
    });
    const scores = { dtype: "float32", shape: [2, 2], data: Float32Array.of(0.1, 0.9, 2, 1) } as const;
    expect(source.decode(scores)).toEqual(["rose", "iris"]);
  });

  test("integer labels are class ids", async () => {
    const source = await open("x,kind\n1,2\n2,0\n", rows, { loss: crossEntropy });
    expect(source.metadata.classes).toBeNull();
    expect(source.signature(train).sizes.classes).toBe(3);
    expect(source.findOutOfRange("targets", 2, "The model's output has 2.")).toEqual({
      code: "table-class",
      path: "/data/target",
      message: 'Column "kind" has class 2, index 2.',
      hint: "The model's output has 2.",
    });
    expect(source.findOutOfRange("targets", 3, "")).toBeUndefined();
  });

  test("one for every step", async () => {
    const source = await open("x,kind\n1,a\n2,b\n3,a\n", { ...rows, window: 2 }, { loss: crossEntropy, ...everyStep });
    expect(source.batch([1]).get("targets")).toEqual({ dtype: "int32", shape: [1, 2], data: Int32Array.of(1, 0) });
  });
});

describe("missing values", () => {
  const csv = "a,b\n1,10\n,20\n3,NaN\n4,40\n";

  test("drop their rows", async () => {
    const source = await open(csv, { window: 1, missing: "drop", target: ["b"] });
    expect(source.batch([0]).get("inputs")?.data).toEqual(Float32Array.of(1, 10));
    expect(source.batch([0]).get("targets")?.data).toEqual(Float32Array.of(40));
  });

  test("or repeat the previous value in time", async () => {
    const inputs = async (reverse: boolean) => {
      const source = await open(csv, { window: 3, missing: "previous", reverse });
      return source.batch([0]).get("inputs")?.data;
    };
    expect(await inputs(false)).toEqual(Float32Array.of(1, 10, 1, 20, 3, 20));
    expect(await inputs(true)).toEqual(Float32Array.of(4, 40, 3, 40, 3, 20));
  });

  describe("of labels are empty fields only", () => {
    const labelled = { window: 1, columns: ["v"], target: ["event"], horizon: [0] };
    const events = "v,event\n0,None\n1,NaN\n2,n/a\n3,null\n4,stop\n";
    const classes = { loss: crossEntropy };

    test.each(["error", "drop", "previous"] as const)("a word is a class with missing: %s", async (missing) => {
      const source = await open(events, { ...labelled, missing }, classes);
      expect([source.examples, source.metadata.classes]).toEqual([5, ["NaN", "None", "n/a", "null", "stop"]]);
    });

    test("a row without a number is dropped, its label is not", async () => {
      const w = (row: number) => (row === 8 ? "" : row);
      const label = (row: number) => (row % 2 === 0 ? "None" : row % 4 === 1 ? "alarm" : "stop");
      const rows = Array.from({ length: 16 }, (_, row) => `${row},${w(row)},${label(row)}`);
      const data = { window: 2, columns: ["v", "w"], target: ["event"], missing: "drop" } as const;
      const source = await open(`v,w,event\n${rows.join("\n")}\n`, data, classes);
      expect([source.examples, source.metadata.classes]).toEqual([13, ["None", "alarm", "stop"]]);
    });

    test("an empty label is refused or dropped, never a class", async () => {
      const csv = "v,event\n0,a\n1,\n2,b\n";
      expect((await open(csv, { ...labelled, missing: "drop" }, classes)).metadata.classes).toEqual(["a", "b"]);
      for (const missing of ["error", "previous"] as const)
        expect(await problems(csv, { ...labelled, missing }, classes)).toEqual([
          {
            code: "table-value",
            path: "/data/file",
            file: "t.csv",
            line: 3,
            column: 2,
            message: 't.csv:3: Column "event" has no label.',
            hint: 'Write the label, remove the row, or set data.missing to "drop" (skip such rows).',
          },
        ]);
    });
  });

  test("no previous value for the first row", async () => {
    expect(await problems("a,b\n1,\n2,20\n3,30\n", { window: 1, missing: "previous" })).toEqual([
      {
        code: "table-value",
        path: "/data/file",
        file: "t.csv",
        line: 2,
        column: 2,
        message: 't.csv:2: Column "b" has no value.',
        hint: 'The first row has no previous value. Set data.missing to "drop".',
      },
    ]);
  });
});

test("digests cover everything that a model reads", async () => {
  const digest = async (csv: string, data: Partial<NormalTableData> = {}) =>
    (await open(csv, { window: 1, ...data })).digest;
  expect(await digest("a,note\n1,x\n2,y\n")).toBe(await digest("note,a\nz,1\nz,2\n"));
  expect(await digest("a\n1\n3\n")).not.toBe(await digest("a\n1\n2\n"));
  expect(await digest("a,b\n1,2\n3,4\n", { target: ["a"] })).not.toBe(await digest("a,b\n1,2\n3,4\n"));
});

describe("problems", () => {
  const about = (problem: object) => ({ path: "/data/file", file: "t.csv", ...problem });

  test.each<[string, string | Uint8Array, Partial<NormalTableData>, object]>([
    [
      "a field that is no number",
      "a,b\n1,2\n3,4x\n",
      {},
      about({
        code: "table-value",
        line: 3,
        column: 2,
        message: 't.csv:3: Column "b" has "4x", which is not a number.',
        hint: "Correct the file, or name the input columns in data.columns.",
      }),
    ],
    [
      "a number too large for any computer",
      "a\n1\n1e999\n",
      {},
      about({
        code: "table-value",
        line: 3,
        column: 1,
        message: 't.csv:3: Column "a" has "1e999", which is too large.',
        hint: "Correct the file, or name the input columns in data.columns.",
      }),
    ],
    [
      "numbers too large for float32",
      "a\n1\n1e300\n",
      {},
      about({
        code: "table-value",
        message: 'Column "a" of "t.csv" has numbers that are too large for float32.',
        hint: 'Set data.scale to "min_max" or "standard".',
      }),
    ],
    [
      "a missing value",
      "a,b\n1,2\n# hm\n\n3,\n",
      {},
      about({
        code: "table-value",
        line: 5,
        column: 2,
        message: 't.csv:5: Column "b" has no value.',
        hint: 'Set data.missing to "drop" (skip such rows) or "previous" (repeat the value of the previous row).',
      }),
    ],
    [
      "a row with too few fields",
      "a,b\n1,2\n3\n",
      {},
      about({
        code: "table-row",
        line: 3,
        message: "t.csv:3: The row has 1 field, but the table has 2 fields.",
        hint: 'Fields are separated by ",".',
      }),
    ],
    [
      "a first row with too many",
      "a,b\n1,2,3\n",
      {},
      about({
        code: "table-row",
        line: 2,
        message: "t.csv:2: The row has 3 fields, but the table has 2 fields.",
        hint: 'Fields are separated by ",".',
      }),
    ],
    [
      "nothing",
      "",
      {},
      about({ code: "table-empty", message: '"t.csv" has no rows.', hint: "Write at least one row of values." }),
    ],
    [
      "a header alone",
      "a,b\n",
      {},
      about({
        code: "table-empty",
        message: '"t.csv" has no rows after its header.',
        hint: "Write at least one row of values.",
      }),
    ],
    [
      "a header of numbers alone",
      "1,2\n",
      { header: true },
      about({
        code: "table-empty",
        message: '"t.csv" has no rows after its header.',
        hint: 'Set "header": false to read the first row as values.',
      }),
    ],
    [
      "comments alone",
      "# a,b\n# 1,2\n",
      {},
      about({ code: "table-empty", message: '"t.csv" has no rows.', hint: "Write at least one row of values." }),
    ],
    [
      "a quote that is never closed",
      'a,b\n1,2\n3,"4\n5,6\n',
      {},
      about({
        code: "table-format",
        line: 3,
        message: "t.csv:3: A quote opened on this line or later is never closed.",
        hint: 'Write a quote inside a quoted field twice: "".',
      }),
    ],
    [
      "a quote inside a field",
      'a,b\n1,2\n3,4"5"\n',
      {},
      about({
        code: "table-format",
        line: 3,
        message: "t.csv:3: A field contains a quote but does not begin with one.",
        hint: 'Write a quote inside a quoted field twice: "".',
      }),
    ],
    [
      "text after a quoted field",
      'a,b\n1,"2"x\n',
      {},
      about({
        code: "table-format",
        line: 2,
        message: "t.csv:2: A field has text after its closing quote.",
        hint: 'Write a quote inside a quoted field twice: "".',
      }),
    ],
    [
      "a row beyond the limit",
      `a,b\n1,"${"2".repeat(2 ** 21)}`,
      {},
      about({
        code: "table-format",
        line: 2,
        message: "t.csv:2: The row has more than 1,048,576 characters.",
        hint: "Close its quotes, or split the row.",
      }),
    ],
    [
      "another encoding",
      Uint8Array.of(97, 10, 233, 10),
      {},
      about({ code: "text-encoding", line: 2, message: "t.csv:2: The line is not UTF-8.", hint: "Save it as UTF-8." }),
    ],
    [
      "a column that is not there",
      "a,b\n1,2\n3,4\n",
      { target: ["Close"] },
      {
        code: "column-missing",
        path: "/data/target/0",
        message: '"t.csv" has no column "Close".',
        hint: "2 columns: a, b.",
      },
    ],
    [
      "a number of a column that is not there",
      "a,b\n1,2\n3,4\n",
      { columns: ["a", 3] },
      {
        code: "column-missing",
        path: "/data/columns/1",
        message: '"t.csv" has no column 3.',
        hint: "2 columns: a, b.",
      },
    ],
    [
      "two columns of one name",
      "a,a\n1,2\n3,4\n",
      { columns: ["a"] },
      {
        code: "table-column",
        path: "/data/columns/0",
        message: '"t.csv" has more than one column "a".',
        hint: "Name the column by its number: 1 or 2.",
      },
    ],
    [
      "no numbers at all",
      "a,b\nx,y\n",
      {},
      about({
        code: "table-column",
        message: '"t.csv" has no numeric column.',
        hint: 'Check data.delimiter and data.header, or give columns kinds: "columns": { "a": "category" }.',
      }),
    ],
    [
      "fewer rows than one window",
      counting,
      { window: 9 },
      {
        code: "table-too-short",
        path: "/data/window",
        message: '"t.csv" has 8 rows, but a window of 9 and a target 1 row later need 10.',
        hint: "Use a window of at most 7, or a longer table.",
      },
    ],
  ])("%s", async (_, csv, data, problem) => {
    expect(await problems(csv, { window: 1, ...data })).toEqual([problem]);
  });

  test.each<[string, string, Partial<NormalTableData>, object]>([
    [
      "a column that the spec lists twice",
      "a,b,y\n1,2,3\n4,5,6\n",
      { columns: ["a", "a", "b"] },
      { path: "/data/columns/1", message: 'data.columns has column "a" twice.', hint: "Remove one of them." },
    ],
    [
      "the same column by its name and its number",
      "a,b,y\n1,2,3\n4,5,6\n",
      { columns: ["b"], target: ["y", 3] },
      { path: "/data/target/1", message: "data.target has column 3 twice.", hint: "Remove one of them." },
    ],
  ])("%s", async (_, csv, data, problem) => {
    expect(await problems(csv, { window: 1, ...data })).toEqual([{ code: "table-column", ...problem }]);
  });

  test("a missing file", async () => {
    const spec = specOf({ model: lastModel, loss: squaredError, data: { ...tableData, file: "none.csv" } });
    expect(await openData(spec, temporaryFolder())).toEqual({
      ok: false,
      error: [
        {
          code: "file-missing",
          path: "/data/file",
          file: "none.csv",
          message: '"none.csv" does not exist.',
          hint: "Relative paths start from the spec's folder.",
        },
      ],
    });
  });

  test("a loss for classes needs one target column that is not an input", async () => {
    const targets = async (data: Partial<NormalTableData>) => problems("x,y\n1,2\n3,4\n", data, { loss: crossEntropy });
    expect(await targets({ window: 1 })).toEqual([
      {
        code: "table-target",
        path: "/data",
        message: "The loss predicts classes and needs one target column, but the table has 2 target columns.",
        hint: "Name one column of classes in data.target, or use a loss for numbers, such as squared_error.",
      },
    ]);
    expect(await targets({ window: 1, columns: ["x", "y"], target: ["y"] })).toEqual([
      {
        code: "table-target",
        path: "/data/columns",
        message: 'Column "y" contains the classes and cannot be an input.',
        hint: "Remove it from data.columns.",
      },
    ]);
  });

  test("a problem of many lines is reported once, with the first lines and their number", async () => {
    const rows = Array.from({ length: 100 }, (_, row) => `x${row},${row === 50 ? "y" : row}`);
    const found = await problems(`a,b\n1,1\n${rows.join("\n")}\n1\n2\n`, { window: 1 });
    expect(found.map(({ line, column, message }) => [line, column, message])).toEqual([
      [3, 1, 't.csv:3: Column "a" has "x0", which is not a number. The same on 99 more lines: 4, 5, 6, ….'],
      [53, 2, 't.csv:53: Column "b" has "y", which is not a number.'],
      [103, undefined, "t.csv:103: The row has 1 field, but the table has 2 fields. The same on 1 more line: 104."],
    ]);
  });

  test("truncated and changed files do not throw", async () => {
    const csv = Buffer.from('# a,b\r\n1,"2"\n"3",4\n5,6.5e1\n');
    for (let size = 0; size < csv.length; size++) await opened(csv.subarray(0, size), { window: 1 });
    for (let index = 0; index < csv.length; index++) {
      for (const byte of [0, 10, 34, 44, 200]) {
        const changed = Buffer.from(csv);
        changed[index] = byte;
        await opened(changed, { window: 1 });
      }
    }
  });
});
