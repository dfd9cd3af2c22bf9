/** Windows scaled by their own rows: as a model of arrays that were scaled by hand, in training, prediction and export. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { exportModel } from "../../../../runtime/export/index.js";
import { loadRun } from "../../../../runtime/load-run.js";
import { unplacedProblems } from "../../../support/read-spec.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";
import { trainSpec } from "../../../support/training-runs.js";

const rows = Array.from({ length: 14 }, (_, row) => [100 + 7 * row + (row % 3), 5 * (row % 4) - 2] as const);
/** Numbers that have logarithms. */
const positiveRows = rows.map(([a, b]) => [a, b + 3] as const);
const csvOf = (own: readonly (readonly number[])[]) => `a,b\n${own.map((row) => row.join(",")).join("\n")}\n`;
const csv = csvOf(rows);
const [window, horizon] = [4, 2];
const data = { type: "table", file: "t.csv", target: ["b", "a"], window, horizon };
const model = (size: number) => [
  { layer: "rnn", cell: "gru", hidden_size: 3, return: "last" },
  { layer: "dense", size },
];
const train = { steps: 4, batch_size: "all", shuffle: false };

type Type = "standard" | "min_max" | "mean_abs" | "log";

/** Location and scale of each column of a window. */
function statistics(part: readonly (readonly number[])[], type: Type) {
  return [0, 1].map((column) => {
    const values = part.map((row) => row[column] ?? 0);
    const mean = (numbers: readonly number[]) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
    if (type === "log") return [mean(values.map(Math.log)), 1] as const;
    const size = mean(values.map(Math.abs));
    if (type === "mean_abs") return [0, size] as const;
    const least = Math.min(...values);
    if (type === "min_max") return [least, Math.max(...values) - least] as const;
    return [mean(values), Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)))] as const;
  });
}

/** The windows with targets, scaled by hand, and the statistics of the columns of the targets. */
function byHand(type: Type, own: readonly (readonly [number, number])[]) {
  const starts = Array.from({ length: own.length - window - horizon + 1 }, (_, start) => start);
  return starts.map((start) => {
    const part = own.slice(start, start + window);
    const scales = statistics(part, type);
    const scaled = (value: number, column: number) =>
      ((type === "log" ? Math.log(value) : value) - (scales[column]?.[0] ?? 0)) / (scales[column]?.[1] ?? 1);
    const targets = own
      .slice(start + window, start + window + horizon)
      .flatMap(([a, b]) => [scaled(b, 1), scaled(a, 0)]);
    return {
      inputs: part.map((row) => row.map(scaled)),
      targets,
      scales: [scales[1], scales[0], scales[1], scales[0]],
    };
  });
}

describe.each<[Type, object, number]>([
  ["standard", { type: "squared_error" }, 4],
  ["min_max", { type: "absolute_error" }, 4],
  ["mean_abs", { type: "squared_error" }, 4],
  ["standard", { type: "gaussian_nll" }, 8],
  ["mean_abs", { type: "quantile", levels: [0.1, 0.5] }, 8],
  ["standard", { type: "mixture_density", components: 2 }, 24],
  ["log", { type: "absolute_error" }, 4],
  ["log", { type: "quantile", levels: [0.1, 0.5] }, 8],
])("%s with %j", (type, loss, size) => {
  test("trains and predicts as scaling by hand does", async () => {
    const scale = { type, per: "window" };
    const numbers = type === "log" ? positiveRows : rows;
    const own = await trainSpec(
      { name: "w", data: { ...data, scale }, model: model(size), loss, train },
      { "t.csv": csvOf(numbers) },
    );
    const windows = byHand(type, numbers);
    const arrays = {
      type: "arrays",
      inputs: windows.map(({ inputs }) => inputs),
      targets: windows.map(({ targets }) => targets),
    };
    const hand = await trainSpec({ name: "w", data: arrays, model: model(size), loss, train });
    expect(own.done.metrics.train.loss).toBeCloseTo(hand.done.metrics.train.loss ?? Number.NaN, 3);
    const run = async (out: string, values: readonly number[], width: number) => {
      const session = await ort.InferenceSession.create(readFileSync(join(out, "model.onnx")));
      const inputs = new ort.Tensor("float32", Float32Array.from(values), [1, window, width]);
      return Array.from((await session.run({ inputs })).outputs?.data as Float32Array);
    };
    const last = windows.at(-1);
    const raw = await run(own.out, numbers.slice(8, 12).flat(), 2);
    const scaled = await run(hand.out, last?.inputs.flat() ?? [], 2);
    const kinds: Readonly<Record<string, readonly string[]>> = {
      gaussian_nll: ["value", "log_variance"],
      mixture_density: ["none", "value", "log"],
    };
    const blocks = kinds[(loss as { type: string }).type] ?? ["value"];
    const repeats = size / blocks.length / 4;
    const expected = scaled.map((value, index) => {
      const kind = blocks[Math.floor(index / (size / blocks.length))];
      const [location, factor] = last?.scales[Math.floor((index % (size / blocks.length)) / repeats)] ?? [0, 1];
      if (kind === "none") return value;
      if (type === "log") return Math.exp(value + location);
      return kind === "value" ? value * factor + location : value + Math.log(factor) * (kind === "log" ? 1 : 2);
    });
    for (const [index, value] of expected.entries()) expect(raw[index]).toBeCloseTo(value, 3);
    if (loss !== null && size > 4) return;
    const file = join(temporaryFolder(), "m.onnx");
    const exported = await exportModel({ run: own.out, out: file });
    expect(exported.ok).toBe(true);
    const loaded = await loadRun(own.out);
    if (!loaded.ok) return;
    const predicted = await loaded.value.predict({ rows: numbers.slice(8, 12).map(([a, b]) => ({ a, b })) });
    if (!predicted.ok) throw new Error(JSON.stringify(predicted.error));
    const found = predicted.value.predictions.flatMap(({ b, a }) => [b, a]);
    for (const [index, value] of found.entries()) expect(raw[index]).toBeCloseTo(Number(value), 3);
  });
});

