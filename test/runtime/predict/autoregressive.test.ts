/** Predictions that are fed back, compared with the model of one row run step by step. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { firstRowModel, referenceModel } from "../../../compiler/export/index.js";
import { openData } from "../../../runtime/data/index.js";
import { evaluateRun } from "../../../runtime/evaluation/evaluate-run.js";
import { exportModel } from "../../../runtime/export/index.js";
import { forecastsOf, pointOf } from "../../../runtime/forecast/forecasts.js";
import { portsWithRole } from "../../../runtime/sessions/ports.js";
import { openSession } from "../../../runtime/sessions/session.js";
import type { NumericArray } from "../../../runtime/tensors/array.js";
import { floatsOf, tensorOf } from "../../../runtime/tensors/ort.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import { predicted } from "../../support/predict-file.js";
import { normal, unplacedProblems } from "../../support/read-spec.js";
import { sharedFolder, temporaryFolder } from "../../support/temporary-folder.js";
import { trainSpec } from "../../support/training-runs.js";

const [window, horizon] = [4, 3];
const day = (row: number) => new Date(Date.UTC(2024, 0, 1 + row)).toISOString().slice(0, 10);
const promo = (row: number) => Number(row % 3 === 0);
const rowOf = (shop: string, row: number) =>
  `${shop},${day(row)},${promo(row)},${10 + (row % 7) + (shop === "b" ? 5 : 0)},${3 + (row % 4)}`;
const past = ["a", "b"].flatMap((shop) => Array.from({ length: 16 }, (_, row) => rowOf(shop, row)));
const csv = (lines: readonly string[]) => `shop,day,promo,y,z\n${lines.join("\n")}\n`;

const columns = {
  y: { type: "number", missing: "drop" },
  promo: "boolean",
  z: "number",
  shop: "category",
  day: { type: "date", features: ["weekday"] },
};
const data = {
  type: "table",
  file: "t.csv",
  columns,
  target: ["z", "y"],
  group: ["shop"],
  time: "day",
  known_future: ["promo"],
  scale: "standard",
  window,
  horizon,
  decode: "autoregressive",
};
const past3 = { layer: "rnn", cell: "gru", hidden_size: 3, return: "last", name: "past" };
const layers = (size: number | string) => [
  past3,
  { layer: "cycle", from: "future.day.weekday", name: "weekday" },
  { layer: "concat", from: ["future", "weekday"] },
  { layer: "rnn", cell: "gru", hidden_size: 2, return: "last", name: "coming" },
  { layer: "concat", from: ["past", "coming"] },
  { layer: "dense", size },
];

async function open(change: object = {}, loss: object = { type: "squared_error" }, size: number | string = "classes") {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), csv(past));
  const spec = { data: { ...data, ...change }, model: layers(size), loss, optimizer: { type: "adam" } };
  const { spec: read } = await normal({ ...spec, train: { steps: 1 } });
  return { spec: read, opened: await openData(read, folder) };
}

type Arrays = ReadonlyMap<string, NumericArray>;

/** A model whose weights are inputs, with random ones by name. */
async function sessionOf({ model, ports }: Awaited<ReturnType<typeof referenceModel>>) {
  const opened = await openSession(model, "cpu", 0);
  if (!opened.ok) throw new Error(opened.error.message);
  const { session } = opened.value;
  const weights = portsWithRole(ports.inputs, "parameter").map(({ name, shape }) => {
    const random = randomStream(1, name);
    const count = shape.reduce<number>((product, size) => product * Number(size), 1);
    const values = Float32Array.from({ length: count }, () => random.uniform() - 0.5);
    return [name, tensorOf({ dtype: "float32", shape: shape.map(Number), data: values })] as const;
  });
  const [output] = portsWithRole(ports.outputs, "prediction");
  if (output === undefined) throw new Error("No output.");
  return {
    port: output,
    async run(arrays: Arrays) {
      const given = portsWithRole(ports.inputs, "data").map(({ name }) => [name, tensorOf(arrays.get(name) as never)]);
      const results = await session.run(Object.fromEntries([...weights, ...given]) as never);
      return floatsOf(results, output);
    },
  };
}

