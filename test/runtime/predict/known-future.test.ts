/** Columns that are known ahead: arrays of the rows to be predicted, predictions from a file that ends with them, and exports. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as ort from "onnxruntime-node";
import { beforeAll, describe, expect, test } from "vitest";
import { inferSignature } from "../../../runtime/data/data-signature.js";
import { openData } from "../../../runtime/data/index.js";
import { exportModel } from "../../../runtime/export/index.js";
import { predicted, rejectedPredict } from "../../support/predict-file.js";
import { normal, unplacedProblems } from "../../support/read-spec.js";
import { sharedFolder, temporaryFolder } from "../../support/temporary-folder.js";
import { trainSpec } from "../../support/training-runs.js";

const [window, horizon] = [4, 2];
const day = (row: number) => new Date(Date.UTC(2024, 0, 1 + row)).toISOString().slice(0, 10);
const promo = (row: number) => Number(row % 3 === 0);
const line = (shop: string, row: number, y: number | "") => `${shop},${day(row)},${promo(row)},${row % 5},${y}`;
const past = Array.from({ length: 16 }, (_, row) => [line("a", row, 10 + row), line("b", row, 50 - row)]).flat();
const ahead = [16, 17].flatMap((row) => [line("a", row, ""), line("b", row, "")]);
const csv = (lines: readonly string[]) => `shop,day,promo,price,y\n${lines.join("\n")}\n`;

const model = [
  { layer: "rnn", cell: "gru", hidden_size: 3, return: "last", name: "past" },
  { layer: "cycle", from: "future.day.weekday", name: "weekday" },
  { layer: "concat", from: ["future", "weekday"] },
  { layer: "rnn", cell: "gru", hidden_size: 3, return: "last", name: "coming" },
  { layer: "concat", from: ["past", "coming"] },
  { layer: "dense", size: "classes" },
];
const data = {
  type: "table",
  file: "t.csv",
  columns: { y: "number", price: "number", promo: "boolean", day: { type: "date", features: ["weekday"] } },
  target: ["y"],
  group: ["shop"],
  time: "day",
  known_future: ["promo", "price"],
  scale: "standard",
  window,
  horizon,
};
const spec = { name: "panel", data, model, loss: { type: "squared_error" }, train: { steps: 3 } };

async function open(change: object = {}, layers: readonly object[] = model) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "t.csv"), csv(past));
  const { spec: read } = await normal({
    ...spec,
    data: { ...data, ...change },
    model: layers,
    optimizer: { type: "adam" },
  });
  const opened = await openData(read, folder);
  return { read, opened };
}

test("are arrays of the rows to be predicted, in the columns' own scale", async () => {
  const { opened, read } = await open({ scale: "none" });
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const batch = opened.value.batch([2]);
  expect(batch.get("future")).toMatchObject({
    shape: [1, horizon, 2],
    data: Float32Array.of(6 % 5, promo(6), 7 % 5, promo(7)),
  });
  expect(Array.from(batch.get("future.day.weekday")?.data ?? [], Number)).toEqual([6, 0]);
  expect(opened.value.metadata).toMatchObject({ known_future: ["price", "promo"] });
  expect(await inferSignature(read, "")).toMatchObject({
    value: { signatures: [{ side_inputs: { future: { shape: ["batch", "future_time", 2] } } }] },
  });
});

describe("a trained model", () => {
  const folder = sharedFolder();
  let run = "";
  beforeAll(async () => {
    run = (await trainSpec(spec, { "t.csv": csv(past) }, folder)).out;
  });

  test("predicts the last rows of each series, which may lack what is not known", async () => {
    const { rows } = await predicted(run, "in.csv", csv([...past, ...ahead]));
    expect(rows.map(({ shop, step, day: time }) => [shop, step, time])).toEqual([
      ["a", 1, day(16)],
      ["a", 2, day(17)],
      ["b", 1, day(16)],
      ["b", 2, day(17)],
    ]);
    const changed = ahead.map((each) => each.replace(/,\d,,?$/, ",4,").replace(/,\d,(\d),$/, ",1,$1,"));
    const other = await predicted(run, "in.csv", csv([...past, ...changed]));
    expect(other.rows[0]?.y).not.toBe(rows[0]?.y);
  });

  test("repeats the fields of the predicted rows that the model does not read", async () => {
    const noted = (lines: readonly string[]) =>
      csv(lines.map((each, index) => `${each},note ${index}`)).replace("y\n", "y,note\n");
    const { rows } = await predicted(run, "in.csv", noted([...past, ...ahead]));
    expect(rows.map(({ note }) => note)).toEqual(["note 32", "note 34", "note 33", "note 35"]);
    expect(Object.keys(rows[0] ?? {})).toEqual(["line", "shop", "note", "step", "day", "y"]);
  });

  test("names the series that are too short", async () => {
    const short = [line("c", 14, 1), line("c", 15, 1), line("c", 16, ""), line("c", 17, "")];
    const { rows, notices } = await predicted(run, "in.csv", csv([...past, ...ahead, ...short]));
    expect(new Set(rows.map(({ shop }) => shop))).toEqual(new Set(["a", "b"]));
    expect(notices).toContain(
      "1 of 3 series without a prediction, too short for a window of 4 rows and the 2 rows to be predicted: c.",
    );
  });

  test("refuses an empty value before them, and too few rows", async () => {
    const gap = past.map((each) => (each === line("a", 15, 25) ? line("a", 15, "") : each));
    expect(await rejectedPredict(run, "in.csv", csv([...gap, ...ahead]))).toMatchObject([
      { message: 'in.csv:32: Column "y" has no value.' },
    ]);
    expect(await rejectedPredict(run, "in.csv", csv(past.slice(0, 6)))).toMatchObject([
      { message: '"in.csv" has 6 rows, but the model reads windows of 4 rows, and 2 rows to be predicted.' },
    ]);
  });

  test("is the same when exported, in the units of the data", async () => {
    const out = join(temporaryFolder(), "m.onnx");
    const exported = await exportModel({ run, out, snippets: true });
    if (!exported.ok) throw new Error(JSON.stringify(exported.error));
    const program = readFileSync(join(dirname(out), "m.use.mjs"), "utf8");
    expect(program).toContain('future: new Tensor("float32", new Float32Array(2 * 2), [1, 2, 2])');
    const { rows } = await predicted(run, "in.csv", csv([...past, ...ahead]));
    const session = await ort.InferenceSession.create(out);
    const windowOf = (first: number, sign: number) =>
      [12, 13, 14, 15].flatMap((row) => [first + sign * row, row % 5, promo(row)]);
    const inputs = Float32Array.from([...windowOf(10, 1), ...windowOf(50, -1)]);
    const next = [16, 17, 16, 17];
    const future = Float32Array.from(next.flatMap((row) => [row % 5, promo(row)]));
    const weekdays = (of: readonly number[]) => Int32Array.from(of, (row) => row % 7);
    const feeds: Record<string, ort.Tensor> = {
      inputs: new ort.Tensor("float32", inputs, [2, window, 3]),
      future: new ort.Tensor("float32", future, [2, horizon, 2]),
      "future.day.weekday": new ort.Tensor("int32", weekdays(next), [2, horizon]),
      "day.weekday": new ort.Tensor("int32", weekdays([12, 13, 14, 15, 12, 13, 14, 15]), [2, window]),
    };
    const given = Object.fromEntries(session.inputNames.map((name) => [name, feeds[name]]));
    const { outputs } = await session.run(given as Record<string, ort.Tensor>);
    for (const [index, { y }] of rows.entries()) expect(outputs?.data[index]).toBeCloseTo(Number(y), 4);
  });

  const python = "/usr/bin/env";
  const hasPython = (() => {
    try {
      execFileSync(python, ["python3", "-c", "import numpy, onnxruntime"], { stdio: "ignore" });
      return existsSync(python);
    } catch {
      return false;
    }
  })();

  test.skipIf(!hasPython)("is that of numpy and onnxruntime from raw rows (needs these Python packages)", async () => {
    const folder = temporaryFolder();
    const exported = await exportModel({ run, out: join(folder, "m.onnx") });
    expect(exported.ok).toBe(true);
    writeFileSync(join(folder, "in.csv"), csv([...past, ...ahead]));
    const program = `
import csv, datetime, json, numpy as np, onnxruntime as ort
session = ort.InferenceSession("m.onnx")
rows = list(csv.DictReader(open("in.csv")))
weekday = lambda row: datetime.date.fromisoformat(row["day"]).weekday()
known = json.loads(session.get_modelmeta().custom_metadata_map["rnnx.data.known_future"])
columns = json.loads(session.get_modelmeta().custom_metadata_map["rnnx.data.columns"])
shops = [sorted((r for r in rows if r["shop"] == shop), key=lambda r: r["day"]) for shop in ("a", "b")]
past, ahead = [s[-6:-2] for s in shops], [s[-2:] for s in shops]
numbers = lambda part, names: np.array([[[float(r[n]) for n in names] for r in s] for s in part], np.float32)
ids = lambda part: np.array([[weekday(r) for r in s] for s in part], np.int32)
feeds = {"inputs": numbers(past, columns), "future": numbers(ahead, known), "day.weekday": ids(past), "future.day.weekday": ids(ahead)}
run = lambda pick: session.run(["outputs"], {i.name: feeds[i.name][pick] for i in session.get_inputs()})[0].ravel().tolist()
print(json.dumps([run(slice(0, 2)), run(slice(0, 1)) + run(slice(1, 2))]))
`;
    const text = execFileSync(python, ["python3", "-c", program], { cwd: folder, encoding: "utf8" });
    const { rows } = await predicted(run, "in.csv", csv([...past, ...ahead]));
    for (const found of JSON.parse(text) as readonly (readonly number[])[])
      for (const [index, { y }] of rows.entries())
        expect(Math.abs((found[index] ?? Number.NaN) - Number(y)) / Math.abs(Number(y))).toBeLessThan(1e-5);
  });
});

test("refuses more rows ahead than the horizon, which would be filled", async () => {
  const { out } = await trainSpec({ ...spec, data: { ...data, missing: "previous" } }, { "t.csv": csv(past) });
  const more = [18, 19].map((row) => line("b", row, ""));
  const [problem] = await rejectedPredict(out, "in.csv", csv([...past, ...ahead, ...more]));
  expect(problem).toMatchObject({
    message: "in.csv:35: The series ends with 4 rows to be predicted, but the model predicts 2 rows.",
  });
  expect((await predicted(out, "in.csv", csv([...past, ...ahead]))).rows).toHaveLength(4);
});

test("mistakes", async () => {
  const problemsOf = async (...request: Parameters<typeof open>) => {
    const { opened } = await open(...request);
    return opened.ok ? [] : opened.error.map(({ message }) => message);
  };
  expect(await problemsOf({ known_future: ["promos"] })).toEqual(['Column "promos" of "t.csv" is no input.']);
  expect(await problemsOf({ known_future: ["y"] })).toEqual(['Column "y" of "t.csv" is a target.']);
  const decoder = [
    { layer: "rnn", cell: "gru", hidden_size: 3, from: "future" },
    { layer: "dense", size: 1 },
  ];
  expect(await problemsOf({}, decoder)).toEqual([
    expect.stringContaining("an output for each step of the rows to be predicted"),
  ]);
  expect(
    await unplacedProblems({ ...spec, data: { ...data, horizon: 0 }, optimizer: { type: "adam" } }),
  ).toContainEqual(expect.stringContaining("the horizon is a row of the window"));
});
