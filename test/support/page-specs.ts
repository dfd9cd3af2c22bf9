/** Small specs and their data, one for each type that a page can show. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { exportWeb } from "../../runtime/web/export-web.js";
import type { PageManifest } from "../../runtime/web/page-manifest.js";
import { trainSpec } from "./training-runs.js";
import { tone, wavFile } from "./wav.js";

export interface SpecExample {
  readonly spec: object;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

const jsonl = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

/** An IDX file of bytes. */
function idx(shape: readonly number[], data: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + shape.length * 4));
  header.setUint32(0, 0x0800 + shape.length);
  for (const [axis, size] of shape.entries()) header.setUint32(4 + axis * 4, size);
  return Buffer.concat([Buffer.from(header.buffer), data]);
}

/** 8 × 8: a bar that stands (class 0), or lies (class 1), at some place. */
function barImages(count: number): Uint8Array {
  const pixels = new Uint8Array(count * 64);
  for (let image = 0; image < count; image++) {
    for (let along = 1; along < 7; along++) {
      const across = 1 + (Math.floor(image / 2) % 6);
      const [row, column] = image % 2 === 0 ? [along, across] : [across, along];
      pixels[image * 64 + row * 8 + column] = 255;
    }
  }
  return pixels;
}

const series = Array.from({ length: 40 }, (_, row) => [20 + 5 * Math.sin(row / 3), 100 + row]);

export const specExamples = {
  text: {
    spec: {
      name: "row",
      data: { type: "text", text: "row, row, row your boat\ngently down the stream\n", window: 5 },
      model: [{ layer: "one_hot" }, { layer: "rnn", cell: "gru", hidden_size: 16 }, { layer: "projection" }],
      loss: { type: "sequence_loss" },
      optimizer: { type: "adam", learning_rate: 0.02 },
      train: { steps: 60 },
    },
  },
  images: {
    spec: {
      name: "bars",
      data: { type: "images", file: "images.idx", labels: "labels.idx" },
      model: [
        { layer: "rnn", cell: "gru", hidden_size: 12, return: "last" },
        { layer: "dense", size: "classes" },
      ],
      loss: { type: "cross_entropy" },
      train: { steps: 80 },
    },
    files: {
      "images.idx": idx([24, 8, 8], barImages(24)),
      "labels.idx": idx(
        [24],
        Uint8Array.from({ length: 24 }, (_, image) => image % 2),
      ),
    },
  },
  audio: {
    spec: {
      name: "tones",
      data: { type: "audio", file: "*.wav", names: "{label}_*.wav", sample_rate: 8000 },
      model: [
        { layer: "log_mel", bands: 8, window: 0.02, range: 40, warp: 0.1 },
        { layer: "group_norm", groups: 1 },
        { layer: "spec_augment", time_masks: 1, feature_masks: 1 },
        { layer: "rnn", cell: "gru", hidden_size: 6, return: "last" },
        { layer: "dense", size: "classes" },
      ],
      loss: { type: "cross_entropy" },
      train: { steps: 30 },
    },
    files: {
      "high_1.wav": wavFile(tone(2000, 400)),
      "high_2.wav": wavFile(tone(1800, 330)),
      "low_1.wav": wavFile(tone(300, 410)),
      "low_2.wav": wavFile(tone(250, 300)),
    },
  },
  table: {
    spec: {
      name: "waves",
      data: { type: "table", file: "t.csv", target: ["wave"], scale: "min_max", window: 4, horizon: [2] },
      model: [
        { layer: "rnn", cell: "gru", hidden_size: 6, return: "last" },
        { layer: "dense", size: 1 },
      ],
      loss: { type: "squared_error" },
      train: { steps: 20 },
    },
    files: { "t.csv": `wave,count\n${series.map((row) => row.join(",")).join("\n")}\n` },
  },
  sequences: {
    spec: {
      name: "greetings",
      data: { type: "sequences", file: "s.jsonl" },
      model: [
        { layer: "embedding", size: 4 },
        { layer: "rnn", cell: "gru", hidden_size: 6, return: "last" },
        { layer: "dense", size: "classes" },
      ],
      loss: { type: "cross_entropy" },
      train: { steps: 20 },
    },
    files: {
      "s.jsonl": jsonl([
        { text: "good morning", label: "greeting" },
        { text: "see you soon my friend", label: "farewell" },
        { text: "good evening to you", label: "greeting" },
      ]),
    },
  },
  pairs: {
    spec: {
      name: "doubles",
      data: {
        type: "pairs",
        pairs: [
          ["one two", "1 2"],
          ["two", "2"],
          ["one one two", "1 1 2"],
        ],
        unit: "word",
      },
      model: [
        { layer: "embedding", name: "source", size: 4 },
        { layer: "rnn", name: "encoder", cell: "gru", hidden_size: 8 },
        { layer: "embedding", name: "target", from: "decoder_inputs", vocabulary_size: "target_vocabulary", size: 4 },
        { layer: "rnn", name: "decoder", cell: "gru", hidden_size: 8, initial_state: "encoder" },
        { layer: "projection", size: "target_vocabulary" },
      ],
      loss: { type: "sequence_loss" },
      train: { steps: 60 },
    },
  },
  arrays: {
    spec: {
      name: "xor",
      data: {
        type: "arrays",
        inputs: [
          [0, 0],
          [0, 1],
          [1, 0],
          [1, 1],
        ],
        targets: [0, 1, 1, 0],
      },
      model: [
        { layer: "dense", size: 8, activation: "tanh" },
        { layer: "dense", name: "output", size: 2, activation: "softmax" },
      ],
      loss: { type: "cross_entropy" },
      train: { steps: 100 },
    },
  },
} satisfies Readonly<Record<string, SpecExample>>;

