/** Predictions of a table with kinds of columns: those of the exported model on the same rows, and its programs. */
import { spawnSync } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { exportModel } from "../../../runtime/export/index.js";
import { expectCsharpPrints } from "../../support/csharp.js";
import { predicted, rejectedPredict } from "../../support/predict-file.js";
import { root } from "../../support/spawn.js";
import { trainSpec } from "../../support/training-runs.js";

const shops = ["north", "south", "west"];
const rows = Array.from({ length: 40 }, (_, row) => ({
  day: `${(row % 28) + 1}.${(row % 12) + 1}.2024`,
  shop: shops[row % 3] ?? "",
  price: 10 + (row % 7) * 0.5,
  promo: row % 4 === 0,
  sold: 3 + (row % 3) + (row % 4 === 0 ? 2 : 0),
}));
type Row = (typeof rows)[number];
const fields = ({ day, shop, price, promo, sold }: Row) =>
  [day, shop, `${price.toFixed(2)} kg`.replace(".", ","), promo ? "yes" : "no", `${sold}`].join(";");
const csvOf = (list: readonly Row[]) => `${["day;shop;price;promo;sold", ...list.map(fields)].join("\n")}\n`;

const spec = {
  name: "sales",
  seed: 3,
  data: {
    type: "table",
    file: "t.csv",
    delimiter: ";",
    decimal: ",",
    columns: {
      day: { type: "date", format: "%d.%m.%Y", features: ["weekday", "month"] },
      shop: { type: "category", size: 3 },
      price: { type: "number", unit: "kg" },
      promo: "boolean",
    },
    target: ["sold"],
    window: 2,
    scale: "standard",
  },
  model: [
    { layer: "rnn", cell: "gru", hidden_size: 4, return: "last" },
    { layer: "dense", size: "classes" },
  ],
  loss: { type: "squared_error" },
  optimizer: { type: "adam", learning_rate: 0.01 },
  train: { steps: 5, batch_size: 8 },
};

test("the exported model has the predictions, from the units of the file and ids by the metadata", async () => {
  const { out, folder } = await trainSpec(spec, { "t.csv": csvOf(rows) });
  const model = join(folder, "m.onnx");
  const outcome = await exportModel({ run: out, out: model, snippets: true });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  const inputs = rows.map((row, index) =>
    index === 5 ? { ...row, shop: "east" } : index === 6 ? { ...row, shop: "" } : row,
  );
  const { rows: predictions, notices } = await predicted(out, "in.csv", csvOf(inputs));
  expect(notices.join("\n")).toContain('Column "shop" has values that the training split lacks: "east".');

  const windows = Array.from({ length: rows.length - 1 }, (_, row) => inputs.slice(row, row + 2)).flat();
  const shape = [rows.length - 1, 2];
  const ids = (of: (row: Row) => number) => new Tensor("int32", Int32Array.from(windows, of), shape);
  const dateOf = ({ day }: Row) => new Date(day.replace(/(\d+)\.(\d+)\.(\d+)/, "$3-$2-$1Z"));
  const shopId = ({ shop }: Row) => (shop === "" ? 3 : shop === "east" ? 4 : shops.indexOf(shop));
  const session = await InferenceSession.create(model);
  expect([...session.inputNames].sort()).toEqual(["day.month", "day.weekday", "inputs", "shop"]);
  const features = Float32Array.from(windows.flatMap(({ price, promo }) => [price, promo ? 1 : 0]));
  const { outputs } = await session.run({
    inputs: new Tensor("float32", features, [...shape, 2]),
    shop: ids(shopId),
    "day.weekday": ids((row) => (dateOf(row).getUTCDay() + 6) % 7),
    "day.month": ids((row) => dateOf(row).getUTCMonth()),
  });
  expect(predictions).toHaveLength(rows.length - 1);
  for (const [index, { sold }] of predictions.entries()) expect(sold).toBeCloseTo(Number(outputs?.data[index]), 4);

  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const node = spawnSync(process.execPath, [join(folder, "m.use.mjs")], { encoding: "utf8" });
  expect([node.stderr, node.stdout]).toEqual(["", expect.stringMatching(/^sold: -?\d/)]);
  expectCsharpPrints(join(folder, "m.use.cs"), node.stdout);
  const python = spawnSync("python3", [join(folder, "m.use.py")], { encoding: "utf8" });
  const lacksPackages = python.status !== 0 && /ModuleNotFoundError|ENOENT/.test(`${python.stderr}${python.error}`);
  if (!lacksPackages) {
    const [number] = /-?\d[\d.e-]*/.exec(python.stdout) ?? [];
    expect(Number(number)).toBeCloseTo(Number(node.stdout.replace("sold: ", "")), 4);
  }
  expect(readFileSync(join(folder, "m.use.cs"), "utf8")).toContain(
    'Enumerable.Repeat(Category("shop", "north"), rows.Length)',
  );
});

test("a file without a column, and a field of another kind", async () => {
  const { out } = await trainSpec(spec, { "t.csv": csvOf(rows) });
  expect(await rejectedPredict(out, "in.csv", "day;price;promo\n1.1.2024;1 kg;no\n")).toMatchObject([
    { message: '"in.csv" has no column "shop", which is an input of the model.' },
  ]);
  expect(await rejectedPredict(out, "in.csv", csvOf(rows).replace("2.2.2024", "2024-02-02"))).toMatchObject([
    { message: expect.stringContaining('in.csv:3: Column "day" has "2024-02-02"'), at: ["in.csv", 3, 1] },
  ]);
});
