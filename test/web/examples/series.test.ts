/** Files of series in a page: the arrays of rnnx predict, dates of the predicted rows, and faults with their lines. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { TableMetadata } from "../../../runtime/data/metadata.js";
import { table as openTable } from "../../../runtime/predict/table.js";
import { openRun } from "../../../runtime/run/open.js";
import { seriesFault, seriesRows, seriesTable } from "../../../runtime/web/series-table.js";
import type { NormalTableData } from "../../../schema/normal/index.js";
import { csvRows } from "../../../web/examples/csv-rows.js";
import { predictedTimes, readSeries, seriesBatch } from "../../../web/examples/series.js";
import { targetForecasts } from "../../../web/examples/series-forecast.js";
import { shopsExample } from "../../support/page-specs.js";
import { sharedFolder } from "../../support/temporary-folder.js";
import { trainSpec } from "../../support/training-runs.js";

const file = shopsExample.files["shops.csv"];
const horizon = [1, 2, 3];
let context: {
  readonly run: Parameters<typeof openTable>[0]["run"];
  readonly folder: string;
  readonly data: NormalTableData;
  readonly metadata: TableMetadata;
};

beforeAll(async () => {
  const { out, folder } = await trainSpec(shopsExample.spec, shopsExample.files, sharedFolder());
  const run = openRun(out);
  if (!run.ok || run.value.spec.data.type !== "table" || run.value.metadata.type !== "table") throw new Error("no run");
  context = { run: run.value, folder, data: run.value.spec.data, metadata: run.value.metadata };
});

/** The series of a text in a page, or the fault. */
function read(text: string) {
  const { run, data, metadata } = context;
  const table = seriesTable({ ...run.spec, data }, metadata);
  const found = readSeries(text, table, metadata);
  if (!found.ok) return { fault: found.error[0]?.message ?? "", batches: [], times: [] };
  const batches = found.value.map((series) => seriesBatch(series, table, metadata, horizon));
  const fault = batches.map((batch) => (batch.ok ? "" : batch.error[0]?.message)).find((text) => text !== "") ?? "";
  return { fault, batches, times: found.value.map((series) => predictedTimes(series, metadata, horizon)) };
}

describe("a file of shops", () => {
  test("has the arrays that rnnx predict reads", async () => {
    const { run, folder } = context;
    writeFileSync(join(folder, "plan.csv"), file);
    const opened = await openTable({ run, file: "plan.csv", folder, windows: "last" } as Parameters<
      typeof openTable
    >[0]);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    const { batches, times } = read(file);
    expect(batches).toHaveLength(2);
    for (const [index, batch] of batches.entries()) {
      if (!batch.ok) throw new Error(JSON.stringify(batch.error));
      const own = Object.fromEntries(batch.value);
      expect(own).toEqual(Object.fromEntries(opened.value.batch([index])));
      expect(Object.keys(own)).toEqual(expect.arrayContaining(["inputs", "future", "future.day.weekday", "static"]));
    }
    expect(times[0]).toEqual(["10.02.2025", "11.02.2025", "12.02.2025"]);
  });

  test("starts from the last rows of each series", async () => {
    const { data, metadata, run } = context;
    const samples = await seriesRows({ ...run.spec, data }, metadata, run.folder);
    if (!samples.ok || samples.value.type !== "series") throw new Error("no samples");
    expect(csvRows(samples.value.text, ";", "")).toHaveLength(
      1 + shopsExample.files["shops.csv"].trim().split("\n").length - 1,
    );
    const [own, whole] = [read(samples.value.text), read(file)];
    expect(own.fault).toBe("");
    expect(own.batches).toEqual(whole.batches);
  });

  test("dates the rows that the file has by the file", () => {
    // From the 28th of January to the 1st of February.
    const rows = file.split("\n").filter((_, index) => index <= 60);
    expect(read(rows.join("\n")).times[0]).toEqual(["28.01.2025", "01.02.2025", "02.02.2025"]);
  });

  test("states the line of a fault", () => {
    const lines = file.split("\n");
    const changed = (line: number, from: string, to: string) =>
      lines.map((text, index) => (index === line - 1 ? text.replace(from, to) : text)).join("\n");
    expect(read(changed(1, "offer", "promo")).fault).toBe("The first line has no column offer.");
    expect(read(changed(81, "ja", "vielleicht")).fault).toContain('Line 81: offer is "vielleicht"');
    expect(read(changed(79, "nein", "")).fault).toBe("Line 79 has no value in offer.");
    expect(read(changed(80, ";12,5", ";12,5;1")).fault).toContain("Line 80 has 7 fields");
    expect(read(changed(80, "12.02.2025", "11.02.2025")).fault).toContain("Line 80 has a time that its series has");
    expect(read(lines.slice(0, 9).join("\n")).fault).toBe(
      "No series has enough rows: the model reads 7, and 3 to be predicted.",
    );
  });
});

