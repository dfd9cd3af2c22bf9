/** What `init --data` finds in tables of people: odd values, codes, identifiers, missing dates, several files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { composeSpec } from "../../../cli/commands/init/data/compose-spec.js";
import { taskText } from "../../../cli/commands/init/data/facts-text.js";
import { readFileFacts } from "../../../cli/commands/init/data/file-facts.js";
import { pathColumn, proposeSoundList } from "../../../cli/commands/init/data/sound-list.js";
import { proposeSounds } from "../../../cli/commands/init/data/sounds.js";
import { taskOf } from "../../../cli/commands/init/data/task.js";
import { sharedFolder, temporaryFolder } from "../../support/temporary-folder.js";
import { tone, wavFile } from "../../support/wav.js";

const plain = new Proxy({}, { get: () => (text: string) => text }) as Parameters<typeof taskText>[0];

/** The spec for a table and its sentences, or the fault. */
async function init(
  columns: Readonly<Record<string, readonly unknown[]>>,
  target: string | null,
  format: "csv" | "jsonl" = "csv",
) {
  const names = Object.keys(columns);
  const count = Object.values(columns)[0]?.length ?? 0;
  const rows = Array.from({ length: count }, (_, row) => names.map((name) => columns[name]?.[row]));
  const text =
    format === "csv"
      ? [names, ...rows].map((fields) => fields.map((field) => `${field ?? ""}`).join(",")).join("\n")
      : rows
          .map((fields) => JSON.stringify(Object.fromEntries(fields.map((field, index) => [names[index], field]))))
          .join("\n");
  const folder = temporaryFolder();
  writeFileSync(join(folder, `t.${format}`), `${text}\n`);
  const facts = await readFileFacts({ file: `t.${format}`, folder });
  if (!facts.ok || facts.value === null) throw new Error(JSON.stringify(facts));
  const chosen = taskOf(facts.value, target);
  if ("fault" in chosen)
    return { fault: `${chosen.fault.message}. ${chosen.fault.hint}`, columns: undefined, text: "" };
  const { data } = composeSpec(chosen.task, facts.value, "t.csv");
  return { fault: undefined, data, columns: data.columns, text: taskText(plain, chosen.task, facts.value) };
}

/** Numbers without an order. */
const numbers = Array.from({ length: 20 }, (_, row) => ((row * 7919) % 101) + 0.5);
const months = numbers.map(
  (_, index) => `${2020 + Math.floor(index / 12)}-${`${1 + (index % 12)}`.padStart(2, "0")}-01`,
);

test("a first line with numbers as names of columns is stated with the way out", async () => {
  const values = { "5.1": numbers, "-3.5": numbers.map((value) => value / 2), y: numbers.toReversed() };
  const { text } = await init(values, "y");
  expect(text).toContain(
    'The first line is read as names of columns, but it has numbers: "5.1", "-3.5". If it has values, set data.header to false and data.columns to numbers.',
  );
  expect((await init({ a: numbers, y: numbers.toReversed() }, "y")).text).not.toContain("first line");
});

describe("a column of numbers with one other value", () => {
  const odd = numbers.map((value, row) => (row === 11 ? "3O.5" : value));

  test("is not read, and its line is stated", async () => {
    const { columns, text } = await init({ a: numbers, b: odd, y: numbers.toReversed() }, "y");
    expect(columns).toEqual(["a"]);
    expect(text).toContain("b is not read: 3O.5 on line 13 is no number, but 19 of its values are.");
  });

  test("is no target", async () => {
    const { fault } = await init({ a: numbers, y: odd }, "y");
    expect(fault).toBe(
      'the column "y" has numbers, but "3O.5" on line 13 is none. Correct the value, or leave the field empty.',
    );
  });

  test("a column of many texts is none", async () => {
    const { columns } = await init(
      { a: numbers.map((value, row) => (row % 2 ? "low" : value)), b: numbers, y: numbers.toReversed() },
      "y",
    );
    expect(columns).toEqual(["b"]);
  });
});

