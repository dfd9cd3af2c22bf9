/** Metrics of forecasts in the units of the data, against numbers computed from predictions and the rows of the file. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openData } from "../../../runtime/data/index.js";
import { evaluateRun } from "../../../runtime/evaluation/evaluate-run.js";
import { seasonalErrors } from "../../../runtime/evaluation/forecast-metrics.js";
import { predictRun } from "../../../runtime/predict/predict-run.js";
import { forecastMetricFault, isForecastMetric } from "../../../schema/kinds/forecasts.js";
import { outputsOf } from "../../../schema/kinds/outputs.js";
import { normal } from "../../support/read-spec.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { trainSpec } from "../../support/training-runs.js";

const season = 3;
const lengths = [30, 24];
const rows = lengths.flatMap((length, series) =>
  Array.from({ length }, (_, row) => ({ s: `s${series}`, v: (series + 1) * (50 + row + 9 * (row % season)) })),
);
const csv = ["s,v", ...rows.map(({ s, v }) => `${s},${v}`)].join("\n");
const data = { type: "table", file: "t.csv", group: ["s"], columns: ["v"], target: ["v"], window: 4, horizon: 2 };
const spec = (loss: object, size: number, metrics: readonly unknown[]) => ({
  data: { ...data, scale: "standard", split: { test: 0.3 }, season },
  model: [
    { layer: "rnn", cell: "gru", hidden_size: 3, return: "last" },
    { layer: "dense", size },
  ],
  loss,
  train: { steps: 10, batch_size: 8 },
  metrics,
});

/** The metrics of the test split, and the predictions after each window with the rows that follow. */
async function evaluated(loss: object, size: number, metrics: readonly unknown[], change: object = {}) {
  const own = spec(loss, size, metrics);
  const { out, folder } = await trainSpec({ ...own, data: { ...own.data, ...change } }, { "t.csv": csv });
  const request = { run: out, data: null, split: null, weights: "end", device: "cpu", withDetails: true } as const;
  const outcome = await evaluateRun(request);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  const forecast = { levels: null, samples: 0 };
  const predictions = await predictRun({
    run: out,
    input: "t.csv",
    output: null,
    folder,
    beam: null,
    windows: "all",
    forecast,
    device: "cpu",
  });
  if (!predictions.ok) throw new Error(JSON.stringify(predictions.error));
  const { splits, metadata } = JSON.parse(readFileSync(join(out, "data.json"), "utf8"));
  return {
    metrics: outcome.value.metrics.test,
    details: outcome.value.details,
    predictions: predictions.value.predictions,
    splits,
    factor: metadata.scaler.v.factor,
  };
}

test("mase divides by the differences of values that the file has", async () => {
  const values = [1, 4, null, 9, 2, null, 7, 3, 8, 5, 6, 4];
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), ["s,v", ...values.map((value) => `a,${value ?? ""}`)].join("\n"));
  const { split: _, ...own } = spec({ type: "squared_error" }, 2, []).data;
  const table = { ...own, missing: "previous" };
  const optimizer = { type: "adam", learning_rate: 0.1 };
  const parts = { ...spec({ type: "squared_error" }, 2, []), data: table, optimizer };
  const { spec: filled } = await normal(parts);
  const source = await openData(filled, folder);
  if (!source.ok) throw new Error(JSON.stringify(source.error));
  const [output] = outputsOf(filled);
  if (output === undefined) throw new Error("no output");
  // The windows of rows 0 and 1 have filled targets: the training reads the rows from 2 on.
  const errors = values.flatMap((value, row) => {
    const before = row - season < 2 ? null : values[row - season];
    return value === null || before === null || before === undefined ? [] : [Math.abs(value - before)];
  });
  const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
  expect(seasonalErrors(output, source.value, season)({ example: 0, column: 0 })).toBeCloseTo(mean, 6);
});

interface Pair {
  readonly series: number;
  readonly target: number;
  readonly prediction: Readonly<Record<string, unknown>>;
}

