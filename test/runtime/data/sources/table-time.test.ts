/** Rows in order of time: sorted within each series, with their step, skipped rows, and the times of predictions. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import { predicted } from "../../../support/predict-file.js";
import { normal, unplacedProblems } from "../../../support/read-spec.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";
import { trainSpec } from "../../../support/training-runs.js";

const base = { type: "table", file: "t.csv", columns: ["y"], target: ["y"], time: "day", window: 2 };
const model = [
  { layer: "rnn", cell: "gru", hidden_size: 2, return: "last" },
  { layer: "dense", size: "classes" },
];
const specOf = (data: object = {}) => ({
  name: "t",
  data: { ...base, ...data },
  model,
  loss: { type: "squared_error" },
  optimizer: { type: "adam" },
  train: { steps: 1 },
});

async function open(lines: readonly string[], data: object = {}, header = "day,y") {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), `${header}\n${lines.join("\n")}\n`);
  const { spec } = await normal(specOf(data));
  const opened = await openData(spec, folder);
  if (!opened.ok) return { messages: opened.error.map(({ message, hint }) => `${message} ${hint}`) };
  const source = opened.value;
  const examples = Uint32Array.from({ length: source.examples }, (_, example) => example);
  const batch = source.batch(examples);
  const [inputs, targets] = [batch.get("inputs"), batch.get("targets")];
  const width = (inputs?.data.length ?? 0) / examples.length;
  const windows = Array.from(examples, (_, row) => [
    ...Array.from(inputs?.data ?? [], Number).slice(row * width, (row + 1) * width),
    Number(targets?.data[row]),
  ]);
  return { messages: [], source, windows, notices: source.notices ?? [] };
}

const day = (number: number) => `2024-01-${`${number}`.padStart(2, "0")}`;

describe("rows", () => {
  test("are sorted by time, and the reader is told", async () => {
    const { windows, notices, source } = await open([3, 1, 4, 2].map((each) => `${day(each)},${each}`));
    expect(windows).toEqual([
      [1, 2, 3],
      [2, 3, 4],
    ]);
    expect(notices).toEqual(['The rows of "t.csv" are sorted by "day".']);
    expect(source?.metadata).toMatchObject({ time: { column: "day", step: { unit: "time", count: 86_400_000 } } });
    expect((await open([1, 2, 3].map((each) => `${day(each)},${each}`))).notices).toEqual([]);
  });

  test("of several series are sorted within each, and split by time within each", async () => {
    const lines = [5, 4, 3, 2, 1, 6].flatMap((each) => [`a,${day(each)},${each}`, `b,${day(each + 10)},${each + 100}`]);
    const { windows, source } = await open(lines, { group: ["shop"], split: { test: 0.25 } }, "shop,day,y");
    expect(windows).toEqual([1, 2, 3, 4, 101, 102, 103, 104].map((each) => [each, each + 1, each + 2]));
    expect([source?.splits.train, source?.splits.test].map((split) => Array.from(split ?? []))).toEqual([
      [0, 1, 2, 4, 5, 6],
      [3, 7],
    ]);
  });

  test("with numbers as times: the column is no input by itself", async () => {
    const { windows, source } = await open(["1990,5", "1989,4", "1991,6"], { columns: null });
    expect(source?.metadata).toMatchObject({ columns: ["y"], time: { step: { unit: "number", count: 1 } } });
    expect(windows).toEqual([[4, 5, 6]]);
  });

  test.each(["20240130", "202401"])("with dates in digits alone, such as %s, need a format", async (first) => {
    const isDay = first.length === 8;
    const times = isDay ? [first, "20240131", "20240201"] : Array.from({ length: 12 }, (_, month) => 202401 + month);
    const { messages } = await open(times.map((time, row) => `${time},${row}`));
    expect(messages).toEqual([
      `The numbers of column "day" in "t.csv", such as ${first}, are dates, and data.time has no format for them. ` +
        `Write "time": { "column": "day", "format": "${isDay ? "%Y%m%d" : "%Y%m"}" }.`,
    ]);
    const format = isDay ? "%Y%m%d" : "%Y%m";
    const { notices } = await open(
      times.map((time, row) => `${time},${row}`),
      { time: { column: "day", format } },
    );
    expect(notices).toEqual([]);
  });

  test.each([false, true])(
    "with years of two digits in order across 1969 need four, reversed: %s",
    async (isReversed) => {
      const years = [65, 66, 67, 68, 69, 70];
      const rows = (isReversed ? years.toReversed() : years).map((year) => `01.03.${year},${year}`);
      const time = { column: "day", format: "%d.%m.%y" };
      expect((await open(rows, { time })).messages).toEqual([
        'The years of column "day" in "t.csv" have two digits: 69 to 99 are 1969 to 1999, and 00 to 68 are 2000 to 2068, ' +
          "but the rows are in order from 1965 to 1970. Write the years with four digits, and %Y for %y in the format.",
      ]);
      const others = [98, 99, "00", "01"].map((year, row) => `01.03.${year},${row}`);
      expect((await open(others, { time })).messages).toEqual([]);
      const blocks = [10, 11, 12, 98, 99].map((year, row) => `01.03.${year},${row}`);
      expect((await open(blocks, { time })).messages).toEqual([]);
    },
  );

  test("with offsets from UTC are in order of instants", async () => {
    const hours = ["2024-10-27T02:00+01:00,3", "2024-10-27T02:00+02:00,2", "2024-10-27T03:00+01:00,4"];
    const { windows, notices, source } = await open([...hours, "2024-10-27T01:00+02:00,1"]);
    expect(windows).toEqual([
      [1, 2, 3],
      [2, 3, 4],
    ]);
    expect(notices).toEqual(['The rows of "t.csv" are sorted by "day".']);
    expect(source?.metadata).toMatchObject({ time: { step: { unit: "time", count: 3_600_000 } } });
    const zones = [
      "2024-01-01T10:00+05:00,1",
      "2024-01-01T08:00Z,4",
      "2024-01-01T06:00Z,2",
      "2024-01-01T02:00-05:00,3",
    ];
    expect((await open(zones)).windows).toEqual([
      [1, 2, 3],
      [2, 3, 4],
    ]);
    const formatted = ["27.10.2024 02:00 +0100,2", "27.10.2024 02:00 +0200,1", "27.10.2024 03:00 +0100,3"];
    const time = { column: "day", format: "%d.%m.%Y %H:%M %z" };
    expect((await open(formatted, { time })).windows).toEqual([[1, 2, 3]]);
    const same = await open(["2024-01-01T10:00+02:00,1", "2024-01-01T08:00Z,2", "2024-01-01T09:00Z,3"]);
    expect(same.messages[0]).toContain('Column "day" has 2024-01-01T08:00Z twice');
    const mixed = await open(["2024-01-01T10:00Z,1", "2024-01-01T11:00,2", "2024-01-01T12:00Z,3"]);
    expect(mixed.messages[0]).toContain("Write the times of all rows with an offset, or all without one.");
  });

  test("with dates of a format, of the time or of its column", async () => {
    const lines = ["01.02.2024,1", "02.02.2024,2", "01.03.2024,9", "03.02.2024,3"];
    const time = { column: "day", format: "%d.%m.%Y" };
    const own = await open(lines, { time });
    expect(own.windows).toEqual([
      [1, 2, 3],
      [2, 3, 9],
    ]);
    const columns = { y: "number", day: { type: "date", format: "%d.%m.%Y", features: [] } };
    expect((await open(lines, { columns })).windows).toEqual(own.windows);
    const none = await open(lines);
    expect(none.messages[0]).toBe(
      't.csv:2: Column "day", data.time, has "01.02.2024", which is neither a date as in ISO 8601 nor a number. ' +
        'Write its format, such as "time": { "column": "day", "format": "%d.%m.%Y" }.',
    );
  });
});

describe("rows that the times skip", () => {
  const lines = [`${day(1)},1`, `${day(2)},2`, `${day(5)},8`, `${day(6)},9`];

  test("are stated once, with the way out", async () => {
    const { windows, notices } = await open(lines);
    expect(notices).toEqual([
      'Column "day" has a step of 1 day and skips 2 rows, the first after line 3 (2024-01-02): windows reach across. ' +
        'To fill them set data.missing to "interpolate" or "previous".',
    ]);
    expect(windows).toHaveLength(2);
  });

  test("of weekends alone are no steps: predicted rows are on weekdays", async () => {
    const weekdays = [1, 2, 3, 4, 5, 8, 9, 10, 11, 12].map((each) => `${day(each)},${each}`);
    const { notices, source } = await open(weekdays);
    expect(notices).toEqual([
      'Column "day" has rows from Monday to Friday alone: windows reach across weekends, and predicted rows are on weekdays.',
    ]);
    expect(source?.metadata).toMatchObject({ time: { step: { unit: "weekday", count: 86_400_000 } } });
    expect(source?.series?.season).toEqual({ rows: 5, step: "a weekday" });
  });

  test("again and again leave no dates of predictions", async () => {
    const { notices, source } = await open([1, 2, 3, 5, 6, 7, 9, 10, 11].map((each) => `${day(each)},${each}`));
    expect(notices?.[0]).toContain(
      "skips 2 rows, the first after line 4 (2024-01-03): windows reach across, and predictions",
    );
    expect(source?.metadata).toMatchObject({ time: { step: null } });
  });

  test.each<[string, readonly number[]]>([
    ["interpolate", [1, 2, 4, 6, 8, 9]],
    ["previous", [1, 2, 2, 2, 8, 9]],
  ])("are filled by %s", async (missing, values) => {
    const { windows, notices, source } = await open(lines, { missing });
    expect(windows).toEqual([0, 1, 2, 3].map((row) => values.slice(row, row + 3)));
    // The targets of windows 0 and 1 are filled rows.
    expect(Array.from(source?.splits.train ?? [])).toEqual([2, 3]);
    expect(notices?.[0]).toBe(
      'Column "day" has a step of 1 day and skips 2 rows, the first after line 3 (2024-01-02), which are filled.',
    );
    expect(notices?.at(-1)).toBe('2 windows with a target that "t.csv" lacks are left out of training and evaluation.');
    expect(notices?.some((notice) => notice.includes("rows after its end"))).toBe(missing === "interpolate");
  });

  test("and empty fields are no targets: of several rows, and of each split", async () => {
    const long = [1, 2, 3, 4, 5, 6, 7, 8].map((each) => `${day(each)},${each === 4 ? "" : each}`);
    const { source } = await open(long, { missing: "previous", horizon: 2, window: 1 });
    // Window i has the targets of days i + 2 and i + 3.
    expect(Array.from(source?.splits.train ?? [])).toEqual([0, 3, 4, 5]);
    const single = await open(long, { missing: "previous", horizon: [2], window: 1 });
    expect(Array.from(single.source?.splits.train ?? [])).toEqual([0, 2, 3, 4, 5]);
    const none = await open([`${day(1)},1`, `${day(2)},2`, `${day(3)},`], { missing: "previous" });
    expect(none.messages[0]).toContain('Each window of the train split has a target that "t.csv" lacks.');
  });

  test("have calendar features of their own date, and repeat categories", async () => {
    const columns = { y: "number", kind: "category", day: { type: "date", features: ["day"] } };
    const { source } = await open(
      lines.map((line, row) => `${line},${"aabb"[row]}`),
      { columns, missing: "interpolate" },
      "day,y,kind",
    );
    const batch = source?.batch([1, 2]);
    expect(Array.from(batch?.get("day.day")?.data ?? [], Number)).toEqual([1, 2, 2, 3]);
    expect(Array.from(batch?.get("kind")?.data ?? [], Number)).toEqual([0, 0, 0, 0]);
  });

  test("of months have their length", async () => {
    const months = ["2024-01-31,1", "2024-02-29,2", "2024-04-30,8"];
    const { windows, notices } = await open(months, { missing: "interpolate", window: 1 });
    expect(windows?.map(([value]) => value)).toEqual([1, 2, expect.closeTo(2 + (6 * 31) / 61, 5)]);
    expect(notices?.[0]).toContain("a step of 1 month and skips 1 row");
  });

  test("are not made up for labels, nor in masses", async () => {
    const labels = specOf({ columns: ["y"], target: ["kind"], missing: "previous" });
    const folder = temporaryFolder();
    writeFileSync(join(folder, "t.csv"), `day,y,kind\n${lines.map((line) => `${line},a`).join("\n")}\n`);
    const { spec } = await normal({ ...labels, loss: { type: "cross_entropy" } });
    const opened = await openData(spec, folder);
    expect(opened.ok ? [] : opened.error.map(({ message }) => message)).toEqual([
      'The rows that data.time skips have no label in column "kind", and data.missing "previous" makes none up.',
    ]);
    const far = [...lines, "2094-01-01,5"];
    expect((await open(far, { missing: "previous" })).messages[0]).toContain("more than 10 times the rows of the file");
  });
});

describe("missing values", () => {
  test("are interpolated in time within a series, and repeated at its end", async () => {
    const lines = ["a,0,1", "a,1,", "a,2,", "a,3,7", "a,4,", "b,0,100", "b,1,", "b,2,104"];
    const { windows } = await open(lines, { group: ["shop"], missing: "interpolate", window: 1 }, "shop,day,y");
    expect(windows).toEqual([
      [1, 3],
      [3, 5],
      [5, 7],
      [7, 7],
      [100, 102],
      [102, 104],
    ]);
  });

  test("of one column alone, without times", async () => {
    const columns = { y: { type: "number", missing: "interpolate" } };
    const { windows } = await open(["0,4", "0,", "0,8"], { columns, time: null, window: 1 });
    expect(windows).toEqual([
      [4, 6],
      [6, 8],
    ]);
  });

  test("in the first row are a problem", async () => {
    const { messages } = await open(["0,", "1,2", "2,3"], { missing: "interpolate" });
    expect(messages[0]).toBe(
      't.csv:2: Column "y" has no value. The first row has no previous value. Set data.missing to "drop".',
    );
  });
});

describe("mistakes", () => {
  test("two rows of one time", async () => {
    expect((await open(["1,5", "2,6", "1,7"])).messages).toEqual([
      't.csv:4: Column "day" has 1 twice: the row on line 2 has it too. ' +
        "Name the columns of the series in data.group, or remove one of the rows.",
    ]);
  });

  test("a field without a time", async () => {
    expect((await open(["1,5", ",6", "x,7"])).messages).toEqual([
      't.csv:3: Column "day", data.time, has no value. Write the time of the row, or remove the row.',
      't.csv:4: Column "day", data.time, has "x", which is no number. Correct the file, or the format of data.time.',
    ]);
    expect((await open(["1,5", "2,6", "3,7"], { time: "date" })).messages[0]).toContain(
      '"t.csv" has no column "date".',
    );
  });

  test("keys that have no effect", async () => {
    expect(await unplacedProblems(specOf({ reverse: true }))).toEqual([
      expect.stringContaining("The rows are sorted by data.time, so that reversing them has no effect."),
    ]);
    expect(await unplacedProblems(specOf({ window: null, columns: ["x"] }))).toEqual([
      expect.stringContaining("The order in time needs a window of rows."),
    ]);
    expect(
      await unplacedProblems(specOf({ time: null, window: null, columns: ["x"], missing: "interpolate" })),
    ).toEqual([expect.stringContaining("Interpolation needs a series of rows.")]);
    expect(await unplacedProblems(specOf({ time: { column: "day", format: "%Q" } }))).toEqual([
      expect.stringContaining("has %Q, which is no directive"),
    ]);
  });

  test("irregular steps are stated", async () => {
    const { notices } = await open(["1,5", "2,6", "3,7", "4.5,8"]);
    expect(notices?.[0]).toContain('The steps of "day" differ (most are 1)');
  });
});

test("predictions have the time of the predicted row", async () => {
  const rows = Array.from({ length: 12 }, (_, row) => [
    `a,${day(row + 1)},${row}`,
    `b,${day(row + 5)},${2 * row}`,
  ]).flat();
  const csv = (lines: readonly string[]) => `shop,day,y\n${lines.join("\n")}\n`;
  const data = { group: ["shop"], horizon: 2, scale: "standard" };
  const { out } = await trainSpec(specOf(data), { "t.csv": csv(rows) });
  const { rows: found } = await predicted(out, "in.csv", csv([...rows].reverse()));
  expect(found.map(({ line, shop, step, day: time }) => [line, shop, step, time])).toEqual([
    [2, "b", 1, day(17)],
    [2, "b", 2, day(18)],
    [3, "a", 1, day(13)],
    [3, "a", 2, day(14)],
  ]);
  // One window has no step of its own.
  const { rows: short } = await predicted(out, "in.csv", csv(["a,2024-02-28,1", "a,2024-02-29,2"]));
  expect(short.map(({ day: time }) => time)).toEqual(["2024-03-01", "2024-03-02"]);
  const weekly = [1, 8, 15, 22].map((each) => `a,${day(each)},${each}`);
  const { rows: other, notices } = await predicted(out, "in.csv", csv(weekly));
  expect(other.map((row) => "day" in row)).toEqual([false, false]);
  expect(notices.filter((notice) => notice.includes("step of"))).toEqual([
    'The rows of "in.csv" have a step of 1 week in "day", those of the training 1 day: the model reads them as if they ' +
      "had that step, and predictions have no dates. Write rows with a step of 1 day.",
  ]);
});

test("predictions have the offset from UTC of the row before, not that of the first row", async () => {
  const hours = (hour: number) => `2024-03-31 ${`${hour}`.padStart(2, "0")}:00`;
  const winter = [0, 1].map((hour) => `${hours(hour)}+01:00`);
  const summer = [3, 4, 5, 6].map((hour) => `${hours(hour)}+02:00`);
  const csv = (times: readonly string[]) => `day,y\n${times.map((time, row) => `${time},${row}`).join("\n")}\n`;
  const { out } = await trainSpec(specOf({ horizon: 2 }), { "t.csv": csv([...winter, ...summer]) });
  const { rows } = await predicted(out, "in.csv", csv([...winter, ...summer]));
  expect(rows.map(({ day: time }) => time)).toEqual([`${hours(7)}+02:00`, `${hours(8)}+02:00`]);
  const { rows: before } = await predicted(out, "in.csv", csv(winter));
  expect(before.map(({ day: time }) => time)).toEqual([`${hours(2)}+01:00`, `${hours(3)}+01:00`]);
});