/** Rows `first` to `last` of an array [batch, rows, …]. */
function rowsOf({ dtype, shape, data: values }: NumericArray, first: number, last: number): NumericArray {
  const [batch = 1, rows = 1, ...rest] = shape;
  const size = rest.reduce((product, each) => product * each, 1);
  const all = Array.from(values, Number);
  const kept = Array.from({ length: batch }, (_, b) => all.slice((b * rows + first) * size, (b * rows + last) * size));
  const make = dtype === "float32" ? Float32Array : Int32Array;
  return { dtype, shape: [batch, last - first, ...rest], data: make.from(kept.flat()) } as NumericArray;
}

function joinRows(one: NumericArray, other: NumericArray): NumericArray {
  const [batch = 1] = one.shape;
  const [a, b] = [one, other].map(({ data: values }) => Array.from(values, Number)) as [number[], number[]];
  const [sizeA, sizeB] = [a.length / batch, b.length / batch];
  const all = Array.from({ length: batch }, (_, row) => [
    ...a.slice(row * sizeA, (row + 1) * sizeA),
    ...b.slice(row * sizeB, (row + 1) * sizeB),
  ]).flat();
  const make = one.dtype === "float32" ? Float32Array : Int32Array;
  return {
    ...one,
    shape: [batch, (one.shape[1] ?? 1) + (other.shape[1] ?? 1), ...one.shape.slice(2)],
    data: make.from(all),
  } as NumericArray;
}

const losses: readonly (readonly [string, object, number | string, object])[] = [
  ["squared_error", { type: "squared_error" }, "classes", {}],
  ["gaussian_nll", { type: "gaussian_nll" }, 4, {}],
  ["student_t_nll per window", { type: "student_t_nll" }, 6, { scale: { type: "mean_abs", per: "window" } }],
  ["squared_error of logarithms", { type: "squared_error" }, "classes", { scale: { type: "log", per: "window" } }],
  ["negative_binomial_nll", { type: "negative_binomial_nll" }, 4, {}],
  ["quantile", { type: "quantile", levels: [0.2, 0.5, 0.7] }, 6, {}],
  ["mixture_density", { type: "mixture_density", components: 2 }, 12, {}],
];

