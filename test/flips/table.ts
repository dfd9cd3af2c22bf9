/** For every key that a spec may have: a spec, and what the key becomes. `definition.key` as the schema has them. */
import * as bases from "./bases.js";
import { type Json, set } from "./fingerprint.js";

/** Two specs that differ in one key alone; or the test that runs the key, where only a run can show its effect. */
export type Flip = readonly [Json, Json] | { readonly shownBy: string };

/** The base as it is, and with the member at the pointer set. */
const flip = (base: Json, pointer: string, value: Json | undefined): Flip => [base, set(base, pointer, value)];

const { text, numbers, classes, joined, inputs, labels, weather, stock, messages, images, pairs, cell } = bases;

const split = (base: Json): Readonly<Record<string, Flip>> => {
  const halves = set(base, "/data/split", { train: 0.34, validation: 0.17, test: 0.17, order: "time" });
  return {
    train: flip(halves, "/data/split/train", 0.6),
    validation: flip(halves, "/data/split/validation", 0.34),
    test: flip(halves, "/data/split/test", 0.34),
    order: flip(halves, "/data/split/order", "shuffled"),
  };
};

const under = (name: string, flips: Readonly<Record<string, Flip>>): Readonly<Record<string, Flip>> =>
  Object.fromEntries(Object.entries(flips).map(([key, value]) => [`${name}.${key}`, value]));

/** Flips of the keys of one optimizer, schedule or loss, by their new values. */
const options = (base: Json, place: string, type: Json, values: Readonly<Record<string, Json>>) => {
  const start = set(base, place, type);
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, flip(start, `${place}/${key}`, value)]));
};

const rate = { clip: { value: 0.5 }, schedule: { type: "linear_warmup", warmup_steps: 3 }, average: { decay: 0.9 } };
const optimizer = (type: string, values: Readonly<Record<string, Json>>) =>
  under(type, options(numbers, "/optimizer", { type, learning_rate: 0.1 }, { learning_rate: 0.2, ...rate, ...values }));
const schedule = (type: string, given: Readonly<Record<string, Json>>, values: Readonly<Record<string, Json>>) =>
  under(type, options(numbers, "/optimizer/schedule", { type, ...given }, values));
const loss = (type: string, base: Json, values: Readonly<Record<string, Json>>) =>
  under(type, options(base, "/loss", { type }, values));

const lstm = set(numbers, "/model/0/cell", "lstm");
const gru = set(numbers, "/model/0/cell", "gru");
const listed = (base: Json): Json => {
  const {
    cell: name,
    hidden_size,
    ...layer
  } = (base as { readonly model: readonly { readonly [key: string]: Json }[] }).model[0] as {
    readonly [key: string]: Json;
  };
  return set(base, "/model/0", { ...layer, cells: [{ cell: name ?? "rnn", hidden_size: hidden_size ?? 3 }] });
};
/** Keys that a cell's use has, on the layer or in the list of cells. */
const uses = (name: string, shape: (base: Json) => Json, place: string) =>
  under(name, {
    cell: flip(shape(numbers), `${place}/cell`, "gru"),
    hidden_size: flip(shape(numbers), `${place}/hidden_size`, 4),
    residual: flip(shape(numbers), `${place}/residual`, true),
    bidirectional: flip(shape(numbers), `${place}/bidirectional`, "sum"),
    dropout: flip(shape(numbers), `${place}/dropout`, { output: 0.2 }),
    zoneout: flip(shape(numbers), `${place}/zoneout`, 0.1),
    layer_norm: flip(shape(numbers), `${place}/layer_norm`, true),
    activation: flip(shape(numbers), `${place}/activation`, "relu"),
    cell_clip: flip(shape(lstm), `${place}/cell_clip`, 1),
    forget_bias: flip(shape(lstm), `${place}/forget_bias`, 2),
    peepholes: flip(shape(lstm), `${place}/peepholes`, true),
    projection_size: flip(shape(lstm), `${place}/projection_size`, 2),
    recurrent_weight: flip(shape(set(numbers, "/model/0/cell", "indrnn")), `${place}/recurrent_weight`, 0.5),
    reset_after: flip(shape(gru), `${place}/reset_after`, false),
  });

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
    [0, 1, 0, 1, 1, 0].map((one) => [one, 1 - one]),
  ),
  "/loss",
  { type: "binary_cross_entropy" },
);
const own = (key: string, value: Json | undefined) => flip(cell, `/cells/own/${key}`, value);

