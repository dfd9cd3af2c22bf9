/** Tables of several series: windows of one series each, split by series, and predictions of each. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import { readSpec } from "../../../../schema/read.js";
import { predicted } from "../../../support/predict-file.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";
import { trainSpec } from "../../../support/training-runs.js";

/** Rows of two shops in turn, in order of time: y is 100 times the shop plus the day. */
const rows = Array.from({ length: 20 }, (_, day) => [`${day},a,${100 + day}`, `${day},b,${200 + day}`]).flat();
const csvOf = (lines: readonly string[]) => `day,shop,y\n${lines.join("\n")}\n`;
const base = {
  name: "panel",
  data: {
    type: "table",
    file: "t.csv",
    columns: ["y"],
    target: ["y"],
    group: ["shop"],
    window: 3,
    horizon: [2],
    split: { test: 0.25 },
  },
  model: [
    { layer: "rnn", cell: "gru", hidden_size: 2, return: "last" },
    { layer: "dense", size: "classes" },
  ],
  loss: { type: "squared_error" },
  optimizer: { type: "adam" },
  train: { steps: 2 },
};

async function open(data: object = {}, csv = csvOf(rows), model: readonly object[] = base.model) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), csv);
  const spec = { ...base, data: { ...base.data, ...data }, model };
  const read = await readSpec(JSON.stringify(spec), { file: "s.json", folder });
  if (!read.ok) return { messages: read.diagnostics.map(({ message }) => message) };
  const opened = await openData(read.spec, folder);
  return opened.ok ? { source: opened.value } : { messages: opened.error.map(({ message }) => message) };
}

async function windows(...request: Parameters<typeof open>) {
  const { source, messages } = await open(...request);
  if (source === undefined) throw new Error(messages.join("\n"));
  const of = (examples: Uint32Array) => {
    const batch = source.batch(examples);
    const [inputs, targets] = [batch.get("inputs"), batch.get("targets")];
    return Array.from(examples, (_, row) => [
      ...Array.from(inputs?.data ?? [], Number).slice(row * 3, row * 3 + 3),
      Number(targets?.data[row]),
    ]);
  };
  return { source, of };
}

/** The windows of one series with their targets, from its values. */
const expected = (values: readonly number[]) =>
  values.slice(0, -4).map((_, start) => [...values.slice(start, start + 3), values[start + 4] ?? Number.NaN]);
const valuesOf = (shop: number) => Array.from({ length: 20 }, (_, day) => 100 * shop + day);

describe("windows", () => {
  test("never cross series, in turn or one after the other", async () => {
    const all = [...expected(valuesOf(1)), ...expected(valuesOf(2))];
    const { source, of } = await windows();
    expect(of(Uint32Array.from({ length: source.examples }, (_, index) => index))).toEqual(all);
    expect(source.notices).toEqual(['"t.csv" has 2 series; windows are of one series each.']);
    const sorted = await windows(
      {},
      csvOf([...rows].sort((x, y) => (x.split(",")[1] ?? "").localeCompare(y.split(",")[1] ?? ""))),
    );
    expect(sorted.source.digest).toBe(source.digest);
  });

  test.each([
    [
      "a jump of time within a series is stated",
      [...rows.slice(0, 10), rows[12], rows[11], rows[10], ...rows.slice(13)],
      'Time jumps within a series: column "t" goes from "6" to "5" on line 14. Sort the rows of each series by time, or name more columns in data.group.',
    ],
    [
      "time that runs backwards is stated",
      rows.toReversed(),
      'Time runs backwards: column "t" goes from "19" to "18" on line 4. Set data.reverse to true.',
    ],
  ])("%s", async (_, lines, notice) => {
    const { source } = await open({}, csvOf(lines as readonly string[]).replace("day", "t"));
    expect(source?.notices).toContainEqual(notice);
  });

  test("each series is split by time", async () => {
    const { source, of } = await windows();
    // 16 windows of each series: 12 for training, the last 4 for the test.
    expect(of(source.splits.test)).toEqual([1, 2].flatMap((shop) => expected(valuesOf(shop)).slice(12)));
    expect(of(source.splits.train)).toEqual([1, 2].flatMap((shop) => expected(valuesOf(shop)).slice(0, 12)));
  });

  test("a number of rows is held out at the end of each series, whose last window has the last row", async () => {
    const longer = [...rows, "20,b,220", "21,b,221"];
    const { source, of } = await windows({ horizon: 2, stride: 4, split: { validation: 4, test: 2 } }, csvOf(longer));
    const firstTargets = (examples: Uint32Array) => of(examples).map((row) => (row[2] ?? 0) + 1);
    expect(firstTargets(source.splits.test)).toEqual([118, 220]);
    expect(firstTargets(source.splits.validation)).toEqual([114, 216]);
    expect(firstTargets(source.splits.train)).toEqual([106, 110, 204, 208, 212]);
    const { messages } = await open({ horizon: 2, stride: 4, split: { validation: 3, test: 2 } }, csvOf(longer));
    expect(messages?.join()).toContain("The validation split has no window");
  });

  test("from the newest row to the oldest", async () => {
    const { source, of } = await windows({ reverse: true }, csvOf([...rows].reverse()));
    expect(of(source.splits.train)).toContainEqual([100, 101, 102, 104]);
    expect(of(source.splits.train)).toContainEqual([200, 201, 202, 204]);
  });

  test("a short series has none; without a series that is long enough there is no data", async () => {
    const { source } = await windows({}, csvOf([...rows, "0,c,1", "1,c,2"]));
    expect([source.examples, source.notices?.[1]]).toEqual([32, "1 of them has fewer than 5 rows, and no window."]);
    expect((await open({ window: 19 })).messages).toEqual([
      'No series of "t.csv" has 21 rows, a window and its target.',
    ]);
  });

  test("values are repeated within a series", async () => {
    const withGap = rows.map((line) => (line === "1,b,201" ? "1,b," : line));
    const { source, of } = await windows({ missing: "previous" }, csvOf(withGap));
    expect(of(source.splits.train)).toContainEqual([200, 200, 202, 204]);
    const atStart = rows.map((line) => (line === "0,b,200" ? "0,b," : line));
    expect((await open({ missing: "previous" }, csvOf(atStart))).messages).toEqual([
      't.csv:3: Column "y" has no value.',
    ]);
  });
});

test("mistakes", async () => {
  expect((await open({ group: ["shops"] })).messages).toEqual(['"t.csv" has no column "shops".']);
  expect((await open({ window: null, horizon: 0 })).messages).toContain("Series need a window of rows.");
  const stateful = [
    { ...base.model[0], stateful: true },
    { layer: "dense", size: 1 },
  ];
  expect((await open({}, csvOf(rows), stateful)).messages).toContain(
    "A stateful layer carries states from window to window, but the windows are of several series.",
  );
});

test("predictions are those of the windows of each series, by line", async () => {
  const { out } = await trainSpec(base, { "t.csv": csvOf(rows) });
  const lines = rows.slice(0, 8);
  const both = await predicted(out, "in.csv", csvOf(lines));
  expect(both.rows.map(({ line }) => line)).toEqual([6, 8, 7, 9]);
  const one = await predicted(out, "in.csv", csvOf(lines.filter((line) => line.includes(",b,"))));
  expect(both.rows.slice(2).map(({ y }) => y)).toEqual(one.rows.map(({ y }) => y));
});