/** The predictions of the last windows of each series, as many as its test split has. */
function pairsOf(predictions: readonly Readonly<Record<string, unknown>>[], testWindows: readonly number[]): Pair[] {
  return lengths.flatMap((length, series) => {
    const offset = series === 0 ? 0 : (lengths[0] ?? 0);
    const windows = length - 4 - 2 + 1;
    return Array.from(
      { length: testWindows[series] ?? 0 },
      (_, index) => windows - (testWindows[series] ?? 0) + index,
    ).flatMap((window) =>
      [1, 2].map((step) => {
        const line = offset + window + 4 + 1;
        const prediction = predictions.find((one) => one.line === line && one.step === step) ?? {};
        return { series, target: rows[offset + window + 3 + step]?.v ?? Number.NaN, prediction };
      }),
    );
  });
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test("relative errors, the scaled error and the errors by series", async () => {
  const metrics = ["smape", "mape", "wape", "mase", { type: "mase", season: 1, output: "dense" }];
  const found = await evaluated({ type: "squared_error" }, 2, metrics.slice(0, 4));
  const series = found.details?.series ?? [];
  const pairs = pairsOf(
    found.predictions,
    series.map(({ examples }) => examples),
  );
  const errors = pairs.map(({ target, prediction }) => Math.abs(Number(prediction.v) - target));
  expect(pairs.length).toBeGreaterThan(10);
  expect(found.metrics.smape).toBeCloseTo(
    mean(
      pairs.map(({ target, prediction }, i) => (200 * (errors[i] ?? 0)) / (Math.abs(Number(prediction.v)) + target)),
    ),
    3,
  );
  expect(found.metrics.mape).toBeCloseTo(mean(pairs.map(({ target }, i) => (100 * (errors[i] ?? 0)) / target)), 3);
  expect(found.metrics.wape).toBeCloseTo((100 * mean(errors)) / mean(pairs.map(({ target }) => target)), 3);
  // Values grow by 3 a season, and the second series is twice the first one.
  const scales = [3, 6];
  expect(found.metrics.mase).toBeCloseTo(
    mean(pairs.map((pair, i) => (errors[i] ?? 0) / (scales[pair.series] ?? 1))),
    3,
  );
  const ofFirst = mean(errors.filter((_, index) => pairs[index]?.series === 0));
  expect(series.map(({ series: name }) => name)).toEqual(["s0", "s1"]);
  expect(series[0]?.mae).toBeCloseTo(ofFirst, 3);
  expect(series[0]?.mase).toBeCloseTo(ofFirst / 3, 3);
  expect(found.details?.baselines?.map(({ baseline }) => baseline)).toContain("seasonal naive");
});

test("scores and coverage of quantiles", async () => {
  const loss = { type: "quantile", levels: [0.1, 0.5, 0.9] };
  const found = await evaluated(loss, 6, ["pinball", "crps", "coverage", "smape"]);
  const pairs = pairsOf(found.predictions, found.details?.series?.map(({ examples }) => examples) ?? []);
  const pinball = mean(
    pairs.flatMap(({ target, prediction }) =>
      [0.1, 0.5, 0.9].map((level) => {
        const error = target - Number(prediction[`v_${level}`]);
        return Math.max(level * error, (level - 1) * error);
      }),
    ),
  );
  expect(found.metrics.pinball).toBeCloseTo(pinball, 3);
  expect(found.metrics.crps).toBeCloseTo(2 * pinball, 3);
  const isWithin = ({ target, prediction }: Pair) =>
    Number(prediction["v_0.1"]) <= target && target <= Number(prediction["v_0.9"]);
  expect(found.metrics.coverage).toBeCloseTo(mean(pairs.map((pair) => Number(isWithin(pair)))), 9);
});

test("the score of normal distributions is that of their samples", async () => {
  const found = await evaluated({ type: "gaussian_nll" }, 4, ["crps", { type: "coverage", interval: 0.8 }]);
  const pairs = pairsOf(found.predictions, found.details?.series?.map(({ examples }) => examples) ?? []);
  // A quadrature over 400 levels of the quantile loss of each distribution.
  const z = (level: number) => inverseNormal(level);
  const levels = Array.from({ length: 400 }, (_, index) => (index + 0.5) / 400);
  const score = mean(
    pairs.map(({ target, prediction }) => {
      const losses = levels.map((level) => {
        const error = target - (Number(prediction.v) + Number(prediction.v_std) * z(level));
        return 2 * Math.max(level * error, (level - 1) * error);
      });
      return mean(losses);
    }),
  );
  expect(Number(found.metrics.crps) / score).toBeCloseTo(1, 2);
  const isWithin = ({ target, prediction }: Pair) =>
    Number(prediction["v_0.1"]) <= target && target <= Number(prediction["v_0.9"]);
  expect(found.metrics.coverage).toBeCloseTo(mean(pairs.map((pair) => Number(isWithin(pair)))), 9);
});

test.each([
  ["squared_error", {}, 2],
  ["quantile", { levels: [0.1, 0.5, 0.9] }, 6],
  ["gaussian_nll", {}, 4],
  ["student_t_nll", {}, 6],
  ["mixture_density", { components: 2 }, 12],
  ["poisson_nll", {}, 2],
  ["quantile", { levels: [0.1, 0.5, 0.9] }, 3, { decode: "autoregressive" }],
])(
  "mae and rmse of %s %j are those of the predictions, in the units of the loss",
  async (type, options, size, change?: object) => {
    const found = await evaluated({ type, ...options }, size, ["mae", "rmse"], change);
    const pairs = pairsOf(found.predictions, found.details?.series?.map(({ examples }) => examples) ?? []);
    const errors = pairs.map(({ target, prediction }) => Number(prediction.v) - target);
    expect(errors.length).toBeGreaterThan(10);
    // Counts are not scaled.
    const factor = type === "poisson_nll" ? 1 : found.factor;
    expect(Number(found.metrics.mae) / factor).toBeCloseTo(mean(errors.map(Math.abs)), 3);
    expect(Number(found.metrics.rmse) / factor).toBeCloseTo(Math.sqrt(mean(errors.map((error) => error ** 2))), 3);
  },
);

/** By bisection of a Simpson sum of the density. */
function inverseNormal(level: number): number {
  let [low, high] = [-6, 6];
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2;
    const count = 200;
    const width = (middle + 8) / count;
    let area = 0;
    for (let index = 0; index < count; index++) {
      const density = (x: number) => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
      const x = -8 + index * width;
      area += (width / 6) * (density(x) + 4 * density(x + width / 2) + density(x + width));
    }
    if (area < level) low = middle;
    else high = middle;
  }
  return low;
}

