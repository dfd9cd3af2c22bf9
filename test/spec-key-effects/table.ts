/** For every key that a spec may have: a spec, and what the key becomes. `definition.key` as the schema has them. */
import { metricFacts } from "../../schema/kinds/data.js";
import { rowsModel } from "../support/onnx-models.js";
import * as bases from "./bases.js";
import { type Json, set } from "./effects.js";

/** Two specs that differ in one key alone; or the test that runs the key, where only a run can show its effect. */
export type KeyEffect = readonly [Json, Json] | { readonly testedBy: string };

/** The base as it is, and with the member at the pointer set. */
const keyEffect = (base: Json, pointer: string, value: Json | undefined): KeyEffect => [
  base,
  set(base, pointer, value),
];

const {
  text,
  numbers,
  classes,
  merged: joined,
  attentive,
  placed,
  placedTwice,
  inputs,
  labels,
  weather,
  stock,
  messages,
  images,
  pairs,
  cell,
} = bases;

/** A convolution, and the largest of each window of its outputs. */
const windowed = set(numbers, "/model", [
  { layer: "conv1d", size: 3, kernel_size: 2 },
  { layer: "pool", size: 2, stride: 1 },
  { layer: "pool" },
  { layer: "dense", size: 2 },
]);

const lowRank = set(numbers, "/adapt", { rank: 1 });

/** A layer of another program. */
const foreign = set(numbers, "/model", [
  { layer: "dense", name: "first", size: 4 },
  { layer: "onnx", file: rowsModel, output: "y" },
  { layer: "activation", activation: "tanh" },
  { layer: "pool" },
  { layer: "dense", size: 2 },
]);

/** Steps and features that are masked in training. */
const augmented = set(numbers, "/model", [{ layer: "spec_augment" }, { layer: "pool" }, { layer: "dense", size: 2 }]);

/** The spectrum of a short sound. */
const spectralModel = [
  { layer: "log_mel", name: "a", from: "inputs", sample_rate: 100, window: 0.06, hop: 0.01, bands: 2 },
  { layer: "pool", mode: "mean" },
  { layer: "dense", size: 2 },
];
const sounds = [0, 1, 2, 3, 4, 5].map((row) => Array.from({ length: 12 }, (_, k) => [Math.sin(row * k)]));
const spectral = set(set(numbers, "/data/inputs", sounds), "/model", spectralModel);
const spectra = set(spectral, "/model", [
  { layer: "dense", name: "x", size: 1 },
  { layer: "activation", name: "z", activation: "tanh" },
  { ...spectralModel[0], from: "z" },
  { ...spectralModel[0], name: "b", from: "x" },
  { layer: "add", from: ["a", "b"] },
  ...spectralModel.slice(1),
]);

const split = (base: Json): Readonly<Record<string, KeyEffect>> => {
  const splitBase = set(base, "/data/split", { train: 0.34, validation: 0.17, test: 0.17, order: "time" });
  return {
    train: keyEffect(splitBase, "/data/split/train", 0.6),
    validation: keyEffect(splitBase, "/data/split/validation", 0.34),
    test: keyEffect(splitBase, "/data/split/test", 0.34),
    order: keyEffect(splitBase, "/data/split/order", "shuffled"),
  };
};

/** A text with marks that compose, a capital and punctuation. */
const accented = set(text, "/data/text", "He\u0301llo, wo\u0308rld. Hello!");

/** Pairs in a file of two columns. */
const inFile = set(set(pairs, "/data/pairs", undefined), "/data/file", "numbers.tsv");

const ofAudio = "test/runtime/data/sources/audio.test.ts";
const ofKinds = "test/runtime/data/sources/table-kinds.test.ts";
const ofTime = "test/runtime/data/sources/table-time.test.ts";
const ofTexts = "test/runtime/data/sources/table-texts.test.ts";
/** A column of prices read as categories. */
const ofCategories = set(stock, "/data/columns", {
  Open: { type: "category", size: 2 },
  Close: "number",
  Volume: "number",
});

const prefixed = (name: string, effects: Readonly<Record<string, KeyEffect>>): Readonly<Record<string, KeyEffect>> =>
  Object.fromEntries(Object.entries(effects).map(([key, value]) => [`${name}.${key}`, value]));

/** Flips of the keys of one optimizer, schedule or loss, by their new values. */
const options = (base: Json, path: string, type: Json, values: Readonly<Record<string, Json>>) => {
  const start = set(base, path, type);
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, keyEffect(start, `${path}/${key}`, value)]),
  );
};

const rate = {
  clip: { value: 0.5 },
  schedule: { type: "linear_warmup", warmup_steps: 3 },
  average: { decay: 0.9 },
  rates: [{ parameters: ["*/b"], factor: 2 }],
};
const optimizer = (type: string, values: Readonly<Record<string, Json>>) =>
  prefixed(
    type,
    options(numbers, "/optimizer", { type, learning_rate: 0.1 }, { learning_rate: 0.2, ...rate, ...values }),
  );
const decaying = (type: string) => set(numbers, "/optimizer", { type, weight_decay: 0.1 });
const muonAdam = (key: string, value: number) =>
  keyEffect(set(numbers, "/optimizer", { type: "muon" }), `/optimizer/adam/${key}`, value);
const grouped = set(numbers, "/optimizer/rates", [{ parameters: ["*/W"], factor: 2 }]);
const schedule = (type: string, required: Readonly<Record<string, Json>>, values: Readonly<Record<string, Json>>) =>
  prefixed(type, options(numbers, "/optimizer/schedule", { type, ...required }, values));
const loss = (
  type: string,
  base: Json,
  values: Readonly<Record<string, Json>>,
  required: Readonly<Record<string, Json>> = {},
) =>
  prefixed(type, {
    ...options(base, "/loss", { type, ...required }, { ...values, weight: 2 }),
    from: { testedBy: "test/compiler/elaborate/outputs.test.ts" },
    target: { testedBy: "test/compiler/elaborate/outputs.test.ts" },
  });

/** Two targets, and a number of outputs. */
const withOutputs = (size: number) => set(numbers, "/model/1/size", size);
/** The same with counts as targets. */
const withCounts = (size: number) =>
  set(
    withOutputs(size),
    "/data/targets",
    Array.from({ length: 6 }, (_, row) => [row, 2]),
  );

const ownLoss = set(numbers, "/loss", {
  type: "custom",
  definition: {
    options: { scale: 1, squared: false },
    equations: ["loss = scale * abs(y - t)"],
    variants: { squared: { true: { equations: ["loss = scale * (y - t) ^ 2"] }, false: {} } },
  },
});
const ownMetric = set(numbers, "/metrics", [{ type: "custom", name: "own", equations: ["metric = abs(y - t)"] }]);
const ownClassLoss = set(classes, "/loss", {
  type: "custom",
  definition: { target: "class", equations: ["loss = -gather(log_softmax(y), t)"] },
});

