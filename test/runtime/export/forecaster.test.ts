/** The program of an exported forecaster: from the rows of a file to the numbers of `rnnx predict`, in numpy and onnxruntime alone. */
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dateReader } from "../../../runtime/data/formats/date-values.js";
import { exportModel } from "../../../runtime/export/index.js";
import { pythonDates } from "../../../runtime/export/snippets/python-dates.js";
import { pythonRuns } from "../../support/model-paths.js";
import { predicted } from "../../support/predict-file.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { trainSpec } from "../../support/training-runs.js";

const SERIES = 414;
const [window, horizon] = [4, 3];
const day = (row: number) => `${`${row + 1}`.padStart(2, "0")}.03.2024`;
const kindOf = (series: number) => ["small", '"large "', ""][series % 3];
const sizeOf = (series: number) => (series % 5) + 0.5;
const lineOf = (series: number, row: number, isAhead: boolean) => {
  const y = (5 + (series % 9) + ((row * 7 + series) % 5) * 0.25).toFixed(2).replace(".", ",");
  const price = `${((series * 3 + row) % 11) + 1}.125 €`;
  return `shop ${series};${day(row)};${row % 2 === 0 ? "ja" : "nein"};${price};${kindOf(series)};${`${sizeOf(series)}`.replace(".", ",")};${isAhead ? "" : y};a;b`;
};
// A column with an integer as its name comes first among the keys of an object.
const header = "shop ; day;promo;price;2;size;y;note;note";
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
    2: "category",
    size: "number",
    day: { type: "date", format: "%d.%m.%Y", features: ["weekday", "day"] },
  },
  target: ["y"],
  group: ["shop", "2"],
  time: "day",
  known_future: ["promo", "price"],
  static: ["2", "size"],
  scale: "standard",
  window,
  horizon,
};
const model = (size: number) => [
  { layer: "rnn", cell: "gru", hidden_size: 3, return: "last", name: "past" },
  { layer: "rnn", cell: "gru", hidden_size: 2, return: "last", from: "future", name: "coming" },
  { layer: "embedding", size: 2, from: "static.column_2", name: "shape" },
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
  const { loss } = parts;
  test(`has the predictions of one series and of ${SERIES}`, async () => {
    const few = Array.from({ length: SERIES }, (_each, index) => index);
    const { out } = await trainSpec({ name: "panel", ...parts, train: { steps: 3 } }, { "t.csv": file(few, 9, 0) });
    const folder = temporaryFolder();
    const exported = await exportModel({ run: out, out: join(folder, "m.onnx"), snippets: true });
    if (!exported.ok) throw new Error(JSON.stringify(exported.error));
    writeFileSync(join(folder, "other.csv"), "shop;y\na;1\n");
    const { status, stderr } = spawnSync("python3", ["m.forecast.py", "other.csv"], { cwd: folder, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^other\.csv has no column .+\n$/) });
    for (const series of [[7], Array.from({ length: SERIES }, (_each, index) => index)]) {
      const rows = `sep=;\n${file(series, 6, horizon)};;;;;;;;\n`;
      writeFileSync(join(folder, "in.csv"), rows);
      const text = execFileSync("python3", ["m.forecast.py", "in.csv"], { cwd: folder, encoding: "utf8" });
      const [head, ...lines] = text.trimEnd().split("\n");
      const numbers = loss.type === "squared_error" ? ["y"] : ["y", "y_std"];
      expect(head).toBe(["shop", "2", "step", ...numbers].join());
      const expected = await predicted(out, "in.csv", rows);
      const key = (shop: unknown, kind: unknown, step: unknown) => `${shop},${`${kind}`.trim()},${step}`;
      const byRow = new Map(expected.rows.map((row) => [key(row.shop, row[2], row.step), row]));
      expect(lines).toHaveLength(series.length * horizon);
      for (const line of lines) {
        const [shop, kind, step, ...found] = line.split(",");
        for (const [index, name] of numbers.entries()) {
          const wanted = Number(byRow.get(key(shop, kind, step))?.[name]);
          expect(Math.abs(Number(found[index]) - wanted) / Math.abs(wanted)).toBeLessThan(1e-5);
        }
      }
    }
  });
});

/** The time of a row by the unit of its steps; rows 5, 16 and 22 are not in the file. */
const times: Readonly<Record<string, (row: number) => string | number>> = {
  number: (row) => 1990 + 2 * row,
  time: (row) => new Date(Date.UTC(2024, 1, 27, 6 * row)).toISOString().slice(0, 16).replace("T", " "),
  month: (row) => new Date(Date.UTC(2023, row, 15)).toISOString().slice(0, 10),
  month_end: (row) => new Date(Date.UTC(2023, row + 1, 0)).toISOString().slice(0, 10),
};