const quantile = { type: "quantile", levels: [0.1, 0.9] };
test.each([
  ["smape", quantile, 4, {}, "smape needs the median as the forecast."],
  ["pinball", { type: "squared_error" }, 2, {}, "pinball needs quantiles, but the loss is squared_error."],
  [
    "crps",
    { type: "student_t_nll" },
    6,
    {},
    "crps needs quantiles or normal distributions, but the loss is student_t_nll.",
  ],
  [
    { type: "coverage", interval: 0.5 },
    quantile,
    4,
    {},
    "coverage of the interval 0.5 needs the levels 0.25 and 0.75, which quantile does not have.",
  ],
  ["mase", { type: "squared_error" }, 2, { season: null }, "mase needs a season, in rows."],
])("%j of %j is refused", async (metric, loss, size, change, message) => {
  const own = spec(loss, size, [metric]);
  const read = await normal({ ...own, optimizer: { type: "adam" }, data: { ...own.data, ...change } });
  const [found] = read.spec.metrics ?? [];
  const output = read.spec.losses[0];
  if (found === undefined || output === undefined || !isForecastMetric(found)) throw new Error("no metric");
  expect(forecastMetricFault(found, output, read.spec.data)?.message).toBe(message);
});

test.each([
  ["squared_error", {}, 2, ["smape", "rmse"], 'loss or rmse, or add "mae" to metrics.'],
  ["quantile", { levels: [0.1, 0.5] }, 4, ["smape", "rmse"], 'loss or rmse, or add "mae" to metrics.'],
  ["gaussian_nll", {}, 4, ["smape"], 'loss, or add "mae" to metrics.'],
  ["quantile", { levels: [0.1, 0.9] }, 4, ["pinball"], "loss."],
])(
  "a metric of %s that is computed outside of the model cannot be monitored",
  async (type, options, size, metrics, hint) => {
    const base = spec({ type, ...options }, size, metrics);
    const train = { steps: 10, batch_size: 8, keep_best: { metric: metrics[0] } };
    const own = { ...base, data: { ...base.data, split: { test: 0.3, validation: 0.3 } }, train };
    const message = `The metric "${metrics[0]}" is computed outside of the model and cannot be monitored.`;
    const problem = JSON.stringify({ message, hint: `Monitor ${hint}` }).slice(1, -1);
    await expect(trainSpec(own, { "t.csv": csv })).rejects.toThrow(problem);
  },
);
