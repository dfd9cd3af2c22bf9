/** Columns of a table by kind: values, ids fitted on the training split, and mistakes with their way out. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import { idNamesFor } from "../../../../runtime/data/metadata.js";
import { readSpec } from "../../../../schema/read.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

const csv = `day;shop;price;promo;sold;note
01.01.2024;north;1.000,5 €;ja;10,5;a
02.01.2024;south;2.000 €;nein;11;b
03.02.2024;north;3.000 €;nein;12;c
04.02.2024;;4.000 €;ja;13;d
05.03.2024;west;5.000 €;ja;14;e
`;

const data = {
  type: "table",
  file: "t.csv",
  delimiter: ";",
  decimal: ",",
  thousands: ".",
  columns: {
    price: { type: "number", unit: "€" },
    shop: "category",
    day: { type: "date", format: "%d.%m.%Y", features: ["weekday", "month"] },
    promo: { type: "boolean", true: ["ja"], false: ["nein"] },
  },
  target: ["sold"],
  window: 1,
  horizon: 0,
  scale: "min_max",
  split: { test: 0.2 },
};

async function specOf(
  parts: object,
  model: readonly object[] = [
    { layer: "pool", mode: "last" },
    { layer: "dense", size: 1 },
  ],
) {
  const spec = {
    name: "kinds",
    data: { ...data, ...parts },
    model,
    loss: { type: "squared_error" },
    optimizer: { type: "adam" },
    train: { steps: 1 },
  };
  const folder = temporaryFolder();
  const read = await readSpec(JSON.stringify(spec), { file: "spec.json", folder });
  return { folder, read };
}

async function open(parts: object = {}, text = csv) {
  const { folder, read } = await specOf(parts);
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  writeFileSync(join(folder, "t.csv"), text);
  return openData(read.spec, folder);
}

async function source(...request: Parameters<typeof open>) {
  const opened = await open(...request);
  if (!opened.ok) throw new Error(opened.error.map(({ message }) => message).join("\n"));
  return opened.value;
}

async function problems(parts: object, text?: string) {
  const opened = await open(parts, text);
  return opened.ok ? [] : opened.error.map(({ line, column, message, hint }) => ({ line, column, message, hint }));
}

describe("values", () => {
  test("numbers and booleans are features, categories and calendar features are ids", async () => {
    const { batch, signature, metadata, notices } = await source();
    const arrays = batch([0, 1, 2, 3, 4]);
    // The scaler and the categories are those of the first four rows.
    const price = [1000.5, 2000, 3000, 4000, 5000].map((value) => Math.fround((value - 1000.5) / 2999.5));
    const promo = [1, 0, 0, 1, 1];
    expect(arrays.get("inputs")).toMatchObject({ shape: [5, 1, 2] });
    expect([...(arrays.get("inputs")?.data ?? [])]).toEqual(price.flatMap((value, row) => [value, promo[row] ?? 0]));
    expect(arrays.get("shop")).toEqual({ dtype: "int32", shape: [5, 1], data: Int32Array.of(0, 1, 0, 2, 3) });
    // 2024-01-01 is a Monday.
    expect([...(arrays.get("day.weekday")?.data ?? [])]).toEqual([0, 1, 5, 6, 1]);
    expect([...(arrays.get("day.month")?.data ?? [])]).toEqual([0, 0, 1, 1, 2]);
    const { inputs, side_inputs, sizes } = signature({ batch_size: 1 } as never);
    expect(inputs.shape).toEqual(["batch", "time", 2]);
    expect(Object.keys(side_inputs ?? {})).toEqual(["shop", "day.weekday", "day.month"]);
    expect(sizes).toMatchObject({
      features: 2,
      "vocabulary/shop": 4,
      "vocabulary/day.weekday": 7,
      "vocabulary/day.month": 12,
    });
    expect(metadata).toMatchObject({
      columns: ["price", "promo"],
      ids: {
        shop: { column: "shop", categories: ["north", "south"] },
        "day.month": { column: "day", feature: "month" },
      },
    });
    expect(Object.keys((metadata as { scaler: object }).scaler)).toEqual(["price", "sold"]);
    expect(idNamesFor("shop", metadata)?.names).toEqual(["north", "south", "<missing>", "<unknown>"]);
    expect(notices?.join("\n")).toContain("Left out, since data.columns has no kind for them: note.");
    expect(notices?.join("\n")).toContain('Column "shop" has values that the training split lacks: "west".');
  });

  test("columns that define series, their time or folds are not left out", async () => {
    const text = `shop;day;price;note;sold\n${Array.from({ length: 12 }, (_, row) => `s${Math.floor(row / 6)};2024-01-0${1 + (row % 6)};${row};n;${row}\n`).join("")}`;
    const columns = { price: "number" };
    const series = await source({ columns, group: ["shop"], time: "day" }, text);
    expect(series.notices?.join("\n")).toContain("Left out, since data.columns has no kind for them: note.");
    const split = { test: 0.5, group: "shop" };
    const rows = await source({ columns: { ...columns, day: "date", note: "category" }, window: null, split }, text);
    expect(rows.notices?.join("\n")).not.toContain("Left out");
  });

  test("rare categories share the id of unknown values", async () => {
    const { batch } = await source({
      columns: { price: data.columns.price, shop: { type: "category", min_count: 2 } },
    });
    expect([...(batch([0, 1, 2, 3, 4]).get("shop")?.data ?? [])]).toEqual([0, 2, 0, 1, 2]);
  });

  test("a table of categories alone has ids as its main input", async () => {
    const { batch, signature } = await source({ columns: { shop: "category", promo: "category" } });
    expect(batch([0, 1]).get("inputs")).toMatchObject({ dtype: "int32", data: Int32Array.of(0, 1) });
    expect(batch([0, 1]).get("promo")).toMatchObject({ data: Int32Array.of(0, 1) });
    expect(signature({ batch_size: 1 } as never)).toMatchObject({ main_input: "shop", inputs: { dtype: "int32" } });
  });

  test("columns of a file without names are known by their numbers", async () => {
    const rows = "1,x,5\n2,y,6\n3,x,7\n";
    const parts = { delimiter: null, decimal: ".", thousands: null, header: false, split: {} };
    const { batch, metadata } = await source({ ...parts, columns: { 1: "number", 2: "category" }, target: [3] }, rows);
    expect(metadata).toMatchObject({ columns: ["1"], target: ["3"] });
    expect([...(batch([0, 1, 2]).get("column_2")?.data ?? [])]).toEqual([0, 1, 0]);
  });

  test("ids of a run's categories, and other values once", async () => {
    const { folder, read } = await specOf({});
    if (!read.ok) throw new Error("no spec");
    writeFileSync(join(folder, "t.csv"), csv.replace("south", "east"));
    const fitted = (await source()).metadata;
    const opened = await openData(read.spec, folder, fitted);
    if (!opened.ok) throw new Error("no data");
    expect([...(opened.value.batch([0, 1, 2, 3, 4]).get("shop")?.data ?? [])]).toEqual([0, 3, 0, 2, 3]);
    expect(opened.value.notices?.join("\n")).toContain(
      'Column "shop" has values that the training split lacks: "east", "west".',
    );
  });
});

describe("the model's inputs", () => {
  test("encoders come before the layers, which read them as inputs", async () => {
    const { read } = await specOf({ columns: { ...data.columns, shop: { type: "category", encode: "one_hot" } } });
    if (!read.ok) throw new Error("no spec");
    expect(read.spec.model.map(({ name, layer, from }) => [name, layer, ...from])).toEqual([
      ["columns/shop", "one_hot", "shop"],
      ["columns/day.weekday", "cycle", "day.weekday"],
      ["columns/day.month", "cycle", "day.month"],
      ["columns/concat", "concat", "inputs", "columns/shop", "columns/day.weekday", "columns/day.month"],
      ["pool", "pool", "columns/concat"],
      ["dense", "dense", "pool"],
    ]);
  });

  test("ids without an encoding are inputs that layers read by name, and are not among the features", async () => {
    const columns = {
      ...data.columns,
      shop: { type: "category", encode: "none" },
      day: { ...data.columns.day, encode: "none" },
    };
    const model = [
      { name: "shops", layer: "embedding", from: "shop", size: 2 },
      { name: "weekdays", layer: "one_hot", from: "day.weekday" },
      { layer: "concat", from: ["inputs", "shops", "weekdays"] },
      { layer: "pool" },
      { layer: "dense", size: 1 },
    ];
    const { read } = await specOf({ columns }, model);
    if (!read.ok) throw new Error("no spec");
    expect(read.spec.model.map(({ name, layer, from }) => [name, layer, ...from])).toEqual([
      ["shops", "embedding", "shop"],
      ["weekdays", "one_hot", "day.weekday"],
      ["concat", "concat", "inputs", "shops", "weekdays"],
      ["pool", "pool", "concat"],
      ["dense", "dense", "pool"],
    ]);
    const { batch } = await source({ columns });
    expect(batch([0]).get("inputs")?.shape).toEqual([1, 1, 2]);
    expect(batch([0, 1]).get("day.weekday")?.dtype).toBe("int32");
  });

  test("a normal spec is a spec with the same model", async () => {
    const { read, folder } = await specOf({});
    if (!read.ok) throw new Error("no spec");
    const again = await readSpec(JSON.stringify(read.spec), { file: "spec.json", folder });
    expect(again.ok && again.spec).toEqual(read.spec);
  });

  test("same-row targets among the kinds are no inputs", async () => {
    const { batch } = await source({ columns: { price: data.columns.price, sold: "number" } });
    expect(batch([0]).get("inputs")?.shape).toEqual([1, 1, 1]);
  });

  test("names of columns become names of inputs", async () => {
    const { read } = await specOf({
      columns: { "Größe (m)": "category", weights: "category", "2": "category", a: "number" },
    });
    if (!read.ok) throw new Error("no spec");
    const inputs = read.spec.model.filter(({ layer }) => layer === "embedding").map(({ from }) => from[0]);
    expect(inputs.sort()).toEqual(["Gr__e__m_", "column_2", "weights_column"]);
  });
});

describe("mistakes of a spec", () => {
  const diagnostics = async (columns: object, parts: object = {}) => {
    const { read } = await specOf({ columns, ...parts });
    return read.ok ? [] : read.diagnostics.map(({ path, message, hint }) => [path, message, hint]);
  };

  test.each([
    [
      { a: "numbr" },
      "/data/columns/a",
      '"a" must be "number", "category", "boolean", "date", "text" or an object with a type, but is "numbr".',
    ],
    [{ a: { type: "texts" } }, "/data/columns/a/type", '"type" of "a" cannot be "texts".'],
    [
      { a: { type: "number", decmal: "," } },
      "/data/columns/a/decmal",
      'Unknown key "decmal" in the column of numbers.',
    ],
    [
      { a: { type: "number", decimal: ",", thousands: "," } },
      "/data/columns/a/thousands",
      '"," is the decimal mark and the separator of thousands.',
    ],
    [
      { a: { type: "date", format: "%d.%Q" } },
      "/data/columns/a/format",
      'The format "%d.%Q" has %Q, which is no directive.',
    ],
    [
      { a: { type: "date", format: "%d.%m.%y %Y" } },
      "/data/columns/a/format",
      'The format "%d.%m.%y %Y" has the year twice.',
    ],
    [
      { a: { type: "date", format: "%I:%M", features: ["minute"] } },
      "/data/columns/a/format",
      'The format "%I:%M" has one of %I and %p.',
    ],
    [
      { a: { type: "date", format: "%H:%M", features: ["month"] } },
      "/data/columns/a/features",
      'A date of the format "%H:%M" has no month.',
    ],
    [{ a: { type: "boolean", true: ["j"], false: ["J"] } }, "/data/columns/a/false", '"J" is true and false.'],
  ])("%o", async (columns, path, message) => {
    expect((await diagnostics(columns)).map(([place, text]) => [place, text])).toEqual([[path, message]]);
  });

  test("marks of the table", async () => {
    expect((await diagnostics(data.columns, { thousands: "," }))[0]?.[1]).toBe(
      '"," is the decimal mark and the separator of thousands.',
    );
  });
});

describe("mistakes of a file have their line, column and way out", () => {
  test.each([
    ["1.000,5 €", "1.000,5", 'has "1.000,5", without the unit €.', "Write the unit in every row, or in none."],
    [
      "2.000 €",
      "2,000.5 €",
      'has "2,000.5 €", which is not a number.',
      'The column has the decimal mark "," and "." between groups of three digits: write all of its numbers so.',
    ],
    [
      "02.01.2024",
      "2024-01-02",
      'has "2024-01-02", which is no date of the format "%d.%m.%Y".',
      "Correct the file, or the format of the column.",
    ],
    [
      "02.01.2024",
      "31.02.2024",
      'has "31.02.2024", which is no date of the format "%d.%m.%Y".',
      "Correct the file, or the format of the column.",
    ],
    [
      "nein;11",
      "vielleicht;11",
      'has "vielleicht", which is neither true nor false.',
      'Add it to the lists "true" or "false" of the column, or correct the file.',
    ],
  ])("%s as %s", async (from, to, what, hint) => {
    const [only, ...others] = await problems({}, csv.replace(from, to));
    expect(others).toEqual([]);
    expect(only?.message.endsWith(what)).toBe(true);
    expect(only).toMatchObject({ line: from === "1.000,5 €" ? 2 : 3, hint });
    expect(only?.column).toBeGreaterThan(0);
  });

  test("dates that are not ISO 8601 have their format as hint", async () => {
    const [first] = await problems({ columns: { day: "date" } });
    expect(first).toMatchObject({
      line: 2,
      column: 1,
      message:
        't.csv:2: Column "day" has "01.01.2024", which is no date as in ISO 8601. The same on 4 more lines: 3, 4, 5, ….',
      hint: 'Set "format" of the column to "%d.%m.%Y".',
    });
  });

  test("a column that the file lacks, and names that it has twice", async () => {
    expect(await problems({ columns: { prise: "number" } })).toMatchObject([
      { message: '"t.csv" has no column "prise".', hint: expect.stringContaining('Did you mean "price"?') },
    ]);
    const twice = csv.replace("note", "price");
    expect(await problems({ columns: data.columns }, twice)).toMatchObject([
      { message: '"t.csv" has more than one column "price".', hint: "Name the column by its number: 3 or 6." },
    ]);
  });

  test("a number target of another kind", async () => {
    const parts = { columns: { price: data.columns.price, shop: "category" }, target: ["shop"] };
    expect(await problems(parts)).toMatchObject([
      { message: 'Column "shop" of "t.csv" has the kind category, but squared_error needs numbers as targets.' },
    ]);
  });
});

describe("missing values", () => {
  const rows = "a,b,y\n1,true,1\n,false,2\n5,,3\n9,true,\n7,true,5\n";
  const kinds = (a: object, b: object = {}) => ({
    delimiter: null,
    decimal: ".",
    thousands: null,
    columns: { a: { type: "number", ...a }, b: { type: "boolean", missing: "zero", ...b } },
    target: ["y"],
    window: null,
    scale: "none",
    split: { order: "time", test: 0.25 },
  });

  test("the mean is that of the training split; an indicator is a feature of its own; rows without a target are left out", async () => {
    const { batch, examples, metadata, notices } = await source(kinds({ missing: "mean", indicator: true }), rows);
    expect(examples).toBe(4);
    // The training split has the first three rows: the mean of 1 and 5 is 3.
    expect([...(batch([0, 1, 2, 3]).get("inputs")?.data ?? [])]).toEqual([1, 1, 0, 3, 0, 1, 5, 0, 0, 7, 1, 0]);
    expect(metadata).toMatchObject({ columns: ["a", "b", "a (missing)"], fill: { a: 3, b: 0 } });
    expect(notices?.join("\n")).toContain('1 row of "t.csv" has no target, and is left out.');
    expect(notices?.join("\n")).toContain('1 row without a value of column "a" is read as 3.');
  });

  test("scalers read present values alone, and the mean is 0 in standard units", async () => {
    const { batch } = await source({ ...kinds({ missing: "mean" }), scale: "standard" }, rows);
    expect([...(batch([0, 1, 2]).get("inputs")?.data ?? [])]).toEqual([-1, 1, 0, 0, 1, 0]);
  });

  test("a run's values are read in other data", async () => {
    const parts = kinds({ missing: "mean" });
    const { folder, read } = await specOf(parts, [{ layer: "dense", size: 1 }]);
    if (!read.ok) throw new Error("no spec");
    writeFileSync(join(folder, "t.csv"), rows.replace("1,true,1", "100,true,1"));
    const opened = await openData(read.spec, folder, (await source(parts, rows)).metadata);
    expect(opened.ok && opened.value.batch([1]).get("inputs")?.data).toEqual(Float32Array.of(3, 0));
  });

  test("without a treatment the hint names them; a target of a series is not made up", async () => {
    expect(await problems(kinds({}), rows)).toMatchObject([
      { line: 3, hint: 'Set data.missing to "mean" (of the training split), "zero" or "drop" (skip such rows).' },
    ]);
    const series = { ...kinds({ missing: "mean" }), window: 1, horizon: 1 };
    expect(await problems(series, rows)).toMatchObject([{ line: 5, message: 't.csv:5: Column "y" has no value.' }]);
  });

  test("an indicator needs a value to read", async () => {
    const { read } = await specOf(kinds({ indicator: true }));
    expect(read.ok ? [] : read.diagnostics.map(({ path, hint }) => [path, hint])).toEqual([
      ["/data/columns/a/indicator", 'Write "missing": "mean" or "zero".'],
    ]);
  });
});
