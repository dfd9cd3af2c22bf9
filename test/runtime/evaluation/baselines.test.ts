/** Baselines of forecasts and errors in percent, against numbers computed from the rows of the file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../runtime/data/index.js";
import { baselinesOf, sumErrors } from "../../../runtime/evaluation/baselines.js";
import { checkSeasons } from "../../../runtime/evaluation/forecast-metrics.js";
import { outputsOf } from "../../../schema/kinds/outputs.js";
import { readSpec } from "../../../schema/read.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const values = Array.from({ length: 40 }, (_, row) => 5 + ((row * 7) % 11));
const others = values.map((value) => 100 - value);
const csv = `a,b\n${values.map((value, row) => `${value},${others[row]}`).join("\n")}\n`;
const [window, horizon] = [4, 3];

async function baselines(last: object, data: object = {}, withTraining = true, text = csv) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), text);
  const spec = {
    name: "b",
    data: {
      type: "table",
      file: "t.csv",
      window,
      horizon: [horizon],
      target: ["a"],
      scale: "standard",
      split: { test: 0.25 },
      ...data,
    },
    model: [
      { layer: "rnn", cell: "gru", hidden_size: 2, ...last },
      { layer: "dense", size: "classes" },
    ],
    loss: { type: "squared_error" },
    optimizer: { type: "adam" },
    train: { steps: 1 },
  };
  const read = await readSpec(JSON.stringify(spec), { file: "s.json", folder });
  if (!read.ok) throw new Error("no spec");
  const opened = await openData(read.spec, folder);
  if (!opened.ok) throw new Error("no data");
  const source = opened.value;
  const [output] = outputsOf(read.spec);
  if (output === undefined) throw new Error("no output");
  const { train, test: held } = source.splits;
  const found = baselinesOf({ spec: read.spec, source, output }, held, withTraining ? train : null);
  return { source, spec: read.spec, rows: found.baselines, notices: found.notices };
}

const maeOf = (pairs: readonly (readonly [number, number])[]) =>
  pairs.reduce((sum, [a, b]) => sum + Math.abs(a - b), 0) / pairs.length;
const at = (row: number) => values[row] ?? Number.NaN;

describe("baselines", () => {
  test("one target for each window", async () => {
    const { source, rows } = await baselines({ return: "last" });
    const last = (example: number) => example + window - 1;
    const held = [...source.splits.test];
    const trained = [...source.splits.train].map((example) => at(last(example) + horizon));
    const mean = trained.reduce((sum, value) => sum + value, 0) / trained.length;
    expect(rows.map(({ column, baseline }) => [column, baseline])).toEqual([
      ["a", "last value"],
      ["a", "moving average"],
      ["a", "mean"],
    ]);
    const average = (end: number) =>
      values.slice(end + 1 - window, end + 1).reduce((sum, value) => sum + value, 0) / window;
    expect(rows[1]?.mae).toBeCloseTo(maeOf(held.map((e) => [at(last(e) + horizon), average(last(e))])), 4);
    expect(rows[0]?.mae).toBeCloseTo(maeOf(held.map((e) => [at(last(e) + horizon), at(last(e))])), 4);
    expect(rows[2]?.mae).toBeCloseTo(maeOf(held.map((e) => [at(last(e) + horizon), mean])), 4);
  });

  test("a target for each step", async () => {
    const { source, rows } = await baselines({});
    const pairs = [...source.splits.test].flatMap((example) =>
      Array.from({ length: window }, (_, step) => [at(example + step + horizon), at(example + step)] as const),
    );
    expect(rows[0]?.mae).toBeCloseTo(maeOf(pairs), 4);
  });

  test.each([
    [2, 5],
    [11, 3],
  ])("a season of %i rows, longer than the horizon or the window", async (season, horizonRows) => {
    const { source, rows } = await baselines({ return: "last" }, { season, horizon: horizonRows });
    const pairs = [...source.splits.test].flatMap((example) =>
      Array.from({ length: horizonRows }, (_, place) => {
        const origin = example + window - 1;
        let row = origin + 1 + place;
        while (row > origin) row -= season;
        return [at(origin + 1 + place), at(row)] as const;
      }),
    );
    const naive = rows.find(({ baseline }) => baseline === "seasonal naive");
    expect(naive?.mae).toBeCloseTo(maeOf(pairs), 4);
    expect(naive?.steps?.length).toBe(horizonRows);
    // The values repeat after 11 rows.
    if (season === 11) expect(naive?.mae).toBeCloseTo(0, 4);
  });

  test("a season that a series does not have is no last value", async () => {
    const { rows, notices } = await baselines({ return: "last" }, { season: 39 });
    expect(rows.map(({ baseline }) => baseline)).toEqual(["last value", "moving average", "mean"]);
    expect(notices).toEqual([expect.stringMatching(/^The seasonal naive of "a" is left out .* a season \(39 rows\)/)]);
  });

  test("mase without an error to divide by is refused", async () => {
    const { source, spec } = await baselines({ return: "last" });
    const faultsOf = (season: number) =>
      checkSeasons({ ...spec, metrics: [{ type: "mase", season, output: "dense" }] }, source);
    expect(faultsOf(2)).toEqual([]);
    expect(faultsOf(39)).toMatchObject([
      { path: "/metrics/0", message: expect.stringContaining("a season (39 rows)") },
    ]);
  });

  test("each series has a mean of its own", async () => {
    const panel = `s,a\n${["x", "y"].flatMap((name) => values.map(() => `${name},${name === "x" ? 1 : 100}`)).join("\n")}\n`;
    const { rows } = await baselines({ return: "last" }, { group: ["s"], scale: null }, true, panel);
    expect(rows.find(({ baseline }) => baseline === "mean")?.mae).toBeCloseTo(0, 6);
  });

  test("a target that is no input has no last value; other data has no mean; single rows have none", async () => {
    const { rows } = await baselines({ return: "last" }, { columns: ["b"] });
    expect(rows.map(({ baseline }) => baseline)).toEqual(["mean"]);
    expect((await baselines({ return: "last" }, {}, false)).rows.map(({ baseline }) => baseline)).toEqual([
      "last value",
      "moving average",
    ]);
    expect((await baselines({ return: "last" }, { horizon: 0 })).rows).toEqual([]);
  });
});

test("errors in percent, with zeros", () => {
  const errorsOf = (pairs: readonly (readonly [number, number])[]) => {
    const sum = sumErrors();
    for (const [target, predicted] of pairs) sum.add(target, predicted);
    return sum.errors();
  };
  // |e| is 1, 2 and 0: smape 200/3 (1/3 + 2/6), mape 100/3 (1/1 + 2/4), wape 100 · 3/7.
  expect(
    errorsOf([
      [1, 2],
      [4, 2],
      [2, 2],
    ]),
  ).toEqual({
    rmse: Math.sqrt(5 / 3),
    mae: 1,
    smape: expect.closeTo((200 / 3) * (1 / 3 + 2 / 6), 9),
    mape: 50,
    wape: expect.closeTo(300 / 7, 9),
  });
  expect(errorsOf([[0, 0]])).toEqual({ rmse: 0, mae: 0, smape: 0, mape: null, wape: null });
});
