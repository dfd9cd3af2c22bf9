/** What `init --data` finds in the dates of one series: their format, and rows that break their order. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { composeSpec } from "../../../cli/commands/init/data/compose-spec.js";
import { taskText } from "../../../cli/commands/init/data/facts-text.js";
import { readFileFacts } from "../../../cli/commands/init/data/file-facts.js";
import { taskOf } from "../../../cli/commands/init/data/task.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const plain = new Proxy({}, { get: () => (text: string) => text }) as Parameters<typeof taskText>[0];
const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const two = (number: number) => `${number}`.padStart(2, "0");
const iso = (row: number) => dateOf(row).toISOString().slice(0, 10);
const dateOf = (row: number) => new Date(Date.UTC(2024, 0, 1 + row));

/** The task of a table, the data of its spec and its sentences, or the fault. */
async function init(
  rows: readonly string[],
  header = "when,y",
  target: string | null = header.split(",").at(-1) ?? "",
) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), `${[header, ...rows].join("\n")}\n`);
  const facts = await readFileFacts({ file: "t.csv", folder });
  if (!facts.ok || facts.value === null) throw new Error(JSON.stringify(facts));
  const chosen = taskOf(facts.value, target);
  if ("fault" in chosen) return { fault: `${chosen.fault.message}. ${chosen.fault.hint}` };
  const { data } = composeSpec(chosen.task, facts.value, "t.csv");
  return { type: chosen.task.type, data, text: taskText(plain, chosen.task, facts.value) };
}

const series = (date: (row: number) => string) => Array.from({ length: 60 }, (_, row) => `${date(row)},${row % 7}.5`);

test.each<readonly [string, (row: number) => string]>([
  ["%b %Y", (row) => `${months[row % 12]} ${2010 + Math.floor(row / 12)}`],
  ["%b-%y", (row) => `${months[row % 12]}-${10 + Math.floor(row / 12)}`],
  ["%m/%Y", (row) => `${two(1 + (row % 12))}/${2010 + Math.floor(row / 12)}`],
  ["%d-%b-%Y", (row) => `${two(dateOf(row).getUTCDate())}-${months[dateOf(row).getUTCMonth()]}-2024`],
  ["%Y%m%d", (row) => iso(row).replaceAll("-", "")],
  ["%Y%m", (row) => `${2010 + Math.floor(row / 12)}${two(1 + (row % 12))}`],
  ["%m/%d/%y", (row) => `${two(dateOf(row).getUTCMonth() + 1)}/${two(dateOf(row).getUTCDate())}/24`],
])("dates %s are those of a series", async (format, date) => {
  const { type, data, text } = await init(series(date));
  expect({ type, time: data?.time }).toEqual({ type: "forecast", time: { column: "when", format } });
  expect(text).toContain(`in the order of the dates of when, ${format}.`);
});

test("integers that are no dates stay numbers", async () => {
  const { data } = await init(
    series((row) => `${202001 + ((row * 17) % 60)}`),
    "count,y",
  );
  expect(data?.time).toBeUndefined();
  expect(data?.columns).toContain("count");
});

test("a column of row numbers without a name is not read", async () => {
  for (const target of [null, "y"]) {
    const rows = Array.from({ length: 60 }, (_, row) => `${row},${iso(row)},${row % 7}.5`);
    const { data, text } = await init(rows, ",when,y", target);
    expect(data).toMatchObject({ columns: ["y"], target: ["y"], time: "when" });
    expect(text).toContain("Column 1 is not read: it has no name, and its numbers, each once, name the rows.");
    expect(text).toContain("in the order of the dates of when.");
  }
});

test("dates of two formats are refused with both", async () => {
  const { fault } = await init(series((row) => `${two(1 + ((row * 5) % 12))}/${two(1 + ((row * 7) % 12))}/24`));
  expect(fault).toContain('the column "when" has dates of several formats: "01/01/24" is "%m/%d/%y" or "%d/%m/%y"');
});

test("a line without a date, and one with a date that does not exist, are refused", async () => {
  expect((await init([...series(iso), "Total,6000"])).fault).toBe(
    'the column "when" has dates, but "Total" on line 62 is none. Write a date, or remove the line.',
  );
  expect((await init(series((row) => (row === 59 ? "2024-02-30" : iso(row))))).fault).toBe(
    'the column "when" has dates, but "2024-02-30" on line 61 is a date that does not exist. Correct the date, or remove the line.',
  );
});

test("a missing date and a repeated one are named with their lines", async () => {
  const rows = series(iso);
  expect((await init([...rows.slice(0, 30), ",", ...rows.slice(30)])).text).toContain(
    "when is not read: 1 row has no date (line 32).",
  );
  const repeated = await init([...rows.slice(0, 30), "2024-01-30,3.5", ...rows.slice(30)]);
  expect(repeated.text).toContain(
    'The dates of when are in order, but line 32 has 2024-01-30 again. For a series with "time", remove the line.',
  );
  expect((await init(rows)).text).not.toContain("again");
});

test("small counts in the order of dates are a series; two values are classes", async () => {
  const counts = (most: number) => Array.from({ length: 200 }, (_, row) => `${iso(row)},${1 + ((row * 7) % most)}`);
  expect((await init(counts(6))).type).toBe("forecast");
  expect((await init(counts(2))).type).toBe("classify_rows");
});

test.each<readonly [string, (row: number) => number, unknown, string]>([
  ["years", (row) => 1960 + row, "when", "when (years)"],
  ["seconds", (row) => 1.7e9 + 3600 * row, { column: "when", format: "%s" }, "when (seconds since 1970)"],
  ["milliseconds", (row) => 1.7e12 + 5 * row, "when", "when (milliseconds since 1970)"],
])("rising %s are the time of a series, whose other columns are all predicted", async (_, time, expected, words) => {
  const rows = Array.from({ length: 60 }, (_, row) => `${time(row)},${row % 7}.5,${row % 5}`);
  const { data, text } = await init(rows, "when,a,b", null);
  expect(data).toMatchObject({ time: expected, columns: ["a", "b"], target: ["a", "b"] });
  expect(text).toContain(`in the order of ${words}.`);
});

test("integers that are no times order nothing", async () => {
  const rows = Array.from({ length: 60 }, (_, row) => `${1960 + 2 * row},${(row * 7919) % 101}.5`);
  expect((await init(rows)).type).toBe("predict_rows");
});

test("dates of one step in another order are those of a series; other dates are not", async () => {
  const shuffled = Array.from({ length: 60 }, (_, row) => `${iso((row * 37) % 60)},${(row * 7919) % 101}.5`);
  expect((await init(shuffled)).data).toMatchObject({ time: "when", columns: ["y"] });
  const sales = Array.from({ length: 60 }, (_, row) => `${iso((row * row * 37) % 3601)},${(row * 7919) % 101}.5`);
  expect((await init(sales)).type).toBe("predict_rows");
});