export const flips: Readonly<Record<string, Flip>> = {
  ...under("spec", {
    name: flip(text, "/name", "other"),
    seed: flip(text, "/seed", 7),
    data: flip(text, "/data", { type: "text", text: "other words and others", window: 4 }),
    cells: own("options/gain", 3),
    model: flip(text, "/model/1/hidden_size", 5),
    loss: flip(text, "/loss", { type: "cross_entropy", reduction: "sum" }),
    metrics: flip(text, "/metrics", ["bits_per_character"]),
    optimizer: flip(text, "/optimizer", { type: "adam" }),
    train: flip(text, "/train", { steps: 5, batch_size: 3 }),
    regularization: flip(numbers, "/regularization", { l2: 0.01 }),
  }),
  ...under("regularization", {
    l2: flip(penalized, "/regularization/l2", 0.02),
    l1: flip(penalized, "/regularization/l1", 0.02),
    activity: flip(penalized, "/regularization/activity", 0.02),
    biases: flip(penalized, "/regularization/biases", true),
  }),
  ...under("text_data", {
    text: flip(text, "/data/text", "hello world, hello all"),
    file: [text, set(set(text, "/data/text", undefined), "/data/file", "weather.csv")],
    unit: flip(set(text, "/data/window", 2), "/data/unit", "word"),
    window: flip(text, "/data/window", 3),
    stride: flip(text, "/data/stride", 2),
    vocabulary: flip(text, "/data/vocabulary", { size: 5 }),
    split: flip(text, "/data/split", { validation: 0.3 }),
  }),
  ...under("vocabulary", {
    size: flip(text, "/data/vocabulary", { size: 5 }),
    min_count: flip(text, "/data/vocabulary", { min_count: 3 }),
  }),
  ...under("table_data", {
    file: flip(weather, "/data/file", "stock.csv"),
    header: flip(set(stock, "/data/target", undefined), "/data/header", false),
    comment: { shownBy: "test/runtime/data/table.test.ts" },
    delimiter: { shownBy: "test/runtime/data/table.test.ts" },
    columns: flip(weather, "/data/columns", ["mill", "lake"]),
    target: flip(weather, "/data/target", ["mill"]),
    window: flip(weather, "/data/window", 4),
    horizon: flip(weather, "/data/horizon", 2),
    stride: flip(weather, "/data/stride", 2),
    reverse: flip(weather, "/data/reverse", true),
    scale: flip(weather, "/data/scale", "min_max"),
    missing: { shownBy: "test/runtime/data/table.test.ts" },
    split: flip(weather, "/data/split", { train: 0.8 }),
  }),
  ...under("sequences_data", {
    file: [messages, set(perTag(), "/data/file", "sentences.jsonl")],
    unit: flip(messages, "/data/unit", "char"),
    vocabulary: flip(messages, "/data/vocabulary", { size: 9 }),
    max_length: flip(messages, "/data/max_length", 4),
    buckets: flip(messages, "/data/buckets", 3),
    split: flip(messages, "/data/split", { validation: 0.2 }),
  }),
  ...under("images_data", {
    file: { shownBy: "test/runtime/data/images.test.ts" },
    labels: { shownBy: "test/runtime/data/images.test.ts" },
    limit: flip(images, "/data/limit", 20),
    split: flip(images, "/data/split", { validation: 0.2 }),
  }),
  ...under("pairs_data", {
    pairs: flip(pairs, "/data/pairs", [
      ["one", "1"],
      ["two", "2"],
    ]),
    file: [pairs, set(set(pairs, "/data/pairs", undefined), "/data/file", "numbers.tsv")],
    unit: flip(pairs, "/data/unit", "char"),
    split: flip(pairs, "/data/split", { validation: 0.25 }),
  }),
  ...under("arrays_data", {
    inputs: flip(numbers, "/data/inputs/0/0/0", 9),
    targets: flip(numbers, "/data/targets/0/0", 9),
    lengths: flip(numbers, "/data/lengths", [4, 3, 2, 4, 1, 2]),
    weights: flip(numbers, "/data/weights", [1, 2, 1, 2, 1, 2]),
    initial_states: flip(numbers, "/data/initial_states", { "rnn/0/h": [0, 1, 2, 3, 4, 5].map((row) => [row, 0, 0]) }),
    split: flip(numbers, "/data/split", { validation: 0.34 }),
  }),
  ...under("series_split", split(set(text, "/data/text", "hello world, hello you. ".repeat(4)))),
  ...under("split", split(numbers)),
  ...under("one_hot", {
    name: { shownBy: "test/schema/normalize.test.ts" },
    from: { shownBy: "test/elaborate/diagnostics.test.ts" },
    size: flip(text, "/model/0/size", 30),
  }),
  ...under("embedding", {
    trainable: flip(twice, "/model/0/trainable", false),
    name: flip(twice, "/model/0/name", "table"),
    from: flip(inputs, "/model/2/from", "second"),
    vocabulary_size: flip(twice, "/model/0/vocabulary_size", 30),
    weights: [pairs, set(set(pairs, "/model/2/vocabulary_size", "vocabulary"), "/model/2/weights", "embedding")],
    size: flip(twice, "/model/0/size", 5),
  }),
  ...uses("rnn", (base) => base, "/model/0"),
  ...uses("cell", listed, "/model/0/cells/0"),
  "cell.trainable": flip(listed(numbers), "/model/0/cells/0/trainable", false),
  ...under("rnn", {
    trainable: flip(numbers, "/model/0/trainable", false),
    name: flip(numbers, "/model/0/name", "reader"),
    from: flip(joined, "/model/1/from", "a"),
    layers: flip(numbers, "/model/0/layers", 2),
    cells: flip(listed(numbers), "/model/0/cells", [
      { cell: "gru", hidden_size: 3 },
      { cell: "rnn", hidden_size: 3 },
    ]),
    share_weights: flip(stacked, "/model/0/share_weights", true),
    weights: flip(joined, "/model/1/weights", "a"),
    initial_state: flip(numbers, "/model/0/initial_state", "learned"),
    stateful: [set(stateful, "/model/1/stateful", false), stateful],
    unroll: flip(
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
    return: flip(set(cell, "/cells/own/output", "p"), "/model/0/return", "state"),
  }),
  ...under("dropout", {
    name: { shownBy: "test/elaborate/random.test.ts" },
    from: { shownBy: "test/elaborate/diagnostics.test.ts" },
    rate: flip(
      set(numbers, "/model", [{ layer: "pool" }, { layer: "dense", size: 2 }, { layer: "dropout", rate: 0.1 }]),
      "/model/2/rate",
      0.2,
    ),
  }),
  ...under("cell_dropout", {
    input: flip(dropping, "/model/0/dropout/input", 0.3),
    output: flip(dropping, "/model/0/dropout/output", 0.3),
    state: flip(dropping, "/model/0/dropout/state", 0.3),
    variational: flip(dropping, "/model/0/dropout/variational", true),
  }),
  ...under("pool", {
    name: { shownBy: "test/schema/normalize.test.ts" },
    from: flip(joined, "/model/8/from", "b"),
    mode: flip(joined, "/model/8/mode", "mean"),
  }),
  ...Object.fromEntries(
    ["concat", "add", "multiply"].flatMap((kind, place) => [
      [`${kind}.name`, { shownBy: "test/schema/normalize.test.ts" }],
      [`${kind}.from`, flip(joined, `/model/${place + 2}/from`, ["b", "b"])],
    ]),
  ),
  ...under("attention", {
    trainable: flip(joined, "/model/5/trainable", false),
    name: [joined, set(set(joined, "/model/5/name", "look"), "/model/6/from/3", "look")],
    from: flip(joined, "/model/5/from", ["b", "a"]),
    score: flip(joined, "/model/5/score", "additive"),
    scale: flip(joined, "/model/5/scale", true),
    size: flip(set(joined, "/model/5/score", "additive"), "/model/5/size", 7),
  }),
  ...under("dense", {
    trainable: flip(numbers, "/model/1/trainable", false),
    name: flip(numbers, "/model/1/name", "answer"),
    from: flip(joined, "/model/9/from", "whole"),
    weights: flip(withTwoDense(), "/model/3/weights", "first"),
    size: flip(withTwoDense(), "/model/1/size", 4),
    activation: flip(numbers, "/model/1/activation", "tanh"),
    bias: flip(numbers, "/model/1/bias", false),
  }),
  ...under("projection", {
    trainable: flip(classes, "/model/1/trainable", false),
    name: flip(classes, "/model/1/name", "answer"),
    from: { shownBy: "test/elaborate/diagnostics.test.ts" },
    weights: flip(twice, "/model/2/weights", "embedding"),
    size: flip(classes, "/model/1/size", 4),
    activation: flip(classes, "/model/1/activation", "softmax"),
    bias: flip(classes, "/model/1/bias", false),
  }),
  ...loss("sequence_loss", text, {
    average_across_timesteps: false,
    average_across_batch: false,
    class_weights: [1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1],
  }),
  ...loss("cross_entropy", classes, { reduction: "sum", label_smoothing: 0.1, class_weights: [1, 2, 1] }),
  ...under(
    "sampled_softmax",
    options(
      classes,
      "/loss",
      { type: "sampled_softmax", samples: 2 },
      { samples: 3, distribution: "uniform", reduction: "sum" },
    ),
  ),
  ...loss("binary_cross_entropy", binary, { reduction: "sum", positive_weight: 2 }),
  ...loss("squared_error", numbers, { reduction: "sum" }),
  ...loss("absolute_error", numbers, { reduction: "sum" }),
  ...loss("huber", numbers, { reduction: "sum", delta: 0.5 }),
  ...loss("ctc", labels, { reduction: "sum", blank: "last", zero_infinity: true }),
  ...under("clip", {
    global_norm: flip(numbers, "/optimizer/clip", { global_norm: 1 }),
    value: flip(numbers, "/optimizer/clip", { value: 1 }),
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
  ...schedule("plateau", {}, { warmup_steps: 2 }),
  ...under(
    "plateau",
    Object.fromEntries(
      ["metric", "mode", "factor", "patience", "minimum_delta", "cooldown", "minimum_ratio"].map((key) => [
        key,
        { shownBy: "test/runtime/plateau.test.ts" },
      ]),
    ),
  ),
  "average.decay": flip(set(numbers, "/optimizer/average", { decay: 0.9 }), "/optimizer/average/decay", 0.8),
  ...optimizer("sgd", {}),
  ...optimizer("momentum", { momentum: 0.5, nesterov: true }),
  ...optimizer("rmsprop", { decay: 0.5, momentum: 0.5, epsilon: 0.1, variant: "torch" }),
  ...optimizer("adagrad", { initial_accumulator_value: 0.5, epsilon: 0.1, variant: "torch" }),
  ...optimizer("adadelta", { decay: 0.5, epsilon: 0.1 }),
  ...optimizer("adam", { beta1: 0.5, beta2: 0.5, epsilon: 0.1, weight_decay: 0.1, variant: "torch" }),
  ...optimizer("adamw", { beta1: 0.5, beta2: 0.5, epsilon: 0.1, weight_decay: 0.1, variant: "torch" }),
  ...optimizer("nadam", { beta1: 0.5, beta2: 0.5, epsilon: 0.1, momentum_decay: 0.1, variant: "keras" }),
  ...optimizer("lion", { beta1: 0.5, beta2: 0.5, weight_decay: 0.1 }),
  ...under("metric_top_k", { k: flip(set(classes, "/metrics", [{ type: "top_k", k: 1 }]), "/metrics/0/k", 2) }),
  ...under("distributed", {
    sync: { shownBy: "test/distributed/mpi.test.ts" },
    average_every: { shownBy: "test/distributed/mpi.test.ts" },
  }),
  ...under("train", {
    steps: flip(text, "/train/steps", 5),
    epochs: [text, set(text, "/train", { epochs: 2, batch_size: 3 })],
    batch_size: flip(text, "/train/batch_size", 4),
    shuffle: flip(text, "/train/shuffle", false),
    steps_per_call: flip(text, "/train/steps_per_call", 2),
    checkpoint_every: flip(text, "/train/checkpoint_every", 2),
    keep_last: { shownBy: "test/runtime/checkpoint.test.ts" },
    keep_every: flip(text, "/train/keep_every", 2),
    memory: flip(
      set(set(text, "/data/text", "hello world, hello you and you".repeat(2)), "/data/window", 16),
      "/train/memory",
      "low",
    ),
    precision: flip(text, "/train/precision", "float16"),
    accumulate: flip(set(text, "/train/batch_size", 4), "/train/accumulate", 2),
    distributed: { shownBy: "test/distributed/mpi.test.ts" },
    evaluate_every: flip(text, "/train/evaluate_every", 2),
    sample: { shownBy: "test/runtime/generate.test.ts" },
    early_stopping: { shownBy: "test/runtime/validation.test.ts" },
    keep_best: { shownBy: "test/runtime/validation.test.ts" },
  }),
  ...under("mixed_precision", {
    loss_scale: flip(set(text, "/train/precision", { type: "float16" }), "/train/precision/loss_scale", 512),
  }),
  ...under("dynamic_loss_scale", {
    initial: half("initial", 1024),
    growth_interval: half("growth_interval", 50),
  }),
  ...under("own", {
    options: own("options/gain", 3),
    state: flip(counting, "/cells/own/state/k", 4),
    parameters: own("parameters/b", [1, "2*hidden_size"]),
    initializers: own("initializers/W", "glorot_uniform"),
    equations: own("equations/1", "h' = sigmoid(q) * tanh(p) * gain"),
    output: own("output", "p"),
    onnx: { shownBy: "test/export/operators.test.ts" },
    variants: flip(
      set(cell, "/model/0/cells/0/kind", "relu"),
      "/cells/own/variants/kind/relu/equations/h'",
      "h' = relu(p) * q * gain",
    ),
  }),
  ...under("slice", {
    from: own("initializers/b/0/from", 1),
    to: own("initializers/b/0/to", 2),
    value: own("initializers/b/0/value", 0.25),
  }),
};

/** The scale of a loss for float16. */
function half(key: string, value: number): Flip {
  const scale = { initial: 512, growth_interval: 100 };
  return flip(
    set(text, "/train/precision", { type: "float16", loss_scale: scale }),
    `/train/precision/loss_scale/${key}`,
    value,
  );
}

/** Sentences with a tag for each word, through the layers of `messages`. */
function perTag(): Json {
  return set(messages, "/model/1/return", "sequence");
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
