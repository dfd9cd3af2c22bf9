/** The program of an exported forecaster: from the rows of a file to the numbers of `rnnx predict`, in numpy and onnxruntime alone. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exportModel } from "../../../runtime/export/index.js";
import { pythonRuns } from "../../support/model-paths.js";
import { predicted } from "../../support/predict-file.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { trainSpec } from "../../support/training-runs.js";

const SERIES = 414;
const [window, horizon] = [4, 3];
const day = (row: number) => `${`${row + 1}`.padStart(2, "0")}.03.2024`;
const kindOf = (series: number) => ["small", "large", ""][series % 3];
const sizeOf = (series: number) => (series % 5) + 0.5;
const lineOf = (series: number, row: number, isAhead: boolean) => {
  const y = (5 + (series % 9) + ((row * 7 + series) % 5) * 0.25).toFixed(2).replace(".", ",");
  const price = `${((series * 3 + row) % 11) + 1}.125 €`;
  return `shop ${series};${day(row)};${row % 2 === 0 ? "ja" : "nein"};${price};${kindOf(series)};${`${sizeOf(series)}`.replace(".", ",")};${isAhead ? "" : y}`;
};
const header = "shop;day;promo;price;kind;size;y";
const file = (series: readonly number[], rows: number, ahead: number) => {
  const all = series.flatMap((each) =>
    Array.from({ length: rows + ahead }, (_, row) => lineOf(each, row, row >= rows)),
  );
  return `${[header, ...all].join("\n")}\n`;
};

const data = {
  type: "table",
  file: "t.csv",
  delimiter: ";",
  decimal: ",",
  thousands: ".",
  columns: {
    y: "number",
    price: { type: "number", unit: "€", decimal: ".", thousands: "" },
    promo: { type: "boolean", true: ["ja"], false: ["nein"] },
    kind: "category",
    size: "number",
    day: { type: "date", format: "%d.%m.%Y", features: ["weekday", "day"] },
  },
  target: ["y"],
  group: ["shop", "kind"],
  time: "day",
  known_future: ["promo", "price"],
  static: ["kind", "size"],
  scale: "standard",
  window,
  horizon,
};
const model = (size: number) => [
  { layer: "rnn", cell: "gru", hidden_size: 3, return: "last", name: "past" },
  { layer: "rnn", cell: "gru", hidden_size: 2, return: "last", from: "future", name: "coming" },
  { layer: "embedding", size: 2, from: "static.kind", name: "shape" },
  { layer: "concat", from: ["past", "coming", "static", "shape"] },
  { layer: "dense", size },
];
const cases = {
  direct: { data, model: model(6 * horizon), loss: { type: "mixture_density", components: 2 } },
  autoregressive: {
    data: { ...data, decode: "autoregressive", scale: { type: "standard", per: "series" } },
    model: model(1),
    loss: { type: "squared_error" },
  },
};

const suite = describe.skipIf(!pythonRuns);
suite.each(Object.entries(cases))("%s decoding in Python (needs numpy and onnxruntime)", (_, parts) => {
  test(`has the predictions of one series and of ${SERIES}`, async () => {
    const few = Array.from({ length: SERIES }, (_each, index) => index);
    const { out } = await trainSpec({ name: "panel", ...parts, train: { steps: 3 } }, { "t.csv": file(few, 9, 0) });
    const folder = temporaryFolder();
    const exported = await exportModel({ run: out, out: join(folder, "m.onnx"), snippets: true });
    if (!exported.ok) throw new Error(JSON.stringify(exported.error));
    for (const series of [[7], Array.from({ length: SERIES }, (_each, index) => index)]) {
      const rows = file(series, 6, horizon);
      writeFileSync(join(folder, "in.csv"), rows);
      const text = execFileSync("python3", ["m.forecast.py", "in.csv"], { cwd: folder, encoding: "utf8" });
      const [head, ...lines] = text.trimEnd().split("\n");
      expect(head).toBe("shop,kind,step,y");
      const expected = await predicted(out, "in.csv", rows);
      const key = (shop: unknown, kind: unknown, step: unknown) => `${shop},${kind},${step}`;
      const byRow = new Map(expected.rows.map(({ shop, kind, step, y }) => [key(shop, kind, step), Number(y)]));
      expect(lines).toHaveLength(series.length * horizon);
      for (const line of lines) {
        const [shop, kind, step, y] = line.split(",");
        const wanted = byRow.get(key(shop, kind, step)) ?? Number.NaN;
        expect(Math.abs(Number(y) - wanted) / Math.abs(wanted)).toBeLessThan(1e-5);
      }
    }
  });
});