describe.skipIf(!pythonRuns)(
  "rows that a file skips, and missing values, in Python (needs numpy and onnxruntime)",
  () => {
    test.each(Object.keys(times))("steps of a %s", async (unit) => {
      const isInterpolated = unit !== "time";
      const rows = Array.from({ length: 24 }, (_, row) => {
        const [x, y] = [(row * 7) % 5, 40 + ((row * 11) % 9) * 2.5];
        return `${times[unit]?.(row)},${row === 18 || row === 23 ? "" : x},${row === 21 ? "" : y},${row === 19 ? "" : x * y},${row % 3 === 0 ? "a" : "b"}`;
      }).filter((_, row) => ![5, 16, 22].includes(row));
      const text = `t,x,y,z,c\n${rows.reverse().join("\n")}\n`;
      const gaps = {
        ...{ type: "table", file: "t.csv", target: ["y"], time: "t", scale: "standard", window: 9, horizon: 2 },
        columns: { x: { type: "number", missing: "mean", indicator: true }, y: "number", z: "number", c: "category" },
        missing: isInterpolated ? "interpolate" : "previous",
      };
      const layers = [model(1)[0], { layer: "dense", size: 2 }];
      const spec = { name: "gaps", data: gaps, model: layers, loss: { type: "squared_error" }, train: { steps: 2 } };
      const { out } = await trainSpec(spec, { "t.csv": text });
      const folder = temporaryFolder();
      const exported = await exportModel({ run: out, out: join(folder, "m.onnx"), snippets: true });
      if (!exported.ok) throw new Error(JSON.stringify(exported.error));
      writeFileSync(join(folder, "in.csv"), text);
      const printed = execFileSync("python3", ["m.forecast.py", "in.csv"], { cwd: folder, encoding: "utf8" });
      const found = printed
        .trimEnd()
        .split("\n")
        .slice(1)
        .map((line) => Number(line.split(",")[1]));
      const { rows: wanted } = await predicted(out, "in.csv", text);
      expect(found).toHaveLength(2);
      for (const [step, value] of found.entries()) expect(value).toBeCloseTo(Number(wanted[step]?.y), 3);
      writeFileSync(join(folder, "twice.csv"), `${text}${rows[0]}\n`);
      const { status, stderr } = spawnSync("python3", ["m.forecast.py", "twice.csv"], {
        cwd: folder,
        encoding: "utf8",
      });
      expect({ status, stderr }).toEqual({ status: 1, stderr: "A series has two rows of one time.\n" });
    });
  },
);

const dates = [
  ["%s", "1709251200.5"],
  ["(Q%q) %Y", "(Q3) 2024"],
  ["%d %B %Y, %I:%M %p", "1  March 2024, 12:05 am"],
  ["%G-W%V", "2020-W53"],
  ["%Y-%j %T.%f", "2024-366 23:59:58.25"],
  ["%m%%%y", "2%68"],
  ["%F %R %z", "2024-02-29 10:30 +02:00"],
];

test.skipIf(!pythonRuns)("dates in Python are those of tables", () => {
  const program = `import json, re, sys\nfrom datetime import datetime, timedelta\n${pythonDates()}
epoch = datetime(1970, 1, 1)
days = [date(field, format).replace(tzinfo=None) for format, field in json.loads(sys.argv[1])]
print(json.dumps([(day - epoch) / timedelta(milliseconds=1) for day in days]))`;
  const text = execFileSync("python3", ["-c", program, JSON.stringify(dates)], { encoding: "utf8" });
  expect(JSON.parse(text)).toEqual(dates.map(([format = "", field = ""]) => dateReader(format)(field)));
});

test("an export without a program states the reason", async () => {
  const rows = Array.from({ length: 12 }, (_, row) => `${row % 3}\n`).join("");
  const numbered = {
    type: "table",
    file: "t.csv",
    header: false,
    target: [1],
    window: 2,
    horizon: 1,
    scale: "standard",
  };
  const parts = { data: numbered, model: [{ layer: "rnn", cell: "gru", hidden_size: 2, return: "last" }, model(1)[4]] };
  const spec = { name: "numbered", ...parts, loss: { type: "quantile", levels: [0.5] }, train: { steps: 1 } };
  const { out } = await trainSpec(spec, { "t.csv": rows });
  const folder = temporaryFolder();
  const exported = await exportModel({ run: out, out: join(folder, "m.onnx"), snippets: true });
  expect(exported).toMatchObject({
    ok: true,
    value: {
      notices: ["No program .forecast.py is written: it finds columns by the names in the first row of a file."],
    },
  });
});