const lstm = set(numbers, "/model/0/cell", "lstm");
const gru = set(numbers, "/model/0/cell", "gru");
const withCellList = (base: Json): Json => {
  const {
    cell: name,
    hidden_size,
    ...layer
  } = (base as { readonly model: readonly { readonly [key: string]: Json }[] }).model[0] as {
    readonly [key: string]: Json;
  };
  return set(base, "/model/0", { ...layer, cells: [{ cell: name ?? "rnn", hidden_size: hidden_size ?? 3 }] });
};
/** Options of single cells, with a value other than the default. */
const cellOptions: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  mamba: { conv_size: 3, dt_max: 0.2, dt_min: 0.01, dt_rank: 2, expand: 1, state_size: 8 },
  gla: { gate_rank: 4, temperature: 8 },
  lru: { max_phase: 1, r_max: 0.9, r_min: 0.1 },
  sru: { highway_bias: -1 },
};
/** Keys that a cell's use has, on the layer or in the list of cells. */
const uses = (name: string, shape: (base: Json) => Json, path: string) =>
  prefixed(name, {
    cell: keyEffect(shape(numbers), `${path}/cell`, "gru"),
    hidden_size: keyEffect(shape(numbers), `${path}/hidden_size`, 4),
    residual: keyEffect(shape(numbers), `${path}/residual`, true),
    bidirectional: keyEffect(shape(numbers), `${path}/bidirectional`, "sum"),
    dropout: keyEffect(shape(numbers), `${path}/dropout`, { output: 0.2 }),
    zoneout: keyEffect(shape(numbers), `${path}/zoneout`, 0.1),
    layer_norm: keyEffect(shape(numbers), `${path}/layer_norm`, true),
    activation: keyEffect(shape(numbers), `${path}/activation`, "relu"),
    backbone_size: { testedBy: "test/compiler/elaborate/layers/rnn/cell-inputs.test.ts" },
    cell_clip: keyEffect(shape(lstm), `${path}/cell_clip`, 1),
    forget_bias: keyEffect(shape(lstm), `${path}/forget_bias`, 2),
    forget_gate: keyEffect(shape(set(numbers, "/model/0/cell", "slstm")), `${path}/forget_gate`, "exp"),
    ...Object.fromEntries(
      Object.entries(cellOptions).flatMap(([cell, values]) =>
        Object.entries(values).map(([key, value]) => [
          key,
          keyEffect(shape(set(numbers, "/model/0/cell", cell)), `${path}/${key}`, value),
        ]),
      ),
    ),
    heads: keyEffect(shape(set(numbers, "/model/0/cell", "mlstm")), `${path}/heads`, 3),
    peepholes: keyEffect(shape(lstm), `${path}/peepholes`, true),
    projection_size: keyEffect(shape(lstm), `${path}/projection_size`, 2),
    recurrent_weight: keyEffect(shape(set(numbers, "/model/0/cell", "indrnn")), `${path}/recurrent_weight`, 0.5),
    reset_after: keyEffect(shape(gru), `${path}/reset_after`, false),
  });

/** Keys of a normalizing layer behind a dense layer. */
const norm = (layer: string, values: Readonly<Record<string, Json>>, required: Readonly<Record<string, Json>> = {}) => {
  const base = set(numbers, "/model", [
    { layer: "pool" },
    { layer: "dense", size: 4 },
    { layer, ...required },
    { layer, name: "second", ...required },
    { layer: "dense", size: 2 },
  ]);
  const flip = ([key, value]: readonly [string, Json]) => [key, keyEffect(base, `/model/2/${key}`, value)] as const;
  return prefixed(layer, {
    from: { testedBy: "test/compiler/elaborate/diagnostics.test.ts" },
    weights: keyEffect(base, "/model/3/weights", layer),
    ...Object.fromEntries(Object.entries({ name: "n", epsilon: 0.1, trainable: false, ...values }).map(flip)),
  });
};

const dropping = set(numbers, "/model/0/dropout", { input: 0.1, output: 0.1, state: 0.1 });
const stateful = set(
  set(set(text, "/data/stride", 4), "/train", { steps: 4, batch_size: 2 }),
  "/model/1/stateful",
  true,
);
const twice = set(text, "/model", [
  { layer: "embedding", size: 4 },
  { layer: "rnn", cell: "rnn", hidden_size: 4 },
  { layer: "projection", size: "vocabulary", bias: false },
]);
const stacked = set(set(numbers, "/model/0/hidden_size", 3), "/model/0/layers", 2);
const penalized = set(numbers, "/regularization", { l2: 0.01, l1: 0.01, activity: 0.01 });
/** A second state, which counts in as many places as it has. */
const counting = set(set(cell, "/cells/own/state", { h: "hidden_size", k: 2 }), "/cells/own/equations", [
  "p, q = split(x @ W + h @ U + b, 2)",
  "k' = k + 1",
  "h' = sigmoid(p) * tanh(q) * gain + 0 * sum(k)",
]);
const binary = set(
  set(
    numbers,
    "/data/targets",
    [0, 1, 0, 1, 1, 0].map((label) => [label, 1 - label]),
  ),
  "/loss",
  { type: "binary_cross_entropy" },
);
/** A block of two layers in two copies. */
const blocks = set(numbers, "/model", [
  { layer: "dense", name: "first", size: 3 },
  { layer: "dense", name: "second", size: 3 },
  { block: [{ layer: "dense", size: 3 }], name: "block", repeat: 2 },
  { layer: "add", from: ["second", "block"] },
  { layer: "rnn", cell: "rnn", hidden_size: 3, return: "last" },
  { layer: "dense", name: "answer", size: 2 },
]);
const cellEffect = (key: string, value: Json | undefined) => keyEffect(cell, `/cells/own/${key}`, value);

const activated = set(set(numbers, "/activations", { own: { equations: ["y = relu(x) ^ 2"] } }), "/model/1", {
  layer: "dense",
  size: 2,
  activation: "own",
});
/** Two layers of the user's own, and a variant. */
const customized = set(
  set(numbers, "/layers", {
    own: {
      options: { size: 3, bias: true },
      parameters: { W: ["input_size", "size"], b: ["size"] },
      initializers: { W: "glorot_normal" },
      equations: ["z = x @ W", "y = relu(z) + b"],
      variants: { bias: { true: {}, false: { equations: { y: "y = relu(z) + 0 * b" } } } },
    },
  }),
  "/model",
  [
    { layer: "rnn", cell: "rnn", hidden_size: 3, return: "last" },
    { layer: "custom", name: "first", type: "own" },
    { layer: "custom", name: "second", type: "own" },
    { layer: "concat", from: ["first", "second"] },
    { layer: "dense", name: "answer", size: 2 },
  ],
);
/** An optimizer and a schedule of the user's own, with options, slots and variants. */
const stepped = set(
  set(
    set(numbers, "/optimizers", {
      own: {
        options: { beta: 0.9, weight_decay: 0.1 },
        slots: { m: 0, s: { initial: 1, shape: [] } },
        equations: [
          "m' = beta * m + (1 - beta) * g",
          "s' = beta * s + norm(g)",
          "d = m' / (sum_all(s') + 1) + weight_decay * p",
          "p' = p - rate * d",
        ],
        variants: { rank: { 2: { equations: { d: "d = tanh(m') / (sum_all(s') + 1)" } }, otherwise: {} } },
      },
    }),
    "/schedules",
    {
      wave: {
        options: { period: 4, low: 0.1, stepwise: true },
        equations: ["x = n / period", "factor = 1 + low * cos(x)"],
        variants: { stepwise: { true: { equations: { x: "x = floor(n / period)" } }, false: {} } },
      },
    },
  ),
  "/optimizer",
  {
    type: "custom",
    name: "own",
    learning_rate: 0.1,
    options: { beta: 0.95 },
    schedule: { type: "custom", name: "wave", options: { period: 3 } },
  },
);
const otherOptimizer = { options: { beta: 0.9 }, equations: ["p' = p - rate * beta * g"] };
const otherSchedule = { options: { period: 3 }, equations: ["factor = 1 / (1 + n / period)"] };