test("rows that a series skips are a fault where rnnx predict fills them", () => {
  const { run, data, metadata } = context;
  // Without the 7th of February, a row of the last window.
  const text = file.replace(/^07\.02\.2025;.*\n/m, "");
  expect(text.length).toBeLessThan(file.length);
  const faultOf = (missing: NormalTableData["missing"]) => {
    const table = seriesTable({ ...run.spec, data: { ...data, missing } }, metadata);
    const found = readSeries(text, table, metadata);
    if (!found.ok) throw new Error(JSON.stringify(found.error));
    const batches = found.value.map((series) => seriesBatch(series, table, metadata, horizon));
    return batches.map((batch) => (batch.ok ? "" : batch.error[0]?.message)).find((fault) => fault !== "") ?? "";
  };
  expect(faultOf("previous")).toMatch(/^Line \d+ is not 1 day after the row before: the page adds no rows/);
  expect(faultOf("error")).toBe("");
});

test("a page states intervals that are too narrow", () => {
  const { data, metadata } = context;
  const losses = [{ ...context.run.spec.losses[0], type: "gaussian_nll" }] as typeof context.run.spec.losses;
  const noticesOf = (decode: NormalTableData["decode"]) =>
    seriesTable({ data: { ...data, decode }, losses }, metadata).notices;
  expect(noticesOf("autoregressive")).toEqual([expect.stringContaining("intervals that are too narrow")]);
  expect(noticesOf("direct")).toEqual([]);
});

test("tables that a page does not forecast are refused with the reason", () => {
  const faultOf = (data: Partial<NormalTableData>, loss = context.run.spec.losses[0]) =>
    seriesFault({ data: { ...context.data, ...data }, losses: loss === undefined ? [] : [loss] });
  expect(faultOf({})).toBeUndefined();
  expect(faultOf({ header: false })).toContain("by the names in the first row");
  expect(faultOf({ group: [1] })).toContain("by the names in the first row");
  expect(faultOf({ horizon: [0] })).toContain("the horizon is the row itself");
  expect(faultOf({}, { type: "cross_entropy" } as (typeof context.run.spec.losses)[number])).toContain("of numbers");
});

test("fields in quotes have delimiters, quotes and line breaks", () => {
  expect(csvRows('\ufeffa,b\r\n# no\r\n" x, ""y""\r\nz" , 2\r\n\r\n3,\n,\n,\n', ",", "#")).toEqual([
    { fields: ["a", "b"], line: 1 },
    { fields: [' x, "y"\nz', "2"], line: 3 },
    { fields: ["3", ""], line: 6 },
  ]);
  expect(csvRows("sep=;\na;b\n;\n1;2", ";", "").map(({ line }) => line)).toEqual([2, 3, 4]);
});

test("distributions have points and levels in the units of the data", () => {
  const metadata = {
    type: "table",
    columns: ["x"],
    target: ["x"],
    scaler: { x: { offset: 10, factor: 0.5 } },
  } as const;
  const scores = { shape: [4], data: Float32Array.of(1, 2, 0, Math.log(4)) };
  const [own] = targetForecasts({ type: "gaussian_nll" } as Parameters<typeof targetForecasts>[0], scores, metadata, 2);
  expect(own?.points).toEqual([12, 14]);
  expect(own?.levels.map(({ level }) => level)).toEqual([0.1, 0.5, 0.9]);
  // Deviations of 1 and 2 in units of 2; the quantile 0.9 of a normal distribution is 1.281552.
  expect(own?.levels[2]?.values[0]).toBeCloseTo(12 + 2 * 1.281552, 4);
  expect(own?.levels[0]?.values[1]).toBeCloseTo(14 - 4 * 1.281552, 4);
  const values = targetForecasts(
    { type: "squared_error" } as never,
    { shape: [2], data: Float32Array.of(1, 2) },
    metadata,
    2,
  );
  expect(values).toEqual([{ name: "x", points: [12, 14], levels: [] }]);
});
