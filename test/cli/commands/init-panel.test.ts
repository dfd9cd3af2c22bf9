/** `rnnx init --data` of a file with several series. */
import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { composeSpec } from "../../../cli/commands/init/data/compose-spec.js";
import { taskText } from "../../../cli/commands/init/data/facts-text.js";
import { readFileFacts } from "../../../cli/commands/init/data/file-facts.js";
import { findPanel } from "../../../cli/commands/init/data/panel.js";
import { taskOf } from "../../../cli/commands/init/data/task.js";
import { openData } from "../../../runtime/data/index.js";
import { readSpec } from "../../../schema/read.js";
import { sharedFolder } from "../../support/temporary-folder.js";

const folder = sharedFolder();
const plain = new Proxy({}, { get: () => (text: string) => text }) as Parameters<typeof taskText>[0];
const DAYS = 40;
const day = (index: number) => `${`${1 + (index % 28)}`.padStart(2, "0")}.${index < 28 ? "01" : "02"}.2025`;

/** Rows of two shops in the order of the dates; `row` writes one. */
function writePanel(name: string, row: (date: string, shop: string, sales: number) => string): string {
  const rows = Array.from({ length: DAYS }, (_, index) =>
    ["North", "South"].map((shop, at) => row(day(index), shop, 10 * at + (index % 7) + 0.5)),
  );
  const file = join(folder, name);
  writeFileSync(file, `day;shop;sales\n${rows.flat().join("\n")}\n`);
  return file;
}

async function proposal(file: string) {
  const source = { file, folder };
  const facts = await readFileFacts(source);
  if (!facts.ok || facts.value === null) throw new Error("The file cannot be read.");
  const panel = await findPanel(source, facts.value, "sales");
  const task = taskOf(facts.value, "sales", panel);
  if ("fault" in task) throw new Error(task.fault.message);
  const text = taskText(plain, task.task, facts.value);
  return { panel, text, composed: composeSpec(task.task, facts.value, basename(file)) };
}

test("dates that repeat once for each shop are series by group and time", async () => {
  const { panel, composed } = await proposal(
    writePanel("shops.csv", (date, shop, sales) => `${date};${shop};${sales}`),
  );
  expect(panel).toMatchObject({ time: { name: "day" }, groups: [{ name: "shop" }], series: 2, shortest: DAYS });
  expect(composed.data).toMatchObject({
    group: ["shop"],
    time: { column: "day", format: "%d.%m.%Y" },
    window: 4,
    split: { order: "time" },
  });
  const read = await readSpec(JSON.stringify({ name: "shops", ...composed }), { folder });
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  const opened = await openData(read.spec, folder);
  if (!opened.ok) throw new Error(opened.error.map(({ message }) => message).join("\n"));
  // Windows of 4 rows and the row after, in each series.
  const { splits } = opened.value;
  expect(splits.train.length + splits.validation.length + splits.test.length).toBe(2 * (DAYS - 4));
});

test("shops as numbers name series too, and are categories", async () => {
  const file = writePanel("numbers.csv", (date, shop, sales) => `${date};${shop === "North" ? 1 : 2};${sales}`);
  const { panel, composed } = await proposal(file);
  expect(panel).toMatchObject({ groups: [{ name: "shop" }], series: 2 });
  expect(composed.data).toMatchObject({ group: ["shop"], columns: { shop: "category", sales: "number" } });
});

test("a series that may be the sum of the others is stated", async () => {
  const [total, names] = await Promise.all(
    ["Total", "Totnes"].map((name) =>
      proposal(writePanel(`${name}.csv`, (date, shop, sales) => `${date};${shop === "North" ? shop : name};${sales}`)),
    ),
  );
  expect(total?.text).toContain(
    `shop has Total in ${DAYS} rows, which are read as the others. If they have the sums of the other series, remove them.`,
  );
  expect(names?.text).not.toContain("sums");
});

test("a date that is twice in a shop is no time of a series", async () => {
  const file = writePanel("twice.csv", (date, shop, sales) => `${date.replace("28.01", "27.01")};${shop};${sales}`);
  expect((await proposal(file)).panel).toBeNull();
});

test("integers that count the rows of each series are their time; wide long series have relative errors", async () => {
  const rows = ["a1", "b2"].flatMap((name, series) =>
    Array.from({ length: 720 }, (_, hour) => `${name};${hour + 1};${1000 ** series * (2 + (hour % 24))}`),
  );
  const file = join(folder, "hours.csv");
  const write = (lines: readonly string[]) => writeFileSync(file, `series;hour;sales\n${lines.join("\n")}\n`);
  write(rows);
  const { panel, composed } = await proposal(file);
  expect(panel).toMatchObject({ time: { name: "hour" }, groups: [{ name: "series" }], series: 2, shortest: 720 });
  expect(composed).toMatchObject({
    data: {
      columns: { sales: "number", series: "category" },
      time: "hour",
      scale: { type: "log", per: "window" },
      window: 168,
    },
    model: [{ layer: "conv1d", kernel_size: 24, stride: 24 }, { layer: "rnn" }, { layer: "dense" }],
    loss: { type: "absolute_error" },
  });
  const read = await readSpec(JSON.stringify({ name: "hours", ...composed }), { folder });
  expect(read.ok ? [] : read.diagnostics).toEqual([]);
  // A skipped hour is no count.
  write(rows.filter((_, index) => index !== 5));
  expect((await proposal(file)).panel).toBeNull();
});

test("a shop without a value in its first row drops rows, which have no previous one", async () => {
  const isFirst = (date: string, shop: string) => date === day(0) && shop === "South";
  const file = writePanel("first.csv", (date, shop, sales) => `${date};${shop};${isFirst(date, shop) ? "" : sales}`);
  const { panel, composed } = await proposal(file);
  expect(panel?.firstMissing.map(({ name }) => name)).toEqual(["sales"]);
  expect(composed.data).toMatchObject({ missing: "drop" });
  const read = await readSpec(JSON.stringify({ name: "first", ...composed }), { folder });
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  expect((await openData(read.spec, folder)).ok).toBe(true);
});

test("shops and articles name series by two columns; a few counts of several series are forecast", async () => {
  const file = join(folder, "articles.csv");
  const rows = Array.from({ length: DAYS }, (_, index) =>
    ["a,x", "a,y", "b,x", "b,y"].map((series, at) => `${day(index)},${series},${(index * 7 + at) % 4}`),
  );
  writeFileSync(file, `day,shop,article,sales\n${rows.flat().join("\n")}\n`);
  const { panel, composed } = await proposal(file);
  expect(panel).toMatchObject({ groups: [{ name: "shop" }, { name: "article" }], series: 4, shortest: DAYS });
  expect(composed.data).toMatchObject({ group: ["shop", "article"], time: { column: "day" }, target: ["sales"] });
  expect(composed.loss).toEqual({ type: "squared_error" });
});

test("seconds that repeat once for each series are their time", async () => {
  const file = writePanel("seconds.csv", (date, shop, sales) => {
    const [dayOf = "", month = ""] = date.split(".");
    return `${Date.UTC(2025, Number(month) - 1, Number(dayOf)) / 1000};${shop};${sales}`;
  });
  expect((await proposal(file)).composed.data).toMatchObject({ time: { column: "day", format: "%s" } });
});