describe.each(losses)("the model of %s", (_, loss, size, change) => {
  test("is that of one row, step by step", async () => {
    const { spec, opened } = await open(change, loss, size);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    const signature = opened.value.signature(spec.train);
    const all = await sessionOf(await referenceModel(spec, signature));
    const one = await sessionOf(await firstRowModel(spec, signature));
    expect(all.port.shape).toEqual(["batch", Number(one.port.shape[1]) * horizon]);
    const batch = opened.value.batch([0, 7, 9]);
    const outputs = await all.run(batch);
    const { metadata } = opened.value;
    if (metadata.type !== "table" || spec.data.type !== "table") throw new Error("No table.");
    expect(metadata.columns).toEqual(["y", "promo", "z"]);
    const isCount = loss !== null && (loss as { type: string }).type === "negative_binomial_nll";
    let arrays = new Map(batch);
    const steps: number[][] = [];
    for (let step = 0; step < horizon; step++) {
      const ahead = [...batch].map(([name, array]) =>
        name.startsWith("future") ? ([name, rowsOf(array, step, step + 1)] as const) : null,
      );
      const next = new Map(ahead.filter((each) => each !== null));
      const predictions = await one.run(new Map([...arrays, ...next]));
      const width = predictions.length / 3;
      steps.push([...predictions]);
      const rows = [0, 1, 2].flatMap((example) => {
        const own = predictions.slice(example * width, (example + 1) * width);
        const points = forecastsOf(spec.losses[0] as never, own, 2).map((forecast) => pointOf(forecast) ?? Number.NaN);
        const scaled = (name: string, value: number) => {
          const { offset = 0, factor = 1 } = (isCount ? metadata.scaler[name] : undefined) ?? {};
          return (value - offset) * factor;
        };
        const known = Number(next.get("future")?.data[example]);
        return [scaled("y", points[1] ?? 0), known, scaled("z", points[0] ?? 0)];
      });
      const row: NumericArray = { dtype: "float32", shape: [3, 1, 3], data: Float32Array.from(rows) };
      const rowOfNext = (name: string, array: NumericArray) =>
        name === "inputs" ? row : (next.get(`future.${name}`) ?? rowsOf(array, window - 1, window));
      arrays = new Map(
        [...arrays].map(([name, array]) =>
          name.startsWith("future") || name === "targets"
            ? ([name, array] as const)
            : ([name, joinRows(rowsOf(array, 1, window), rowOfNext(name, array))] as const),
        ),
      );
    }
    const width = (steps[0]?.length ?? 0) / 3;
    const ofLoss = spec.losses[0] as never;
    for (const example of [0, 1, 2]) {
      const forecasts = forecastsOf(
        ofLoss,
        outputs.slice(example * width * horizon, (example + 1) * width * horizon),
        2 * horizon,
      );
      const expected = steps.flatMap((step) =>
        forecastsOf(ofLoss, step.slice(example * width, (example + 1) * width), 2),
      );
      for (const [index, forecast] of forecasts.entries()) {
        const other = expected[index];
        if (forecast.kind === "quantiles" && other?.kind === "quantiles")
          for (const [level, value] of forecast.values.entries())
            expect(value).toBeCloseTo(other.values[level] ?? 0, 4);
        else expect(pointOf(forecast)).toBeCloseTo(pointOf(other as never) ?? 0, 4);
        if (forecast.kind === "distribution" && other?.kind === "distribution")
          expect(forecast.distribution.deviation).toBeCloseTo(other.distribution.deviation, 4);
      }
    }
  });
});

const ahead = ["a", "b"].flatMap((shop) => [16, 17, 18].map((row) => `${shop},${day(row)},${promo(row)},,`));

describe("a trained model", () => {
  const folder = sharedFolder();
  let run = "";
  beforeAll(async () => {
    const spec = {
      name: "panel",
      data: { ...data, split: { validation: 0.2 } },
      model: layers(4),
      loss: { type: "gaussian_nll" },
      metrics: ["mase"],
      train: { steps: 30 },
    };
    run = (await trainSpec(spec, { "t.csv": csv(past) }, folder)).out;
  });

  test("predicts each row of the horizon, and paths of samples", async () => {
    const { rows, notices } = await predicted(run, "in.csv", csv([...past, ...ahead]));
    expect(rows.map(({ shop, step, day: time }) => [shop, step, time])).toEqual(
      ["a", "b"].flatMap((shop) => [1, 2, 3].map((step) => [shop, step, day(15 + step)])),
    );
    expect(notices).toContainEqual(
      expect.stringContaining("With predict --samples 200 they are those of sample paths."),
    );
    const forecast = { levels: null, samples: 300 };
    const sampled = await predicted(run, "in.csv", csv([...past, ...ahead]), forecast);
    for (const [index, row] of sampled.rows.entries()) {
      const { y, y_std: deviation, y_samples: samples } = row as Record<string, number> & { y_samples: number[] };
      expect(y).toBe(rows[index]?.y);
      const mean = samples.reduce((sum, value) => sum + value, 0) / samples.length;
      expect(Math.abs(mean - Number(y))).toBeLessThan(Number(deviation));
      // The first row has the deviation of its distribution; later ones those of the rows before too.
      const ratio = Number(deviation) / Number(rows[index]?.y_std);
      if (row.step === 1) expect(Math.abs(ratio - 1)).toBeLessThan(0.15);
    }
    const again = await predicted(run, "in.csv", csv([...past, ...ahead]), forecast);
    expect(again.rows).toEqual(sampled.rows);
  });

  test("is evaluated in each row", async () => {
    const outcome = await evaluateRun({
      run,
      data: null,
      split: "validation",
      weights: "end",
      device: "cpu",
      withDetails: true,
    });
    if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
    const { details, metrics } = outcome.value;
    expect(metrics.validation.mase).toBeGreaterThan(0);
    expect(details?.columns?.[1]).toMatchObject({ column: "y", steps: [{ step: 1 }, { step: 2 }, { step: 3 }] });
    expect(details?.baselines?.[0]).toMatchObject({ baseline: "last value" });
  });

  test("is the same when exported, in the units of the data", async () => {
    const { rows } = await predicted(run, "in.csv", csv([...past, ...ahead]));
    const out = join(temporaryFolder(), "m.onnx");
    const exported = await exportModel({ run, out });
    if (!exported.ok) throw new Error(JSON.stringify(exported.error));
    expect(exported.value.model.outputs).toMatchObject([
      { name: "outputs", shape: ["batch", 4 * horizon] },
      { name: "forecasts", shape: ["batch", 2 * horizon, 2] },
    ]);
    expect(await exportModel({ run, out, form: "step" })).toMatchObject({
      error: { problems: [{ message: expect.stringContaining("its predictions are fed back into the window") }] },
    });
    expect(await exportModel({ run, out, unroll: 4 })).toMatchObject({
      error: { problems: [{ code: "unroll-rows" }] },
    });
    expect(rows).toHaveLength(2 * horizon);
  });
});

