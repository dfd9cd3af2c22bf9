/** Normalization: sugar, defaults and origins. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { builtInCell, builtInCells } from "../../schema/built-in.js";
import { packageRoot } from "../../schema/package-root.js";
import { base, normal, problems, unplacedProblems } from "../support/read-spec.js";

const withModel = (...model: object[]) => ({ ...base, model });
const usual = {
  residual: false,
  trainable: true,
  bidirectional: "none",
  dropout: { input: 0, output: 0, state: 0, variational: false },
  zoneout: 0,
  layer_norm: false,
};
const lstm = {
  ...usual,
  forget_bias: 1,
  peepholes: false,
  cell_clip: 0,
  projection_size: 0,
};
const rnn = {
  layer: "rnn",
  name: "rnn",
  share_weights: false,
  weights: null,
  initial_state: "zeros",
  stateful: false,
  unroll: false,
  return: "sequence",
};
const ownCell = { state: { h: "hidden_size" }, parameters: {}, equations: ["h' = x"], output: "h'" };

test("all defaults of the smallest spec", async () => {
  const { spec } = await normal(base, { file: "small.json" });
  const { lstm: cell, ...others } = spec.cells;
  expect(others).toEqual({});
  expect(cell).toMatchObject({ options: { forget_bias: 1 }, variants: {}, output: "h'" });
  expect({ ...spec, cells: {} }).toEqual({
    name: "small",
    seed: 0,
    layers: {},
    activations: {},
    optimizers: {},
    schedules: {},
    data: {
      type: "text",
      text: "hihello",
      file: null,
      unit: "char",
      tokenizer: null,
      window: 6,
      stride: 1,
      normalization: { normalize: "none", lowercase: false, punctuation: "keep" },
      evaluation_stride: null,
      vocabulary: { file: null, size: null, min_count: 1 },
      split: { train: 1, validation: 0, test: 0, order: "time" },
    },
    cells: {},
    model: [
      { layer: "one_hot", name: "one_hot", from: ["inputs"], size: "vocabulary" },
      { ...rnn, from: ["one_hot"], cells: [{ cell: "lstm", hidden_size: 5, ...lstm }] },
    ],
    losses: [
      {
        type: "sequence_loss",
        average_across_timesteps: true,
        average_across_batch: true,
        class_weights: null,
        from: "rnn",
        target: "targets",
        weight: 1,
      },
    ],
    adapt: null,
    regularization: null,
    metrics: null,
    optimizer: {
      type: "adam",
      learning_rate: 0.001,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weight_decay: 0,
      no_decay: [],
      rates: [],
      variant: "tensorflow",
      clip: null,
      schedule: { type: "constant" },
      average: null,
    },
    train: {
      steps: null,
      epochs: 10,
      batch_size: 32,
      accumulate: 1,
      distributed: { sync: "step" },
      precision: "float32",
      memory: "normal",
      shuffle: true,
      steps_per_call: "auto",
      checkpoint_every: 0,
      keep_last: 2,
      keep_every: 0,
      evaluate_every: null,
      early_stopping: null,
      keep_best: null,
      sample: null,
    },
  });
});

test.each<[object, object]>([
  [{ type: "sgd", learning_rate: 1 }, {}],
  [{ type: "momentum" }, { learning_rate: 0.01, momentum: 0.9, nesterov: false }],
  [{ type: "rmsprop" }, { learning_rate: 0.001, decay: 0.9, momentum: 0, epsilon: 1e-10, variant: "tensorflow" }],
  [{ type: "rmsprop", variant: "torch" }, { epsilon: 1e-8 }],
  [{ type: "rmsprop", variant: "keras" }, { epsilon: 1e-7 }],
  [{ type: "rmsprop", variant: "keras", epsilon: 0.5 }, { epsilon: 0.5 }],
  [{ type: "adagrad" }, { learning_rate: 0.01, initial_accumulator_value: 0.1, epsilon: 0, variant: "tensorflow" }],
  [
    { type: "adagrad", variant: "torch" },
    { initial_accumulator_value: 0, epsilon: 1e-10 },
  ],
  [{ type: "adadelta" }, { learning_rate: 1, decay: 0.95, epsilon: 1e-6 }],
  [{ type: "adamw" }, { learning_rate: 0.001, weight_decay: 0.01, variant: "tensorflow" }],
  [
    { type: "adamw", variant: "keras" },
    { weight_decay: 0.004, epsilon: 1e-7 },
  ],
  [
    { type: "adam", variant: "keras" },
    { weight_decay: 0, epsilon: 1e-7 },
  ],
  [{ type: "nadam" }, { learning_rate: 0.002, momentum_decay: 0.004, epsilon: 1e-8, variant: "torch" }],
  [
    { type: "nadam", variant: "keras" },
    { momentum_decay: 1, epsilon: 1e-7 },
  ],
  [{ type: "lion" }, { learning_rate: 0.0001, beta1: 0.9, beta2: 0.99, weight_decay: 0 }],
  [
    { type: "adam", schedule: { type: "cosine_decay", decay_steps: 8 } },
    { schedule: { type: "cosine_decay", decay_steps: 8, minimum_ratio: 0, warmup_steps: 0 } },
  ],
  [
    { type: "adam", schedule: { type: "plateau", metric: "accuracy" } },
    {
      schedule: {
        type: "plateau",
        metric: "accuracy",
        mode: "max",
        factor: 0.1,
        patience: 10,
        minimum_delta: 0,
        cooldown: 0,
        minimum_ratio: 0,
        warmup_steps: 0,
      },
    },
  ],
  [
    { type: "adam", schedule: { type: "step_decay", every: 5 } },
    { schedule: { type: "step_decay", every: 5, boundaries: null, factor: 0.1, warmup_steps: 0 } },
  ],
])("optimizer defaults: %j", async (optimizer, expected) => {
  const { spec } = await normal({ ...base, optimizer });
  expect(spec.optimizer).toMatchObject({ clip: null, ...optimizer, ...expected });
});

describe("layers", () => {
  test("`layers` and `cell` become cells", async () => {
    const { spec } = await normal(
      withModel({ layer: "rnn", cell: "gru", hidden_size: 3, layers: 2, reset_after: false }),
    );
    const cell = { cell: "gru", hidden_size: 3, ...usual, reset_after: false };
    expect(spec.model[0]).toEqual({ ...rnn, from: ["inputs"], cells: [cell, cell] });
  });

  test("settings around a cell, from the layer and from the cell", async () => {
    const { spec } = await normal(
      withModel({
        layer: "rnn",
        dropout: { output: 0.2 },
        zoneout: 0.1,
        layer_norm: true,
        cells: [
          { cell: "lstm", hidden_size: 3 },
          { cell: "lstm", hidden_size: 3, dropout: { state: { c: 0.5 } }, zoneout: { h: 0.3 }, layer_norm: false },
        ],
      }),
    );
    expect(spec.model[0]).toMatchObject({
      cells: [
        {
          dropout: { input: 0, output: 0.2, state: 0, variational: false },
          zoneout: 0.1,
          layer_norm: true,
        },
        {
          dropout: { input: 0, output: 0, state: { c: 0.5 }, variational: false },
          zoneout: { h: 0.3 },
          layer_norm: false,
        },
      ],
    });
  });

  test("a layer's settings are the defaults of its cells", async () => {
    const { spec } = await normal(
      withModel({
        layer: "rnn",
        residual: true,
        bidirectional: "sum",
        cells: [
          { cell: "lstm", hidden_size: 3 },
          { cell: "rnn", hidden_size: 3, residual: false, bidirectional: "none", activation: "relu" },
        ],
      }),
    );
    expect(spec.model[0]).toMatchObject({
      cells: [
        { cell: "lstm", residual: true, bidirectional: "sum", forget_bias: 1 },
        { cell: "rnn", residual: false, bidirectional: "none", activation: "relu" },
      ],
    });
    expect(Object.keys(spec.cells)).toEqual(["lstm", "rnn"]);
  });

  test("names: the kind, then numbers, without those that are given", async () => {
    const rnn = { layer: "rnn", cell: "rnn", hidden_size: 2 };
    const { spec } = await normal(withModel(rnn, rnn, { ...rnn, name: "rnn" }, { layer: "dense", size: 1 }, rnn));
    expect(spec.model.map(({ name }) => name)).toEqual(["rnn_2", "rnn_3", "rnn", "dense", "rnn_4"]);
  });

  test("a duplicate name", async () => {
    expect(
      await unplacedProblems(withModel({ layer: "one_hot", name: "a" }, { layer: "dense", size: 1, name: "a" })),
    ).toEqual([
      'duplicate-name /model/1/name | Two layers are named "a". | The first is model[0]. Give each layer its own name.',
    ]);
  });

  test("shared weights need equal cells", async () => {
    const cells = [
      { cell: "lstm", hidden_size: 3 },
      { cell: "lstm", hidden_size: 3, residual: true, dropout: { output: 0.5 }, zoneout: { h: 0.1 } },
      { cell: "lstm", hidden_size: 3, forget_bias: 0 },
    ];
    expect(await unplacedProblems(withModel({ layer: "rnn", share_weights: true, cells }))).toEqual([
      'unlike-shared-cells /model/0/cells/2/forget_bias | Cells with shared weights must be equal, but cells[2] differs from cells[0] in "forget_bias". | Make them equal, or remove "share_weights".',
    ]);
  });

  test("the default size of a projection is the vocabulary of text data", async () => {
    const { spec } = await normal(withModel({ layer: "projection" }));
    expect(spec.model[0]).toEqual({
      layer: "projection",
      name: "projection",
      from: ["inputs"],
      size: "vocabulary",
      activation: "none",
      bias: true,
      weight_norm: false,
      initializer: "glorot_uniform",
      weights: null,
      trainable: true,
    });
    const arrays = { ...withModel({ layer: "projection" }), data: { type: "arrays", inputs: [[1]], targets: [[1]] } };
    expect(await unplacedProblems(arrays)).toEqual([
      'missing-key /model/0 | Missing key "size" in the projection layer. | The default "vocabulary" applies to text data only. For example "size": 10, or "classes".',
    ]);
  });
});

describe("cells", () => {
  test("a user's cell replaces a built-in one; only used cells are kept", async () => {
    const spec = {
      ...withModel({ layer: "rnn", cell: "lstm", hidden_size: 3 }),
      cells: { lstm: ownCell, other: ownCell },
    };
    const result = await normal(spec);
    expect(result.spec.cells).toEqual({
      lstm: { description: "", options: {}, inputs: {}, initializers: {}, onnx: null, variants: {}, ...ownCell },
    });
  });

  test("options of a user's cell", async () => {
    const cell = {
      ...ownCell,
      options: { rate: 0.5, kind: "a" },
      variants: { kind: { a: {}, b: { equations: ["h' = rate * x"] } } },
    };
    const use = (options: object) => ({
      ...withModel({ layer: "rnn", cell: "m", hidden_size: 3, ...options }),
      cells: { m: cell },
    });
    const { spec } = await normal(use({ kind: "b" }));
    expect(spec.model[0]).toMatchObject({ cells: [{ rate: 0.5, kind: "b" }] });
    expect(spec.cells.m?.variants.kind?.b).toEqual({
      state: {},
      parameters: {},
      initializers: {},
      equations: ["h' = rate * x"],
      output: null,
      onnx: {},
    });
    expect(await unplacedProblems(use({ kind: "c", rat: 1 }))).toEqual([
      'wrong-value /model/0/kind | "kind" must be "a" or "b", but is "c".',
      'unknown-key /model/0/rat | Unknown key "rat" in the rnn layer, whose cell is "m". | Did you mean "rate"?',
    ]);
  });

  test("an option with the name of a layer's key", async () => {
    const cells = { m: { ...ownCell, options: { residual: 1 } } };
    expect(await unplacedProblems({ ...base, cells })).toEqual([
      'reserved-name /cells/m/options/residual | The option name "residual" is reserved: rnn layers have a key of that name. | Choose another name.',
    ]);
  });

  test.each(builtInCells())("the built-in cell %s is a valid definition in a spec", async (name) => {
    const result = await problems({
      ...withModel({ layer: "rnn", cell: name, hidden_size: 3 }),
      cells: { [name]: builtInCell(name) },
    });
    expect(result).toEqual([]);
  });
});

test("origins: every object has its path in the text", async () => {
  const cells = { mine: ownCell };
  const { spec, origins } = await normal({
    ...withModel(
      { layer: "rnn", cell: "lstm", hidden_size: 3, layers: 2 },
      { layer: "rnn", cells: [{ cell: "mine", hidden_size: 3 }] },
      { layer: "dense", size: 1 },
    ),
    cells,
  });
  const [shorthand, list, dense] = spec.model;
  if (shorthand?.layer !== "rnn" || list?.layer !== "rnn" || dense === undefined)
    throw new Error("the layers keep their order");
  const path = (section: object | undefined, key?: string) => origins.pathOf(section ?? {}, key);
  expect(path(spec, "seed")).toBe("/seed");
  expect(path(spec.data, "window")).toBe("/data/window");
  expect(path(spec.optimizer)).toBe("/optimizer");
  expect(path(spec.optimizer.schedule, "type")).toBe("/optimizer/schedule/type");
  expect(path(spec.train, "steps")).toBe("/train/steps");
  expect(path(spec.model)).toBe("/model");
  expect(path(shorthand)).toBe("/model/0");
  expect(path(shorthand.cells[1], "hidden_size")).toBe("/model/0/hidden_size");
  expect(path(list.cells[0], "hidden_size")).toBe("/model/1/cells/0/hidden_size");
  expect(path(dense, "size")).toBe("/model/2/size");
  expect(path(spec.cells.mine, "equations")).toBe("/cells/mine/equations");
  // A built-in cell stands where it is first used.
  expect(path(spec.cells.lstm, "equations")).toBe("/model/0/cell");
  expect(path(spec.cells.lstm?.parameters, "W")).toBe("/model/0/cell");
});

describe("terms of the reference results", () => {
  const { cases } = JSON.parse(readFileSync(join(packageRoot(), "test", "fixtures", "cells.json"), "utf8"));
  const specs = Object.entries<{ name?: string; layer: object; cells?: object }>(cases).map(
    ([key, { name, layer, cells }]) => ({
      name: name ?? key,
      spec: { ...withModel(layer), ...(cells !== undefined && { cells }) },
    }),
  );

  test.each(specs)("$name", async ({ spec }) => {
    const once = (await normal(spec)).spec;
    expect((await normal(once)).spec).toEqual(once);
  });

  test.each([
    { type: "sequence_loss", average_across_timesteps: true, average_across_batch: false, class_weights: null },
    { type: "cross_entropy", reduction: "mean", label_smoothing: 0.1, class_weights: [1, 0.5] },
    { type: "binary_cross_entropy", reduction: "sum", positive_weight: 1 },
    { type: "squared_error", reduction: "mean" },
    { type: "absolute_error", reduction: "sum" },
    { type: "huber", delta: 0.75, reduction: "mean" },
  ])("loss $type", async (loss) => {
    const { model, losses } = (await normal({ ...base, loss })).spec;
    expect(losses).toEqual([{ ...loss, from: model.at(-1)?.name, target: "targets", weight: 1 }]);
  });

  test.each<object>([
    { type: "sgd", learning_rate: 0.1, clip: { global_norm: 1.5 } },
    { type: "sgd", learning_rate: 0.1, clip: { value: 0.5 } },
    { type: "sgd", learning_rate: 0.1, schedule: { type: "exponential_decay", decay_steps: 4, decay_rate: 0.5 } },
    { type: "momentum", learning_rate: 0.1, momentum: 0.9, nesterov: true },
    { type: "rmsprop", learning_rate: 0.01, decay: 0.9, momentum: 0.5, epsilon: 1e-10, variant: "tensorflow" },
    { type: "adagrad", learning_rate: 0.1, initial_accumulator_value: 0, epsilon: 1e-10, variant: "torch" },
    { type: "adadelta", learning_rate: 1, decay: 0.95, epsilon: 0.000001 },
    { type: "adam", learning_rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, variant: "torch" },
    {
      type: "adamw",
      learning_rate: 0.01,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weight_decay: 0.05,
      variant: "torch",
    },
    {
      type: "nadam",
      learning_rate: 0.01,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      momentum_decay: 0.004,
      variant: "torch",
    },
    { type: "lion", learning_rate: 0.01, beta1: 0.9, beta2: 0.99, weight_decay: 0.1 },
  ])("optimizer %j", async (optimizer) => {
    const once = (await normal({ ...base, optimizer })).spec;
    expect(once.optimizer).toMatchObject(optimizer);
    expect((await normal(once)).spec).toEqual(once);
  });
});

describe("the split of the data", () => {
  const withSplit = (split: object) => ({ ...base, data: { ...base.data, split } });

  test.each([
    [{ validation: 0.15, test: 0.15 }, 0.7],
    [{ test: 0.3 }, 0.7],
    [{ train: 0.5, test: 0.3 }, 0.5],
    [{ train: 0.7, validation: 0.2, test: 0.1 }, 0.7],
  ])("%j trains on %d", async (split, train) => {
    const { spec } = await normal(withSplit(split));
    expect(spec.data.split).toMatchObject({ ...split, train, order: "time" });
  });

  test.each([
    [{ train: 0.7, test: 0.5 }, "The fractions of the split add up to 1.2, more than 1."],
    [{ validation: 0.7, test: 0.5 }, "The fractions of the split add up to 1.2, more than 1."],
  ])("%j exceeds 1", async (split, message) => {
    expect(await unplacedProblems(withSplit(split))).toEqual([
      `split-sum /data/split | ${message} | For example 0.7, 0.15 and 0.15.`,
    ]);
  });

  const withRows = (split: object, keys: object = { window: 7 }) => ({
    ...base,
    data: { type: "table", file: "t.csv", ...keys, split },
    model: [{ layer: "dense", size: 1 }],
    loss: { type: "squared_error" },
  });

  test.each([
    [{ validation: 0.2, test: 48 }, 0.8],
    [{ validation: 24, test: 48 }, 1],
    [{ train: 0.5, test: 48 }, 0.5],
  ])("of the rows that %j leaves, %d are for training", async (split, train) => {
    const { spec } = await normal(withRows(split));
    expect(spec.data.split).toMatchObject({ ...split, train });
  });

  test.each([
    [
      { order: "shuffled", test: 4 },
      { window: 7 },
      'the order of the split is shuffled. | Write "order": "time", or a fraction such as 0.1.',
    ],
    [{ test: 4 }, {}, "the rows are single ones, without a window. | Write a fraction, such as 0.1."],
  ])("%j of a table with %j holds out the end of no series", async (split, keys, rest) => {
    expect(await unplacedProblems(withRows(split, keys))).toEqual([
      `table-rows /data/split/test | A number of rows is held out at the end of a series, but ${rest}`,
    ]);
  });

  test("a training split is required", async () => {
    expect(await unplacedProblems(withSplit({ validation: 0.4, test: 0.6 }))).toEqual([
      "split-sum /data/split | The validation and test splits leave no examples for training. | " +
        "Their sum must be less than 1.",
    ]);
  });
});

describe("the watched metric of the validation split", () => {
  const watched = (train: object) => ({ ...base, data: { ...base.data, split: { validation: 0.2 } }, train });

  test.each<[object, object]>([
    [{}, { early_stopping: null, keep_best: { metric: "loss", mode: "min" } }],
    [{ keep_best: null }, { keep_best: null }],
    [{ keep_best: { metric: "accuracy" } }, { keep_best: { metric: "accuracy", mode: "max" } }],
    [
      { early_stopping: { metric: "top_5_accuracy", patience: 2 } },
      {
        early_stopping: { metric: "top_5_accuracy", patience: 2, minimum_delta: 0, mode: "max" },
        keep_best: { metric: "top_5_accuracy", mode: "max" },
      },
    ],
    [{ early_stopping: {} }, { early_stopping: { metric: "loss", patience: 5, minimum_delta: 0, mode: "min" } }],
    [{ early_stopping: { metric: "accuracy", mode: "min" } }, { early_stopping: { metric: "accuracy", mode: "min" } }],
  ])("train %j", async (train, expected) => {
    const { spec } = await normal(watched(train));
    expect(spec.train).toMatchObject(expected);
    const again = (await normal(spec)).spec;
    expect(JSON.stringify(again)).toBe(JSON.stringify(spec));
  });

  test("a watched metric needs a validation split", async () => {
    const hint = 'For example "split": { "validation": 0.1 } in data.';
    expect(await unplacedProblems({ ...base, train: { early_stopping: {}, keep_best: { metric: "loss" } } })).toEqual(
      ["early_stopping", "keep_best"].map(
        (key) => `no-validation /train/${key} | ${key} needs a validation split, but the data has none. | ${hint}`,
      ),
    );
    expect((await normal({ ...base, train: { keep_best: null } })).spec.train.keep_best).toBeNull();
  });
});

test.each([
  [
    { type: "step_decay", boundaries: [1, 2, 3], factor: [0.5, 0.5] },
    "factor-count /optimizer/schedule/factor | There are 3 boundaries, but 2 factors. | Give one factor for each boundary, or one number for all.",
  ],
  [
    { type: "step_decay", every: 10, factor: [0.5] },
    'factor-count /optimizer/schedule/factor | "every" needs one factor for all jumps, but "factor" is a list. | Write one number.',
  ],
  [
    { type: "step_decay" },
    'missing-key /optimizer/schedule | Missing key "every" or "boundaries" in the step decay schedule. | For example "every": 1000.',
  ],
  [
    { type: "step_decay", every: 10, boundaries: [5] },
    'conflicting-keys /optimizer/schedule/boundaries | "every" and "boundaries" cannot both be given in the step decay schedule. | Keep one of them.',
  ],
])("schedule %j", async (schedule, expected) => {
  expect(await unplacedProblems({ ...base, optimizer: { type: "adam", schedule } })).toEqual([expected]);
});

test("a mean of the weights needs a start", async () => {
  const average = (value: object) => unplacedProblems({ ...base, optimizer: { type: "adam", average: value } });
  const expected = [
    'average-start /optimizer/average | An average needs a "decay" or, for a mean with equal weights, a "start". | For example { "decay": 0.999 }, or { "start": 1500, "every": 100 }.',
  ];
  expect(await average({ every: 10 })).toEqual(expected);
  expect(await average({ start: 0 })).toEqual([]);
  expect(await average({ decay: 0.9, every: 10 })).toEqual([]);
});

describe("the momentum of one_cycle", () => {
  const schedule = { type: "one_cycle", total_steps: 10, minimum_momentum: 0.85 };
  test.each<[object, string]>([
    [{ type: "adam" }, ""],
    [
      { type: "adam", beta1: 0.8 },
      'minimum-momentum /optimizer/schedule/minimum_momentum | "minimum_momentum" must be smaller than the beta1 0.8 of adam. | Write a smaller number, or a larger "beta1".',
    ],
    [
      { type: "rmsprop", learning_rate: 0.1 },
      'minimum-momentum /optimizer/schedule/minimum_momentum | "minimum_momentum" must be smaller than the momentum 0 of rmsprop. | Write a smaller number, or a larger "momentum".',
    ],
    [
      { type: "sgd", learning_rate: 0.1 },
      'minimum-momentum /optimizer/schedule/minimum_momentum | "minimum_momentum" has no effect: sgd has no momentum. | Remove it, or use "momentum" or "adam".',
    ],
  ])("%j", async (optimizer, expected) => {
    const problems = await unplacedProblems({ ...base, optimizer: { ...optimizer, schedule } });
    expect(problems).toEqual(expected === "" ? [] : [expected]);
  });
});

test.each([
  [
    { unit: "byte", normalization: { lowercase: true } },
    "/data/normalization | Bytes are read as they are: a text of bytes",
  ],
  [
    { unit: "char", normalization: { punctuation: "split" } },
    "/data/normalization/punctuation | Each character is a unit",
  ],
])("a text with %j is refused", async (keys, message) => {
  const [problem, ...others] = await problems({ ...base, data: { type: "text", text: "hihello", window: 3, ...keys } });
  expect(problem).toContain(`text-normalization ${message}`);
  expect(others).toEqual([]);
});