test("digits with leading zeros are codes, and no numbers", async () => {
  const zip = numbers.map((_, row) => ["01067", "80331", "20095"][row % 3]);
  const { columns } = await init({ zip, a: numbers, y: numbers.toReversed() }, "y");
  expect(columns).toEqual({ zip: "category", a: "number" });
});

test("numbers of a column named id, each once, are not read", async () => {
  const ids = numbers.map((_, row) => 1000 + ((row * 37) % 91));
  for (const name of ["id", "customer_id", "PassengerId"]) {
    const { columns, text } = await init({ [name]: ids, a: numbers, y: numbers.toReversed() }, "y");
    expect(columns).toEqual(["a"]);
    expect(text).toContain(`${name} is not read: its numbers, each once, name the rows.`);
  }
  expect((await init({ paid: ids, a: numbers, y: numbers.toReversed() }, "y")).columns).toEqual(["paid", "a"]);
});

describe("missing values", () => {
  const days = numbers.map((_, row) => (row === 4 ? "" : `2024-03-${`${((row * 7) % 20) + 1}`.padStart(2, "0")}`));

  test("a date that is missing in some rows is not read by a model of single rows", async () => {
    const { columns, text } = await init({ day: days, a: numbers, y: numbers.toReversed() }, "y");
    expect(columns).toEqual(["a"]);
    expect(text).toContain("day is not read: 1 row has no date (line 6).");
  });

  test("a series without a first value drops rows, since that has no previous one", async () => {
    const series = numbers.map((_, row) => (row === 0 ? "" : row * 2));
    const { data } = await init({ a: series, y: numbers.map((_, row) => Math.round(50 * Math.sin(row / 4))) }, "y");
    expect(data?.missing).toBe("drop");
  });
});

test("few rows, and rows in the order of the target, are independent", async () => {
  const wave = Array.from({ length: 30 }, (_, row) => Math.round(50 * Math.sin(row / 4)));
  const others = wave.map((_, row) => numbers[row % 20]);
  expect((await init({ a: others, y: wave }, "y")).data).toMatchObject({ window: 3 });
  const few = await init({ a: others.slice(0, 19), y: wave.slice(0, 19) }, "y");
  expect(few.data).not.toHaveProperty("window");
  expect(few.text).toContain("and there are fewer than 20 rows.");
  const sorted = await init({ a: others, y: wave.toSorted((a, b) => b - a) }, "y");
  expect(sorted.data).not.toHaveProperty("window");
  expect(sorted.text).toContain("and the rows are sorted by y.");
});

describe("a list of sound files", () => {
  const folder = sharedFolder();
  const propose = async (target: string | null) => {
    mkdirSync(join(folder, "sounds"), { recursive: true });
    for (const name of ["a", "b"]) writeFileSync(join(folder, "sounds", `${name}.wav`), wavFile(tone(280, 400)));
    const list = join(folder, "list.csv");
    writeFileSync(list, "file,who,kind\nsounds/a.wav,x,low\nsounds/b.wav,y,high\n");
    const facts = await readFileFacts({ file: list, folder });
    if (!facts.ok || facts.value === null) throw new Error(JSON.stringify(facts));
    const path = pathColumn(facts.value);
    if (path === undefined) throw new Error("The list has no column of sounds.");
    return proposeSoundList(list, "list.csv", facts.value, path, target);
  };

  test("is a classifier of its sounds by a column", async () => {
    const proposal = await propose("kind");
    if (!proposal.ok) throw new Error(JSON.stringify(proposal.error));
    const { data, model } = proposal.value.composed;
    expect(data).toMatchObject({ type: "audio", file: "list.csv", columns: { path: "file", label: "kind" } });
    expect(model[0]).toMatchObject({ layer: "log_mel" });
    expect(proposal.value.text).toContain(
      "reads the sounds of file, predicts kind.\nClasses: low (1), high (1). It reads changes within a sound: ",
    );
  });

  test("needs the column of its labels", async () => {
    const hint = 'Name one with --target: "who" and "kind".';
    for (const target of [null, "file", "other"]) expect(await propose(target)).toMatchObject({ error: [{ hint }] });
  });
});