test("the loss of windows in their own scale is that of all rows", async () => {
  const { out } = await trainSpec(
    {
      data: {
        ...data,
        columns: ["y"],
        target: ["y"],
        group: null,
        known_future: null,
        scale: { type: "mean_abs", per: "window" },
        split: { test: 0.25 },
      },
      model: [past3, { layer: "dense", size: "classes" }],
      loss: { type: "absolute_error" },
      metrics: [],
      train: { steps: 2 },
    },
    { "t.csv": csv(past.slice(0, 15)) },
  );
  const outcome = await evaluateRun({
    run: out,
    data: null,
    split: "test",
    weights: "end",
    device: "cpu",
    withDetails: true,
  });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
  expect(outcome.value.examples.test).toBe(1);
  const values = past.slice(0, 15).map((each) => Number(each.split(",")[3]));
  const scale = values.slice(-window - horizon, -horizon).reduce((sum, value) => sum + value, 0) / window;
  const mae = outcome.value.details?.columns?.[0]?.mae ?? 0;
  expect(mae).toBeGreaterThan(0.1);
  expect(outcome.value.metrics.test.loss).toBeCloseTo(mae / scale, 5);
});

test("mistakes", async () => {
  const problemsOf = async (...request: Parameters<typeof open>) => {
    const { opened } = await open(...request);
    return opened.ok ? [] : opened.error.map(({ message }) => message);
  };
  expect(await problemsOf({ known_future: [] })).toEqual([
    'The next rows need "promo" of "t.csv", which the model reads but does not predict.',
  ]);
  expect(await problemsOf({ columns: { promo: "boolean" }, target: ["y"], group: null, time: null })).toEqual([
    "No target is an input, so that no prediction is fed back.",
  ]);
  const refused = async (change: object, loss: object = { type: "squared_error" }) =>
    unplacedProblems({
      data: { ...data, ...change },
      model: layers("classes"),
      loss,
      optimizer: { type: "adam" },
      train: { steps: 1 },
    });
  expect(await refused({ horizon: [2, 3] })).toEqual([
    expect.stringContaining("Predictions are fed back from each row to the next one, but the horizon skips rows."),
  ]);
  expect(await refused({}, { type: "quantile", levels: [0.1, 0.9] })).toEqual([
    expect.stringContaining("The median is fed back, but the loss has no level 0.5."),
  ]);
  expect(await refused({}, { type: "cross_entropy" })).toContainEqual(
    expect.stringContaining("The outputs of cross_entropy are no numbers that could be fed back."),
  );
});