const customEffect = (key: string, value: Json | undefined) => keyEffect(customized, `/layers/own/${key}`, value);
const otherLayer = { parameters: { W: ["input_size", 3] }, equations: ["y = x @ W"] };

/** A layer of several inputs, in the order in which it declares them. */
const severalInputs = (inputs: Json) =>
  set(
    set(customized, "/layers/both", {
      inputs,
      parameters: { W: ["p_size", 2] },
      equations: ["y = p @ W + 0 * sum(x * q)"],
    }),
    "/model/3",
    { layer: "both", from: ["first", "first", "second"] },
  );

const activationEffect = (key: string, value: Json) => keyEffect(activated, `/activations/own/${key}`, value);
const withLosses = set(set(text, "/loss", undefined), "/losses", [{ type: "sequence_loss" }]);
const metricTypes = Object.keys(metricFacts);

export const keyEffects: Readonly<Record<string, KeyEffect>> = {
  ...prefixed("spec", {
    name: keyEffect(text, "/name", "other"),
    seed: keyEffect(text, "/seed", 7),
    extends: { testedBy: "test/schema/compose.test.ts" },
    variables: [
      set(set(text, "/variables", { width: 3 }), "/model/1/hidden_size", "$width"),
      set(set(text, "/variables", { width: 4 }), "/model/1/hidden_size", "$width"),
    ],
    data: keyEffect(text, "/data", { type: "text", text: "other words and others", window: 4 }),
    layers: customEffect("options/size", 4),
    activations: activationEffect("equations/0", "y = relu(x) * 3"),
    optimizers: keyEffect(stepped, "/optimizers/own/equations/0", "m' = g + beta * m"),
    schedules: keyEffect(stepped, "/schedules/wave/equations/1", "factor = 1 + low * sin(x)"),
    cells: cellEffect("options/gain", 3),
    model: keyEffect(text, "/model/1/hidden_size", 5),
    loss: keyEffect(text, "/loss", { type: "cross_entropy", reduction: "sum" }),
    losses: keyEffect(withLosses, "/losses/0/type", "cross_entropy"),
    metrics: keyEffect(text, "/metrics", ["bits_per_character"]),
    optimizer: keyEffect(text, "/optimizer", { type: "adam" }),
    train: keyEffect(text, "/train", { steps: 5, batch_size: 3 }),
    adapt: keyEffect(numbers, "/adapt", { rank: 1 }),
    regularization: keyEffect(numbers, "/regularization", { l2: 0.01 }),
  }),
  ...prefixed("adapt", {
    rank: keyEffect(lowRank, "/adapt/rank", 2),
    alpha: keyEffect(lowRank, "/adapt/alpha", 3),
    layers: keyEffect(lowRank, "/adapt/layers", ["dense"]),
  }),
  ...prefixed("regularization", {
    l2: keyEffect(penalized, "/regularization/l2", 0.02),
    l1: keyEffect(penalized, "/regularization/l1", 0.02),
    activity: keyEffect(penalized, "/regularization/activity", 0.02),
    biases: keyEffect(penalized, "/regularization/biases", true),
  }),
  ...prefixed("text_data", {
    text: keyEffect(text, "/data/text", "hello world, hello all"),
    file: [text, set(set(text, "/data/text", undefined), "/data/file", "weather.csv")],
    unit: keyEffect(set(text, "/data/window", 2), "/data/unit", "word"),
    tokenizer: { testedBy: "test/runtime/data/sources/bpe-units.test.ts" },
    normalization: keyEffect(accented, "/data/normalization", { lowercase: true }),
    window: keyEffect(text, "/data/window", 3),
    stride: keyEffect(text, "/data/stride", 2),
    evaluation_stride: keyEffect(set(text, "/data/split", { validation: 0.4 }), "/data/evaluation_stride", 3),
    vocabulary: keyEffect(text, "/data/vocabulary", { size: 5 }),
    split: keyEffect(text, "/data/split", { validation: 0.3 }),
  }),
  ...prefixed("text_normalization", {
    normalize: keyEffect(accented, "/data/normalization/normalize", "NFC"),
    lowercase: keyEffect(accented, "/data/normalization/lowercase", true),
    punctuation: keyEffect(accented, "/data/normalization/punctuation", "drop"),
  }),
  ...prefixed("vocabulary", {
    file: { testedBy: "test/runtime/data/vocabulary/vocabulary-file.test.ts" },
    size: keyEffect(text, "/data/vocabulary", { size: 5 }),
    min_count: keyEffect(text, "/data/vocabulary", { min_count: 3 }),
  }),
  ...prefixed("table_data", {
    file: keyEffect(weather, "/data/file", "stock.csv"),
    header: keyEffect(set(stock, "/data/target", undefined), "/data/header", false),
    comment: { testedBy: "test/runtime/data/sources/table.test.ts" },
    delimiter: { testedBy: "test/runtime/data/sources/table.test.ts" },
    columns: keyEffect(weather, "/data/columns", ["mill", "lake"]),
    decimal: { testedBy: ofKinds },
    thousands: { testedBy: ofKinds },
    target: keyEffect(weather, "/data/target", ["mill"]),
    window: keyEffect(weather, "/data/window", 4),
    horizon: keyEffect(weather, "/data/horizon", 2),
    stride: keyEffect(weather, "/data/stride", 2),
    evaluation_stride: keyEffect(set(weather, "/data/split", { validation: 0.4 }), "/data/evaluation_stride", 2),
    season: { testedBy: "test/runtime/evaluation/baselines.test.ts" },
    group: { testedBy: "test/runtime/data/sources/table-series.test.ts" },
    time: { testedBy: ofTime },
    decode: { testedBy: "test/runtime/predict/autoregressive.test.ts" },
    static: { testedBy: "test/runtime/data/sources/table-static.test.ts" },
    known_future: { testedBy: "test/runtime/predict/known-future.test.ts" },
    reverse: keyEffect(weather, "/data/reverse", true),
    scale: keyEffect(weather, "/data/scale", "min_max"),
    missing: { testedBy: "test/runtime/data/sources/table.test.ts" },
    split: keyEffect(weather, "/data/split", { train: 0.8 }),
  }),
  ...prefixed("scale_options", {
    type: keyEffect(set(weather, "/data/scale", { type: "min_max" }), "/data/scale/type", "mean_abs"),
    per: keyEffect(set(weather, "/data/scale", { type: "min_max" }), "/data/scale/per", "window"),
  }),
  ...prefixed("time_column", { column: { testedBy: ofTime }, format: { testedBy: ofTime } }),
  ...prefixed("number_column", {
    decimal: { testedBy: ofKinds },
    thousands: { testedBy: ofKinds },
    unit: { testedBy: ofKinds },
    missing: { testedBy: ofKinds },
    indicator: { testedBy: ofKinds },
  }),
  ...prefixed("category_column", {
    encode: { testedBy: ofKinds },
    size: keyEffect(ofCategories, "/data/columns/Open/size", 3),
    min_count: { testedBy: ofKinds },
  }),
  ...prefixed("boolean_column", {
    true: { testedBy: ofKinds },
    false: { testedBy: ofKinds },
    missing: { testedBy: ofKinds },
    indicator: { testedBy: ofKinds },
  }),
  ...prefixed("date_column", {
    format: { testedBy: ofKinds },
    features: { testedBy: ofKinds },
    encode: { testedBy: ofKinds },
    size: { testedBy: ofKinds },
  }),
  ...prefixed("table_split", {
    ...split(weather),
    stratify: { testedBy: "test/runtime/data/sources/table-folds.test.ts" },
    folds: { testedBy: "test/runtime/data/sources/table-folds.test.ts" },
    fold: { testedBy: "test/runtime/data/sources/table-folds.test.ts" },
    group: { testedBy: "test/runtime/data/sources/table-folds.test.ts" },
  }),
  ...prefixed("text_column", {
    unit: { testedBy: ofTexts },
    encode: { testedBy: ofTexts },
    size: { testedBy: ofTexts },
    max_length: { testedBy: ofTexts },
    normalization: { testedBy: ofTexts },
    vocabulary: { testedBy: ofTexts },
    tokenizer: { testedBy: ofTexts },
  }),
  ...prefixed("sequences_data", {
    file: [messages, set(perTag(), "/data/file", "sentences.jsonl")],
    columns: { testedBy: "test/runtime/data/sources/sequence-columns.test.ts" },
    header: { testedBy: "test/runtime/data/sources/sequence-columns.test.ts" },
    delimiter: { testedBy: "test/runtime/data/formats/text-table.test.ts" },
    targets: { testedBy: "test/runtime/data/sources/sequence-targets.test.ts" },
    unit: keyEffect(messages, "/data/unit", "char"),
    tokenizer: { testedBy: "test/runtime/data/sources/bpe-units.test.ts" },
    text: keyEffect(messages, "/data/text", { lowercase: true }),
    vocabulary: keyEffect(messages, "/data/vocabulary", { size: 9 }),
    max_length: keyEffect(messages, "/data/max_length", 4),
    buckets: keyEffect(messages, "/data/buckets", 3),
    split: keyEffect(messages, "/data/split", { validation: 0.2 }),
  }),
  ...prefixed("sequence_columns", {
    text: { testedBy: "test/runtime/data/sources/sequence-columns.test.ts" },
    tokens: { testedBy: "test/runtime/data/sources/sequence-columns.test.ts" },
    inputs: { testedBy: "test/runtime/data/sources/sequence-columns.test.ts" },
    label: { testedBy: "test/runtime/data/sources/sequence-columns.test.ts" },
    tags: { testedBy: "test/runtime/data/sources/sequence-columns.test.ts" },
  }),
  ...prefixed("pair_columns", {
    source: { testedBy: "test/runtime/data/sources/pair-columns.test.ts" },
    target: { testedBy: "test/runtime/data/sources/pair-columns.test.ts" },
  }),
  ...prefixed("images_data", {
    file: { testedBy: "test/runtime/data/sources/images.test.ts" },
    labels: { testedBy: "test/runtime/data/sources/images.test.ts" },
    limit: keyEffect(images, "/data/limit", 20),
    split: keyEffect(images, "/data/split", { validation: 0.2 }),
  }),
  ...prefixed("audio_data", {
    ...Object.fromEntries(
      ["file", "names", "columns", "sample_rate", "resample", "buckets", "split"].map((key) => [
        key,
        { testedBy: ofAudio },
      ]),
    ),
  }),
  ...prefixed("columns", { path: { testedBy: ofAudio }, label: { testedBy: ofAudio } }),
  ...prefixed("pairs_data", {
    pairs: keyEffect(pairs, "/data/pairs", [
      ["one", "1"],
      ["two", "2"],
    ]),
    file: [pairs, inFile],
    columns: keyEffect(inFile, "/data/columns", { source: 2, target: 1 }),
    header: keyEffect(inFile, "/data/header", true),
    delimiter: { testedBy: "test/runtime/data/formats/text-table.test.ts" },
    unit: keyEffect(pairs, "/data/unit", "char"),
    tokenizer: { testedBy: "test/runtime/data/sources/bpe-units.test.ts" },
    text: keyEffect(pairs, "/data/text", { lowercase: true }),
    vocabulary: keyEffect(pairs, "/data/vocabulary", { size: 4 }),
    split: keyEffect(pairs, "/data/split", { validation: 0.25 }),
  }),
  ...prefixed("arrays_data", {
    inputs: keyEffect(numbers, "/data/inputs/0/0/0", 9),
    targets: keyEffect(numbers, "/data/targets/0/0", 9),
    lengths: keyEffect(numbers, "/data/lengths", [4, 3, 2, 4, 1, 2]),
    weights: keyEffect(numbers, "/data/weights", [1, 2, 1, 2, 1, 2]),
    initial_states: keyEffect(numbers, "/data/initial_states", {
      "rnn/0/h": [0, 1, 2, 3, 4, 5].map((row) => [row, 0, 0]),
    }),
    split: keyEffect(numbers, "/data/split", { validation: 0.34 }),
  }),
  ...prefixed("series_split", split(set(text, "/data/text", "hello world, hello you. ".repeat(4)))),
  ...prefixed("split", {
    ...split(numbers),
    stratify: { testedBy: "test/runtime/data/splits.test.ts" },
    folds: { testedBy: "test/runtime/data/folds.test.ts" },
    fold: { testedBy: "test/runtime/data/folds.test.ts" },
  }),
  ...prefixed("lines_split", {
    ...split(messages),
    stratify: keyEffect(set(messages, "/data/split", { train: 0.5, test: 0.5 }), "/data/split/stratify", true),
    folds: { testedBy: "test/runtime/data/folds.test.ts" },
    fold: { testedBy: "test/runtime/data/folds.test.ts" },
    group: { testedBy: "test/runtime/data/folds.test.ts" },
    by: { testedBy: "test/runtime/data/sources/line-splits.test.ts" },
    column: { testedBy: "test/runtime/data/sources/line-splits.test.ts" },
    files: { testedBy: "test/runtime/data/sources/line-splits.test.ts" },
  }),
  ...prefixed("files", {
    validation: { testedBy: "test/runtime/data/sources/line-splits.test.ts" },
    test: { testedBy: "test/runtime/data/sources/line-splits.test.ts" },
  }),
  ...prefixed("one_hot", {
    name: { testedBy: "test/schema/normalize.test.ts" },
    from: { testedBy: "test/compiler/elaborate/diagnostics.test.ts" },
    size: keyEffect(text, "/model/0/size", 30),
  }),
  ...prefixed("cycle", {
    name: { testedBy: "test/schema/normalize.test.ts" },
    from: { testedBy: "test/compiler/elaborate/diagnostics.test.ts" },
    period: { testedBy: "test/compiler/elaborate/layers/cycle.test.ts" },
  }),
  ...prefixed("embedding", {
    vectors: { testedBy: "test/runtime/import/word-vectors.test.ts" },
    trainable: keyEffect(twice, "/model/0/trainable", false),
    name: keyEffect(twice, "/model/0/name", "table"),
    from: keyEffect(inputs, "/model/2/from", "second"),
    vocabulary_size: keyEffect(twice, "/model/0/vocabulary_size", 30),
    weights: [pairs, set(set(pairs, "/model/2/vocabulary_size", "vocabulary"), "/model/2/weights", "embedding")],
    size: keyEffect(twice, "/model/0/size", 5),
  }),
  ...uses("rnn", (base) => base, "/model/0"),
  ...uses("cell", withCellList, "/model/0/cells/0"),
  "cell.trainable": keyEffect(withCellList(numbers), "/model/0/cells/0/trainable", false),
  ...prefixed("rnn", {
    trainable: keyEffect(numbers, "/model/0/trainable", false),
    name: keyEffect(numbers, "/model/0/name", "reader"),
    from: keyEffect(joined, "/model/1/from", "a"),
    layers: keyEffect(numbers, "/model/0/layers", 2),
    cells: keyEffect(withCellList(numbers), "/model/0/cells", [
      { cell: "gru", hidden_size: 3 },
      { cell: "rnn", hidden_size: 3 },
    ]),
    share_weights: keyEffect(stacked, "/model/0/share_weights", true),
    weights: keyEffect(joined, "/model/1/weights", "a"),
    initial_state: keyEffect(numbers, "/model/0/initial_state", "learned"),
    stateful: [set(stateful, "/model/1/stateful", false), stateful],
    unroll: keyEffect(
      set(text, "/data", {
        type: "arrays",
        inputs: [
          [0, 1],
          [1, 0],
        ],
        targets: [
          [1, 0],
          [0, 1],
        ],
      }),
      "/model/1/unroll",
      true,
    ),
    return: keyEffect(set(cell, "/cells/own/output", "p"), "/model/0/return", "state"),
  }),
  ...prefixed("activation", {
    name: { testedBy: "test/schema/normalize.test.ts" },
    from: { testedBy: "test/compiler/elaborate/diagnostics.test.ts" },
    activation: keyEffect(
      set(numbers, "/model", [
        { layer: "pool" },
        { layer: "dense", size: 2 },
        { layer: "activation", activation: "elu" },
      ]),
      "/model/2/activation",
      "gelu",
    ),
  }),
  ...norm("layer_norm", { gain: false, shift: false }),
  ...norm("rms_norm", { gain: false }),
  ...norm("batch_norm", { momentum: 0.5, gain: false, shift: false }),
  ...norm("group_norm", { groups: 1, gain: false, shift: false }, { groups: 2 }),
  ...prefixed("onnx", {
    name: keyEffect(foreign, "/model/1/name", "other"),
    from: { testedBy: "test/compiler/elaborate/layers/onnx.test.ts" },
    file: { testedBy: "test/runtime/training/onnx-layer.test.ts" },
    sha256: { testedBy: "test/compiler/elaborate/layers/onnx.test.ts" },
    weights: keyEffect(
      set(foreign, "/model/2", { layer: "onnx", name: "two", file: rowsModel, output: "y" }),
      "/model/2/weights",
      "onnx",
    ),
    trainable: keyEffect(foreign, "/model/1/trainable", false),
    output: keyEffect(foreign, "/model/1/output", "z"),
    inputs: { testedBy: "test/compiler/elaborate/layers/onnx.test.ts" },
    vocabulary_size: { testedBy: "test/runtime/training/onnx-layer.test.ts" },
    lengths: { testedBy: "test/runtime/training/onnx-layer.test.ts" },
    mask: { testedBy: "test/compiler/elaborate/layers/onnx.test.ts" },
    padding: { testedBy: "test/compiler/elaborate/layers/onnx.test.ts" },
    layout: keyEffect(foreign, "/model/1/layout", "time_first"),
    shape: { testedBy: "test/runtime/training/onnx-layer.test.ts" },
    untie: { testedBy: "test/runtime/training/onnx-layer.test.ts" },
    return: { testedBy: "test/compiler/elaborate/layers/onnx.test.ts" },
    batch_norm: { testedBy: "test/runtime/training/onnx-layer.test.ts" },
    adapt: keyEffect(foreign, "/model/1/adapt", { rank: 2 }),
  }),
  ...prefixed("dropout", {
    name: { testedBy: "test/compiler/elaborate/random.test.ts" },
    from: { testedBy: "test/compiler/elaborate/diagnostics.test.ts" },
    rate: keyEffect(
      set(numbers, "/model", [{ layer: "pool" }, { layer: "dense", size: 2 }, { layer: "dropout", rate: 0.1 }]),
      "/model/2/rate",
      0.2,
    ),
  }),
  ...prefixed("spec_augment", {
    name: keyEffect(augmented, "/model/0/name", "masks"),
    from: keyEffect(
      set(joined, "/model/5", { layer: "spec_augment", name: "attention", from: "a" }),
      "/model/5/from",
      "b",
    ),
    time_masks: keyEffect(augmented, "/model/0/time_masks", 1),
    time_width: keyEffect(augmented, "/model/0/time_width", 0.5),
    feature_masks: keyEffect(augmented, "/model/0/feature_masks", 1),
    feature_width: keyEffect(augmented, "/model/0/feature_width", 0.5),
  }),
  ...prefixed("cell_dropout", {
    input: keyEffect(dropping, "/model/0/dropout/input", 0.3),
    output: keyEffect(dropping, "/model/0/dropout/output", 0.3),
    state: keyEffect(dropping, "/model/0/dropout/state", 0.3),
    variational: keyEffect(dropping, "/model/0/dropout/variational", true),
  }),
  ...prefixed("pool", {
    name: { testedBy: "test/schema/normalize.test.ts" },
    from: keyEffect(joined, "/model/8/from", "b"),
    mode: keyEffect(joined, "/model/8/mode", "mean"),
    size: keyEffect(windowed, "/model/1/size", 3),
    stride: keyEffect(windowed, "/model/1/stride", 2),
  }),
  ...prefixed("conv1d", {
    name: keyEffect(windowed, "/model/0/name", "filters"),
    from: keyEffect(
      set(joined, "/model/5", { layer: "conv1d", name: "attention", from: "a", size: 3, kernel_size: 2 }),
      "/model/5/from",
      "b",
    ),
    size: keyEffect(windowed, "/model/0/size", 6),
    kernel_size: keyEffect(windowed, "/model/0/kernel_size", 3),
    stride: keyEffect(windowed, "/model/0/stride", 2),
    dilation: keyEffect(windowed, "/model/0/dilation", 2),
    groups: keyEffect(windowed, "/model/0/groups", 3),
    padding: keyEffect(windowed, "/model/0/padding", "causal"),
    activation: keyEffect(windowed, "/model/0/activation", "relu"),
    bias: keyEffect(windowed, "/model/0/bias", false),
    weights: twoLayers({ layer: "conv1d", size: 3, kernel_size: 2 }),
    weight_norm: keyEffect(windowed, "/model/0/weight_norm", true),
    initializer: keyEffect(windowed, "/model/0/initializer", "he_normal"),
    trainable: keyEffect(windowed, "/model/0/trainable", false),
  }),
  ...prefixed("log_mel", {
    name: { testedBy: "test/schema/normalize.test.ts" },
    from: keyEffect(spectra, "/model/3/from", "z"),
    sample_rate: keyEffect(spectral, "/model/0/sample_rate", 200),
    bands: keyEffect(spectral, "/model/0/bands", 3),
    window: keyEffect(spectral, "/model/0/window", 0.05),
    hop: keyEffect(spectral, "/model/0/hop", 0.02),
    fft_size: keyEffect(spectral, "/model/0/fft_size", 16),
    scale: keyEffect(spectral, "/model/0/scale", "slaney"),
    low: keyEffect(spectral, "/model/0/low", 5),
    high: keyEffect(spectral, "/model/0/high", 40),
    floor: keyEffect(spectral, "/model/0/floor", 0.01),
    range: keyEffect(spectral, "/model/0/range", 10),
    mean_normalization: keyEffect(spectral, "/model/0/mean_normalization", 20),
    deltas: keyEffect(spectral, "/model/0/deltas", 1),
    warp: keyEffect(spectral, "/model/0/warp", 0.2),
  }),
  ...Object.fromEntries(
    ["concat", "add", "multiply"].flatMap((kind, place) => [
      [`${kind}.name`, { testedBy: "test/schema/normalize.test.ts" }],
      [`${kind}.from`, keyEffect(joined, `/model/${place + 2}/from`, ["b", "b"])],
    ]),
  ),
  ...prefixed("position", {
    trainable: keyEffect(placed, "/model/0/trainable", false),
    name: keyEffect(placed, "/model/0/name", "place"),
    from: keyEffect(placedTwice, "/model/1/from", "inputs"),
    weights: twoLayers({ layer: "position", type: "learned", length: 8 }),
    type: [set(placed, "/model/0", { layer: "position", type: "sinusoidal" }), placed],
    length: keyEffect(placed, "/model/0/length", 9),
  }),
  ...prefixed("attention", {
    trainable: keyEffect(joined, "/model/5/trainable", false),
    name: [joined, set(set(joined, "/model/5/name", "look"), "/model/6/from/3", "look")],
    from: keyEffect(joined, "/model/5/from", ["b", "a"]),
    weights: twoLayers({ layer: "attention", heads: 2, head_size: 2 }),
    score: keyEffect(joined, "/model/5/score", "additive"),
    scale: keyEffect(joined, "/model/5/scale", true),
    size: keyEffect(set(joined, "/model/5/score", "additive"), "/model/5/size", 7),
    heads: keyEffect(attentive, "/model/0/heads", 2),
    head_size: keyEffect(attentive, "/model/0/head_size", 6),
    key_value_heads: keyEffect(attentive, "/model/0/key_value_heads", 2),
    causal: keyEffect(attentive, "/model/0/causal", true),
    window: keyEffect(attentive, "/model/0/window", 0),
    rotary: keyEffect(attentive, "/model/0/rotary", true),
    alibi: keyEffect(attentive, "/model/0/alibi", true),
    bias: keyEffect(attentive, "/model/0/bias", false),
    dropout: keyEffect(attentive, "/model/0/dropout", 0.5),
  }),
  "spec.blocks": [
    set(set(numbers, "/blocks", { b: [{ layer: "dense", size: 2 }] }), "/model/1", { block: "b" }),
    set(set(numbers, "/blocks", { b: [{ layer: "dense", size: 2, bias: false }] }), "/model/1", { block: "b" }),
  ],
  ...prefixed("block", {
    block: keyEffect(blocks, "/model/2/block", [{ layer: "dense", size: 3, activation: "tanh" }]),
    name: [blocks, set(set(blocks, "/model/2/name", "tower"), "/model/3/from/1", "tower")],
    from: keyEffect(blocks, "/model/2/from", "first"),
    repeat: keyEffect(blocks, "/model/2/repeat", 3),
    residual: keyEffect(blocks, "/model/2/residual", true),
    share_weights: keyEffect(blocks, "/model/2/share_weights", true),
  }),
  ...prefixed("dense", {
    trainable: keyEffect(numbers, "/model/1/trainable", false),
    name: keyEffect(numbers, "/model/1/name", "answer"),
    from: keyEffect(joined, "/model/9/from", "whole"),
    weights: keyEffect(withTwoDense(), "/model/3/weights", "first"),
    size: keyEffect(withTwoDense(), "/model/1/size", 4),
    activation: keyEffect(numbers, "/model/1/activation", "tanh"),
    bias: keyEffect(numbers, "/model/1/bias", false),
    weight_norm: keyEffect(numbers, "/model/1/weight_norm", true),
    initializer: keyEffect(numbers, "/model/1/initializer", "lecun_uniform"),
  }),
  ...prefixed("projection", {
    trainable: keyEffect(classes, "/model/1/trainable", false),
    name: keyEffect(classes, "/model/1/name", "answer"),
    from: { testedBy: "test/compiler/elaborate/diagnostics.test.ts" },
    weights: keyEffect(twice, "/model/2/weights", "embedding"),
    size: keyEffect(classes, "/model/1/size", 4),
    activation: keyEffect(classes, "/model/1/activation", "softmax"),
    bias: keyEffect(classes, "/model/1/bias", false),
    weight_norm: keyEffect(classes, "/model/1/weight_norm", true),
    initializer: keyEffect(classes, "/model/1/initializer", "pytorch_uniform"),
  }),
  ...loss("sequence_loss", text, {
    average_across_timesteps: false,
    average_across_batch: false,
    class_weights: [1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1],
  }),
  ...loss("cross_entropy", classes, { reduction: "sum", label_smoothing: 0.1, class_weights: [1, 2, 1] }),
  ...loss("sampled_softmax", classes, { samples: 3, distribution: "uniform", reduction: "sum" }, { samples: 2 }),
  ...loss("binary_cross_entropy", binary, { reduction: "sum", positive_weight: 2 }),
  ...loss("squared_error", numbers, { reduction: "sum" }),
  ...loss("absolute_error", numbers, { reduction: "sum" }),
  ...loss("huber", numbers, { reduction: "sum", delta: 0.5 }),
  ...loss("log_cosh", numbers, { reduction: "sum" }),
  ...loss("quantile", withOutputs(6), { reduction: "sum", levels: [0.2, 0.4, 0.6] }),
  ...loss("gaussian_nll", withOutputs(4), { reduction: "sum" }),
  ...loss("student_t_nll", withOutputs(6), { reduction: "sum" }),
  ...loss("poisson_nll", withCounts(2), { reduction: "sum" }),
  ...loss("negative_binomial_nll", withCounts(4), { reduction: "sum" }),
  ...loss("mixture_density", withOutputs(18), { reduction: "sum" }),
  ...prefixed("mixture_density", { components: { testedBy: "test/compiler/elaborate/losses/equations.test.ts" } }),
  ...loss("focal", classes, { reduction: "sum", gamma: 1, class_weights: [1, 2, 1] }),
  ...loss("soft_f1", binary, {}),
  ...loss("contrastive", classes, { temperature: 0.5 }),
  ...loss("ctc", labels, { reduction: "sum", blank: "last", zero_infinity: true }),
  ...prefixed("clip", {
    global_norm: keyEffect(numbers, "/optimizer/clip", { global_norm: 1 }),
    value: keyEffect(numbers, "/optimizer/clip", { value: 1 }),
  }),
  ...schedule(
    "exponential_decay",
    { decay_steps: 4, decay_rate: 0.5 },
    { decay_steps: 5, decay_rate: 0.4, staircase: true, warmup_steps: 2 },
  ),
  ...schedule("cosine_decay", { decay_steps: 4 }, { decay_steps: 5, minimum_ratio: 0.1, warmup_steps: 2 }),
  ...schedule("linear_warmup", { warmup_steps: 4 }, { warmup_steps: 5 }),
  ...schedule("step_decay", { every: 4 }, { every: 5, factor: 0.5, warmup_steps: 2 }),
  "step_decay.boundaries": [
    set(numbers, "/optimizer/schedule", { type: "step_decay", boundaries: [2, 4] }),
    set(numbers, "/optimizer/schedule", { type: "step_decay", boundaries: [2, 5] }),
  ],
  ...schedule(
    "polynomial_decay",
    { decay_steps: 4 },
    { decay_steps: 5, minimum_ratio: 0.1, power: 2, warmup_steps: 2 },
  ),
  ...schedule("inverse_sqrt", { decay_steps: 4 }, { decay_steps: 5, warmup_steps: 2 }),
  ...prefixed(
    "one_cycle",
    options(
      set(numbers, "/optimizer", { type: "momentum", learning_rate: 0.1 }),
      "/optimizer/schedule",
      { type: "one_cycle", total_steps: 20 },
      {
        total_steps: 30,
        warmup_fraction: 0.5,
        initial_ratio: 0.1,
        minimum_ratio: 0.1,
        anneal: "linear",
        minimum_momentum: 0.5,
      },
    ),
  ),
  ...schedule("plateau", {}, { warmup_steps: 2 }),
  ...prefixed(
    "plateau",
    Object.fromEntries(
      ["metric", "mode", "factor", "patience", "minimum_delta", "cooldown", "minimum_ratio"].map((key) => [
        key,
        { testedBy: "test/runtime/training/reduce-lr-on-plateau.test.ts" },
      ]),
    ),
  ),
  ...prefixed(
    "average",
    options(numbers, "/optimizer/average", { decay: 0.9, start: 2 }, { decay: 0.8, start: 1, every: 2 }),
  ),
  ...optimizer("sgd", {}),
  ...optimizer("momentum", { momentum: 0.5, nesterov: true }),
  ...optimizer("rmsprop", { decay: 0.5, momentum: 0.5, epsilon: 0.1, variant: "torch" }),
  ...optimizer("adagrad", { initial_accumulator_value: 0.5, epsilon: 0.1, variant: "torch" }),
  ...optimizer("adadelta", { decay: 0.5, epsilon: 0.1 }),
  ...optimizer("adam", { beta1: 0.5, beta2: 0.5, epsilon: 0.1, weight_decay: 0.1, variant: "torch" }),
  ...optimizer("adamw", { beta1: 0.5, beta2: 0.5, epsilon: 0.1, weight_decay: 0.1, variant: "torch" }),
  ...optimizer("nadam", { beta1: 0.5, beta2: 0.5, epsilon: 0.1, momentum_decay: 0.1, variant: "keras" }),
  ...optimizer("adamax", { beta1: 0.5, beta2: 0.5, epsilon: 0.1, weight_decay: 0.1 }),
  ...optimizer("radam", { beta1: 0.5, beta2: 0.5, epsilon: 0.1, weight_decay: 0.1 }),
  ...optimizer("lion", { beta1: 0.5, beta2: 0.5, weight_decay: 0.1 }),
  ...optimizer("lamb", { beta1: 0.5, beta2: 0.5, epsilon: 0.1, weight_decay: 0.1 }),
  ...optimizer("adafactor", {
    beta2_decay: 0.5,
    epsilon: 0.1,
    minimum_scale: 0.1,
    clip_threshold: 2,
    weight_decay: 0.1,
  }),
  ...optimizer("muon", {
    momentum: 0.5,
    nesterov: false,
    newton_schulz_steps: 3,
    epsilon: 0.1,
    scale: "match_rms_adamw",
    exclude: ["*/W"],
    adam: { beta1: 0.5 },
    weight_decay: 0.2,
  }),
  ...prefixed("muon_adam", {
    learning_rate: muonAdam("learning_rate", 0.01),
    beta1: muonAdam("beta1", 0.5),
    beta2: muonAdam("beta2", 0.5),
    epsilon: muonAdam("epsilon", 0.1),
  }),
  ...Object.fromEntries(
    ["adam", "adamw", "adamax", "radam", "lion", "lamb", "adafactor", "muon"].map((type) => [
      `${type}.no_decay`,
      keyEffect(decaying(type), "/optimizer/no_decay", ["*/b"]),
    ]),
  ),
  ...prefixed("rate_group", {
    parameters: keyEffect(grouped, "/optimizer/rates/0/parameters", ["*/b"]),
    factor: keyEffect(grouped, "/optimizer/rates/0/factor", 0.5),
  }),
  ...Object.fromEntries(
    metricTypes.map((type) => [
      `metric_${type}.output`,
      { testedBy: "test/compiler/elaborate/outputs.test.ts" } satisfies KeyEffect,
    ]),
  ),
  ...prefixed("metric_mase", { season: { testedBy: "test/runtime/evaluation/forecast-metrics.test.ts" } }),
  ...prefixed("metric_coverage", { interval: { testedBy: "test/runtime/evaluation/forecast-metrics.test.ts" } }),
  ...prefixed("metric_top_k", { k: keyEffect(set(classes, "/metrics", [{ type: "top_k", k: 1 }]), "/metrics/0/k", 2) }),
  ...prefixed("distributed", {
    sync: { testedBy: "test/runtime/distributed/mpi.test.ts" },
    average_every: { testedBy: "test/runtime/distributed/mpi.test.ts" },
  }),
  ...prefixed("train", {
    steps: keyEffect(text, "/train/steps", 5),
    epochs: [text, set(text, "/train", { epochs: 2, batch_size: 3 })],
    batch_size: keyEffect(text, "/train/batch_size", 4),
    shuffle: keyEffect(text, "/train/shuffle", false),
    steps_per_call: keyEffect(text, "/train/steps_per_call", 2),
    checkpoint_every: keyEffect(text, "/train/checkpoint_every", 2),
    keep_last: { testedBy: "test/runtime/run/checkpoint.test.ts" },
    keep_every: keyEffect(text, "/train/keep_every", 2),
    memory: keyEffect(
      set(set(text, "/data/text", "hello world, hello you and you".repeat(2)), "/data/window", 16),
      "/train/memory",
      "low",
    ),
    precision: keyEffect(text, "/train/precision", "float16"),
    accumulate: keyEffect(set(text, "/train/batch_size", 4), "/train/accumulate", 2),
    distributed: { testedBy: "test/runtime/distributed/mpi.test.ts" },
    evaluate_every: keyEffect(text, "/train/evaluate_every", 2),
    sample: { testedBy: "test/runtime/generation/generate-run.test.ts" },
    early_stopping: { testedBy: "test/runtime/training/validation.test.ts" },
    keep_best: { testedBy: "test/runtime/training/validation.test.ts" },
  }),
  ...prefixed("mixed_precision", {
    loss_scale: keyEffect(set(text, "/train/precision", { type: "float16" }), "/train/precision/loss_scale", 512),
  }),
  ...prefixed("dynamic_loss_scale", {
    initial: half("initial", 1024),
    growth_interval: half("growth_interval", 50),
  }),
  ...prefixed("custom", {
    type: keyEffect(set(customized, "/layers/other", otherLayer), "/model/1/type", "other"),
    name: [customized, set(set(customized, "/model/1/name", "other"), "/model/3/from", ["other", "second"])],
    from: keyEffect(customized, "/model/2/from", "rnn"),
    weights: keyEffect(customized, "/model/2/weights", "first"),
    trainable: keyEffect(customized, "/model/1/trainable", false),
    options: keyEffect(customized, "/model/2/options", { size: 5 }),
  }),
  ...prefixed("metric_custom", {
    name: keyEffect(ownMetric, "/metrics/0/name", "other"),
    equations: keyEffect(ownMetric, "/metrics/0/equations/0", "metric = 2 * abs(y - t)"),
    reduce: keyEffect(ownMetric, "/metrics/0/reduce", "root_mean"),
    options: { testedBy: "test/compiler/elaborate/metrics/own-metrics.test.ts" },
    mode: { testedBy: "test/compiler/elaborate/metrics/own-metrics.test.ts" },
    output: { testedBy: "test/compiler/elaborate/metrics/own-metrics.test.ts" },
  }),
  ...prefixed("custom_loss", {
    name: { testedBy: "test/compiler/elaborate/losses/own-losses.test.ts" },
    definition: keyEffect(ownLoss, "/loss/definition/equations/0", "loss = 2 * abs(y - t)"),
    options: keyEffect(ownLoss, "/loss/options", { scale: 3 }),
    reduction: keyEffect(ownLoss, "/loss/reduction", "sum"),
    class_weights: keyEffect(ownClassLoss, "/loss/class_weights", [1, 2, 1]),
    from: { testedBy: "test/compiler/elaborate/outputs.test.ts" },
    target: { testedBy: "test/compiler/elaborate/outputs.test.ts" },
    weight: keyEffect(ownLoss, "/loss/weight", 2),
  }),
  ...prefixed("loss_definition", {
    options: keyEffect(ownLoss, "/loss/definition/options/scale", 3),
    target: { testedBy: "test/compiler/elaborate/losses/own-losses.test.ts" },
    output_size: { testedBy: "test/compiler/elaborate/losses/own-losses.test.ts" },
    scope: { testedBy: "test/compiler/elaborate/losses/own-losses.test.ts" },
    equations: keyEffect(ownLoss, "/loss/definition/equations/0", "loss = 2 * abs(y - t)"),
    variants: keyEffect(
      set(ownLoss, "/loss/definition/options/squared", true),
      "/loss/definition/variants/squared/true/equations",
      ["loss = scale * (y - t) ^ 4"],
    ),
  }),
  ...prefixed("loss_variant", {
    equations: keyEffect(
      set(ownLoss, "/loss/definition/options/squared", true),
      "/loss/definition/variants/squared/true/equations",
      ["loss = scale * (y - t) ^ 4"],
    ),
  }),
  ...prefixed("layer_definition", {
    options: customEffect("options/size", 4),
    inputs: [severalInputs({ p: "p_size", q: "q_size" }), severalInputs({ q: "q_size", p: "p_size" })],
    parameters: customEffect("parameters/b", [1, "size"]),
    initializers: customEffect("initializers/W", "glorot_uniform"),
    equations: customEffect("equations/1", "y = tanh(z) + b"),
    // With another output, an equation of one of the specs would have no effect, which is an error.
    output: { testedBy: "test/compiler/elaborate/layers/custom.test.ts" },
    variants: keyEffect(
      set(customized, "/layers/own/options/bias", false),
      "/layers/own/variants/bias/false/equations/y",
      "y = tanh(z) + 0 * b",
    ),
  }),
  ...prefixed("custom_optimizer", {
    name: keyEffect(set(stepped, "/optimizers/other", otherOptimizer), "/optimizer/name", "other"),
    learning_rate: keyEffect(stepped, "/optimizer/learning_rate", 0.2),
    options: keyEffect(stepped, "/optimizer/options/beta", 0.8),
    no_decay: keyEffect(stepped, "/optimizer/no_decay", ["*/b"]),
    ...Object.fromEntries(
      Object.entries(rate).map(([key, value]) => [key, keyEffect(stepped, `/optimizer/${key}`, value)]),
    ),
  }),
  ...prefixed("optimizer_definition", {
    options: keyEffect(stepped, "/optimizers/own/options/weight_decay", 0.2),
    slots: keyEffect(stepped, "/optimizers/own/slots/m", 1),
    equations: keyEffect(stepped, "/optimizers/own/equations/0", "m' = beta * m + g"),
    variants: keyEffect(stepped, "/optimizers/own/variants/rank/2/equations/d", "d = sign(m')"),
  }),
  ...prefixed("shaped_slot", {
    initial: keyEffect(stepped, "/optimizers/own/slots/s/initial", 2),
    shape: keyEffect(stepped, "/optimizers/own/slots/s/shape", [1]),
  }),
  ...prefixed("custom_schedule", {
    name: keyEffect(set(stepped, "/schedules/other", otherSchedule), "/optimizer/schedule/name", "other"),
    options: keyEffect(stepped, "/optimizer/schedule/options/period", 5),
    warmup_steps: keyEffect(stepped, "/optimizer/schedule/warmup_steps", 3),
  }),
  ...prefixed("schedule_definition", {
    options: keyEffect(stepped, "/schedules/wave/options/low", 0.3),
    equations: keyEffect(stepped, "/schedules/wave/equations/1", "factor = 1 + low * sin(x) ^ 2"),
    variants: keyEffect(stepped, "/schedules/wave/variants/stepwise/true/equations/x", "x = floor(n / 2)"),
  }),
  ...prefixed("activation_definition", {
    options: keyEffect(
      set(activated, "/activations/own", { options: { slope: 0.5 }, equations: ["y = max(x, x * slope)"] }),
      "/activations/own/options/slope",
      0.25,
    ),
    equations: activationEffect("equations/0", "y = relu(x) * 3"),
    output: { testedBy: "test/compiler/elaborate/own-activations.test.ts" },
  }),
  ...prefixed("own", {
    inputs: { testedBy: "test/compiler/elaborate/layers/rnn/cell-inputs.test.ts" },
    options: cellEffect("options/gain", 3),
    state: keyEffect(counting, "/cells/own/state/k", 4),
    parameters: cellEffect("parameters/b", [1, "2*hidden_size"]),
    initializers: cellEffect("initializers/W", "glorot_uniform"),
    equations: cellEffect("equations/1", "h' = sigmoid(q) * tanh(p) * gain"),
    output: cellEffect("output", "p"),
    onnx: { testedBy: "test/runtime/export/onnx-operators.test.ts" },
    variants: keyEffect(
      set(cell, "/model/0/cells/0/kind", "relu"),
      "/cells/own/variants/kind/relu/equations/h'",
      "h' = relu(p) * q * gain",
    ),
  }),
  ...prefixed("slice", {
    from: cellEffect("initializers/b/0/from", 1),
    to: cellEffect("initializers/b/0/to", 2),
    value: cellEffect("initializers/b/0/value", 0.25),
  }),
};

/** The scale of a loss for float16. */
function half(key: string, value: number): KeyEffect {
  const scale = { initial: 512, growth_interval: 100 };
  return keyEffect(
    set(text, "/train/precision", { type: "float16", loss_scale: scale }),
    `/train/precision/loss_scale/${key}`,
    value,
  );
}

/** Sentences with a tag for each word, through the layers of `messages`. */
function perTag(): Json {
  return set(messages, "/model/1/return", "sequence");
}

/** A layer after one of its kind, with its own weights and with those of the first. */
function twoLayers(layer: Readonly<Record<string, Json>>): KeyEffect {
  const model = [{ ...layer, name: "first" }, layer, { layer: "pool", mode: "mean" }, { layer: "dense", size: 2 }];
  return keyEffect(set(numbers, "/model", model), "/model/1/weights", "first");
}

function withTwoDense(): Json {
  return set(numbers, "/model", [
    { layer: "pool", mode: "mean" },
    { layer: "dense", name: "first", size: 3 },
    { layer: "dense", name: "middle", size: 3, activation: "tanh" },
    { layer: "dense", name: "second", size: 3, activation: "tanh" },
    { layer: "dense", size: 2 },
  ]);
}