test.each([
  ["1.0", "0.0"],
  ["-1", "1"],
])("labels %s and %s of texts are classes", async (one, other) => {
  const rows = Array.from({ length: 20 }, (_, row) => row);
  const text = rows.map((row) => `a ${row % 2 ? "good" : "bad"} film of number ${row}`);
  const found = await init({ text, label: rows.map((row) => (row % 2 ? one : other)) }, "label");
  expect(found.text).toContain("A classifier: reads text");
  expect((await init({ text, label: rows.map((row) => (row % 4) - 1.5) }, "label")).text).toContain(
    "A model of a number",
  );
});

test("one mark in place of missing numbers is an odd value, however frequent", async () => {
  const marked = numbers.map((value, row) => (row % 3 === 1 ? "-" : value));
  expect((await init({ a: numbers, y: marked }, "y")).fault).toBe(
    'the column "y" has numbers, but "-" on line 3 is none (as 6 more). Correct the value, or leave the field empty.',
  );
});

test("a last row of totals and dates as names of columns are stated", async () => {
  const shops = [...numbers.map((_, row) => `s${row % 4}`), "Total"];
  const sales = [...numbers, 999];
  expect((await init({ shop: shops, size: sales.toReversed(), sales }, "sales")).text).toContain(
    "The last row (line 22) begins with Total, and is read as the others. If it has their sums, remove it.",
  );
  const wide = { "2024-01-01": numbers, "2024-01-02": numbers.toReversed(), "2024-01-03": numbers };
  expect((await init(wide, "2024-01-03")).text).toContain(
    "The names of 3 columns are dates, from 2024-01-01 to 2024-01-03: each row is a series.",
  );
});

test.each([
  [[...months, "Total"], [...numbers, 999], 'line 22 begins with "Total"', 22],
  [["-", ...months], ["°C", ...numbers], '"-" in "month" on line 2 is no date', 2],
  [[...months, "end of data"], [...numbers, 1], '"end of data" in "month" on line 22 is no date', 22],
])("without a target, a line of totals or units is named: %j", async (month, heat, evidence, line) => {
  expect((await init({ month, heat }, null)).fault).toBe(
    `no column to predict is named, and ${evidence}. Remove line ${line} if it has totals or units, or correct it; ` +
      "or add --target with one of month and heat.",
  );
});

test("names of columns below a title are found", async () => {
  expect((await init({ "Report 2024": ["date", ...numbers], "2": ["sales", ...numbers] }, "sales")).fault).toContain(
    "A line below the first one has it: remove the lines above the names of the columns.",
  );
});

test("negative numbers of accounts are refused with their way out", async () => {
  const amounts = numbers.map((value, row) => (row % 3 === 0 ? `(${value})` : value));
  expect((await init({ a: numbers, y: amounts }, "y")).fault).toBe(
    'the column "y" has numbers with parentheses for a minus sign, such as (0.5). Write -0.5.',
  );
});

test("a folder of sounds of one label is refused as such", () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "dog"), { recursive: true });
  for (const name of ["a", "b", "c"]) writeFileSync(join(folder, "dog", `${name}.wav`), wavFile(tone(280, 400)));
  expect(proposeSounds(folder, "sounds", null)).toMatchObject({
    error: [{ message: 'All sounds have the label "dog".', hint: "A classifier needs sounds of two classes." }],
  });
});

test("groups of thousands between commas are read, and the other reading has its way out", async () => {
  const prices = numbers.map((value) => `"${100 + Math.floor(value)},000"`);
  const { data, text } = await init({ area: numbers.map(Math.floor), price: prices }, "price");
  expect(data).toMatchObject({ thousands: ",", target: ["price"] });
  expect(text).toContain("price: 100,000 is read as 100000, not as 100, since commas separate the fields. Is it 100?");
});