/** Single rows of a table with every kind of column, in a notation of their own. */
export const kindsExample = {
  spec: {
    name: "flats",
    seed: 1,
    data: {
      type: "table",
      file: "flats.csv",
      delimiter: ";",
      decimal: ",",
      columns: {
        area: { type: "number", unit: "m²", missing: "mean", indicator: true },
        city: "category",
        balcony: { type: "boolean", true: ["ja"], false: ["nein"] },
        built: { type: "date", format: "%d.%m.%Y", features: ["month", "weekday"] },
        note: { type: "text", normalization: { lowercase: true, punctuation: "drop" } },
      },
      target: ["rent"],
      scale: "standard",
    },
    model: [
      { layer: "dense", size: 8, activation: "tanh" },
      { layer: "dense", size: 1 },
    ],
    loss: { type: "squared_error" },
    optimizer: { type: "adam", learning_rate: 0.02 },
    train: { steps: 60, batch_size: "all" },
  },
  files: {
    "flats.csv": [
      "area;city;balcony;built;note;rent",
      "52,5 m²;Bonn;ja;03.05.1998;Bright, near the lake.;610",
      "70 m²;Ulm;nein;21.11.2004;;700",
      ";Bonn;nein;14.02.2011;Dark;480",
      "90 m²;Ulm;ja;30.08.1975;Near the park!;980",
      "61 m²;Köln;ja;09.07.1988;Bright;730",
      "",
    ].join("\n"),
  },
} satisfies SpecExample;

/** A model with two outputs: a class, and two numbers. */
export const outputsExample = {
  spec: {
    name: "flowers",
    data: {
      type: "table",
      file: "flowers.csv",
      columns: ["width", "length"],
      target: { kind: ["kind"], area: ["area", "edge"] },
      scale: "min_max",
    },
    model: [
      { layer: "dense", name: "shared", size: 8, activation: "tanh" },
      { layer: "dense", name: "kind", size: "classes" },
      { layer: "dense", name: "area", from: "shared", size: 2 },
    ],
    losses: [
      { type: "cross_entropy", from: "kind", target: "kind" },
      { type: "squared_error", target: "area" },
    ],
    train: { steps: 100 },
  },
  files: {
    "flowers.csv": `width,length,kind,area,edge\n${Array.from({ length: 24 }, (_, row) => {
      const [width, length] = [1 + (row % 5), 2 + (row % 7)];
      return [width, length, width > length ? "broad" : "long", width * length, 2 * (width + length)].join(",");
    }).join("\n")}\n`,
  },
} satisfies SpecExample;

