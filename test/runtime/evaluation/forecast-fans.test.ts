/** Fans: forecasts of several rows of a few windows, against the rows of the file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openData } from "../../../runtime/data/index.js";
import { metadataOf, type TableMetadata } from "../../../runtime/data/metadata.js";
import { forecastRows } from "../../../runtime/evaluation/forecast-entries.js";
import { collectFans } from "../../../runtime/evaluation/forecast-fans.js";
import { openRunExamples } from "../../../runtime/evaluation/run-examples.js";
import { summarizeRun } from "../../../runtime/evaluation/summarize-run.js";
import { outputsOf } from "../../../schema/kinds/outputs.js";
import { readSpec } from "../../../schema/read.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { trainSpec } from "../../support/training-runs.js";

const values = (series: number) => Array.from({ length: 30 }, (_, row) => 100 * series + row);

function specWith(data: object) {
  const rows = [1, 2].flatMap((series) => values(series).map((value) => `s${series},${value}`));
  const table = { type: "table", file: "t.csv", columns: ["y"], target: ["y"], group: ["s"], window: 8 };
  const spec = {
    name: "f",
    data: { ...table, split: { test: 3 }, ...data },
    model: [
      { layer: "rnn", cell: "gru", hidden_size: 2, return: "last" },
      { layer: "dense", size: 6 },
    ],
    loss: { type: "quantile", levels: [0.2, 0.5, 0.8] },
    optimizer: { type: "adam" },
    train: { steps: 1 },
  };
  return { spec, files: { "t.csv": `s,y\n${rows.join("\n")}\n` } };
}

async function opened(data: object) {
  const folder = temporaryFolder();
  const { spec, files } = specWith(data);
  writeFileSync(join(folder, "t.csv"), files["t.csv"]);
  const read = await readSpec(JSON.stringify(spec), { folder });
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  const source = await openData(read.spec, folder);
  const [output] = outputsOf(read.spec);
  if (!source.ok || output === undefined) throw new Error("no data");
  return { source: source.value, output };
}

test("the rows before a window's forecast, its targets and its interval, series by series", async () => {
  const { source, output } = await opened({ horizon: 2 });
  const { test: examples } = source.splits;
  const fans = collectFans(source, output, examples, 1);
  for (const example of examples)
    for (const place of [0, 1]) {
      const last = (source.series?.rowOf(example) ?? 0) + 8 + place;
      const target = source.series?.column(output.loss.target, 0)[last] ?? 0;
      const forecast = {
        kind: "quantiles",
        levels: [0.2, 0.5, 0.8],
        values: [target - 1, target, target + 2],
      } as const;
      fans?.add({ example, step: 0, place, column: 0, forecast, target });
    }
  // Windows with both targets among the last three rows: two of each series.
  const expected = [1, 2].flatMap((series) =>
    [27, 28].map((row) => ({
      series: `s${series}`,
      history: values(series).slice(row - 6, row),
      steps: [1, 2],
      target: values(series).slice(row, row + 2),
      predicted: values(series).slice(row, row + 2),
      interval: {
        low: [row, row + 1].map((at) => 100 * series + at - 1),
        high: [row, row + 1].map((at) => 100 * series + at + 2),
      },
    })),
  );
  expect(fans?.of(0)).toMatchObject(expected);
});

test("the rows of quantiles are in the units of the data, sorted by level", async () => {
  const { source, output } = await opened({ horizon: 2, scale: "standard" });
  const examples = source.splits.test.subarray(0, 1);
  const { scaler } = metadataOf(source.metadata, output.loss.target) as TableMetadata;
  const { offset = 0, factor = 1 } = scaler.y ?? {};
  const data = Float32Array.of(2, 0, 1, 0, 1, 2);
  const [row] = forecastRows(source, output, examples, { dtype: "float32", shape: [1, 6], data }) as [number[]];
  expect(factor).not.toBe(1);
  [0, 1, 2, 0, 1, 2].forEach((value, index) => {
    expect(row[index]).toBeCloseTo(value / factor + offset, 3);
  });
});

test("forecasts of one row have none", async () => {
  const { source, output } = await opened({ horizon: [2] });
  expect(collectFans(source, output, source.splits.test, 1)).toBeNull();
});

test("the summary of a run with quantiles has values, intervals and fans", async () => {
  const { spec, files } = specWith({ horizon: 2 });
  const { out } = await trainSpec(spec, files);
  const opened = await openRunExamples(out);
  const summary = opened.ok ? await summarizeRun(opened.value) : opened;
  if (!summary.ok) throw new Error(JSON.stringify(summary.error));
  const [[, { summary: values } = { summary: null }] = []] = [...summary.value.outputs];
  expect(values).toMatchObject({
    kind: "numbers",
    series: [{ name: "y", interval: { low: expect.any(Array) }, fans: expect.any(Array) }],
  });
});