test("a scale of logarithms scales no booleans, and refuses numbers without a logarithm", async () => {
  const csvWith = (last: number) =>
    `y,on\n${Array.from({ length: 8 }, (_, row) => `${row === 7 ? last : 2 ** row},${row % 2}`).join("\n")}\n`;
  const own = { ...data, columns: { y: "number", on: "boolean" }, target: ["y"], horizon: 1 };
  const spec = (scale: object) => ({
    name: "l",
    data: { ...own, scale },
    model: model(1),
    loss: { type: "squared_error" },
    train: { steps: 1 },
  });
  const scale = { type: "log", per: "window" };
  const { out, done } = await trainSpec(spec(scale), { "t.csv": csvWith(128) });
  expect(done.metrics.train.loss).toBeLessThan(10);
  const loaded = await loadRun(out);
  if (!loaded.ok) throw new Error("no run");
  const predict = (y: number) => loaded.value.predict({ rows: [y, 2, 4, 8].map((each) => ({ y: each, on: 0 })) });
  expect((await predict(1)).ok).toBe(true);
  expect(JSON.stringify(await predict(0))).toContain('Column \\"y\\" has 0, which has no logarithm.');
  await expect(trainSpec(spec(scale), { "t.csv": csvWith(-3) })).rejects.toThrow(
    't.csv:9: Column \\"y\\" has -3, which has no logarithm.',
  );
  await expect(
    trainSpec({ ...spec(scale), model: model(2), loss: { type: "gaussian_nll" } }, { "t.csv": csvWith(128) }),
  ).rejects.toThrow("parameters of a distribution of logarithms");
});

test("a constant window has a scale, and booleans are not scaled", async () => {
  const constant = `y,on\n${Array.from({ length: 8 }, (_, row) => `5,${row % 2}`).join("\n")}\n`;
  const columns = { y: "number", on: "boolean" };
  const own = { ...data, columns, target: ["y"], scale: { type: "standard", per: "window" }, horizon: 1 };
  const { out, done } = await trainSpec(
    { name: "c", data: own, model: model(1), loss: { type: "squared_error" }, train: { steps: 1 } },
    { "t.csv": constant },
  );
  expect(done.metrics.train.loss).toBeLessThan(10);
  const loaded = await loadRun(out);
  if (!loaded.ok) throw new Error("no run");
  expect(loaded.value.signature.window_scaling).toEqual({ columns: [true, false], targets: { targets: [0] } });
});

describe("mistakes", () => {
  const spec = (change: object, rest: object = {}) => ({
    name: "m",
    data: { ...data, scale: { type: "standard", per: "window" }, ...change },
    model: model(4),
    loss: { type: "squared_error" },
    optimizer: { type: "adam" },
    ...rest,
  });

  test("in the spec", async () => {
    expect(await unplacedProblems(spec({ window: null, horizon: 0 }))).toContainEqual(
      expect.stringContaining("A scale per window needs targets after a window that has their columns"),
    );
    expect(await unplacedProblems(spec({ scale: "log" }))).toContainEqual(
      expect.stringContaining('The scale "log" is that of windows or series, not of columns.'),
    );
    const stateful = [
      { layer: "rnn", cell: "gru", hidden_size: 3, return: "last", stateful: true },
      { layer: "dense", size: 4 },
    ];
    expect(await unplacedProblems(spec({}, { model: stateful }))).toContainEqual(
      expect.stringContaining("each window has a scale of its own"),
    );
  });

  test("of uses of the data", async () => {
    const everyStep = [
      { layer: "rnn", cell: "gru", hidden_size: 3 },
      { layer: "dense", size: 4 },
    ];
    await expect(trainSpec(spec({}, { model: everyStep }), { "t.csv": csv })).rejects.toThrow(
      "later rows of its window",
    );
    await expect(trainSpec(spec({ columns: ["a"] }), { "t.csv": csv })).rejects.toThrow(
      'The target \\"b\\" is no input, so that no window has a scale for it.',
    );
    const embedding = {
      loss: { type: "own" },
      losses: { own: { target: "numbers", output_size: 4, equations: ["loss = (y - t) ^ 2"] } },
    };
    await expect(trainSpec(spec({}, embedding), { "t.csv": csv })).rejects.toThrow("cannot be scaled back by a window");
    const counts = { loss: { type: "poisson_nll" } };
    await expect(trainSpec(spec({}, counts), { "t.csv": csv })).rejects.toThrow("poisson_nll reads counts");
  });
});