const shopRows = Array.from({ length: 40 }, (_, day) =>
  ["Ulm", "Bonn, Süd"].map((shop, at) => {
    const date = `${`${1 + (day % 28)}`.padStart(2, "0")}.${day < 28 ? "01" : "02"}.2025`;
    const isSale = (day * 5 + at) % 7 < 2;
    const sales = (20 + 9 * at + (day % 7) + (isSale ? 12 : 0)).toFixed(1).replace(".", ",");
    return [date, `"${shop}"`, at === 0 ? "12,5" : "7", isSale ? "ja" : "nein", day === 33 ? "" : "9,99", sales];
  }),
).flat();

/** Forecasts of two shops with dates, promotions that are known ahead, a missing price and a size of each shop. */
export const shopsExample = {
  spec: {
    name: "shops",
    seed: 1,
    data: {
      type: "table",
      file: "shops.csv",
      delimiter: ";",
      decimal: ",",
      columns: {
        day: { type: "date", format: "%d.%m.%Y", features: ["weekday"] },
        shop: "category",
        size: "number",
        offer: { type: "boolean", true: ["ja"], false: ["nein"] },
        price: { type: "number", missing: "mean", indicator: true },
        sales: "number",
      },
      target: ["sales"],
      group: ["shop"],
      time: { column: "day", format: "%d.%m.%Y" },
      known_future: ["offer"],
      static: ["size"],
      scale: { type: "standard", per: "window" },
      window: 7,
      horizon: 3,
      split: { validation: 0.2, order: "time" },
    },
    model: [
      { layer: "rnn", name: "past", cell: "gru", hidden_size: 6, return: "last" },
      { layer: "rnn", name: "ahead", from: "future", cell: "gru", hidden_size: 4, return: "last" },
      { layer: "dense", name: "shop", from: "static", size: 2 },
      { layer: "concat", from: ["past", "ahead", "shop"] },
      { layer: "dense", size: 9 },
    ],
    loss: { type: "quantile", levels: [0.1, 0.5, 0.9] },
    train: { steps: 20, batch_size: 8 },
  },
  files: {
    "shops.csv": `${["day;shop;size;offer;price;sales", ...shopRows.map((row) => row.join(";"))].join("\n")}\n`,
  },
} satisfies SpecExample;

/** A ctc model, whose answers are labels without a place. */
export const ctcExample = {
  spec: {
    name: "spelled",
    seed: 1,
    data: {
      type: "arrays",
      // Each label is shown for two steps, with a pause after it; the last example's third step is no more a part of it.
      inputs: [
        [[1], [1], [0], [-1], [-1], [0]],
        [[-1], [-1], [0], [1], [1], [0]],
        [[1], [1], [0], [1], [1], [0]],
        [[-1], [-1], [1], [1], [1], [1]],
      ],
      lengths: [6, 6, 6, 2],
      targets: [
        [1, 2],
        [2, 1],
        [1, 1],
        [2, 0],
      ],
    },
    model: [
      { layer: "rnn", cell: "rnn", hidden_size: 12 },
      { layer: "dense", size: 3 },
    ],
    loss: { type: "ctc" },
    optimizer: { type: "adam", learning_rate: 0.02 },
    train: { steps: 150, batch_size: "all" },
  },
} satisfies SpecExample;

/** A trained run of a sketch, and its page. */
export async function pageOf({ spec, files = {} }: SpecExample) {
  const run = await trainSpec(spec, files);
  const web = join(run.folder, "web");
  const outcome = await exportWeb({ run: run.out, out: web, weights: "end", samples: true });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  const page: PageManifest = JSON.parse(readFileSync(join(web, "page.json"), "utf8"));
  return { ...run, web, page, outcome };
}
