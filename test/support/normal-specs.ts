/** Small normalized specs for the tests of the runtime. */
import type {
  NormalArraysData,
  NormalImagesData,
  NormalLoss,
  NormalSequencesData,
  NormalSpec,
  NormalTableData,
  NormalTextData,
  NormalTrain,
} from "../../schema/normal/index.js";

export const train: NormalTrain = {
  steps: 10,
  epochs: null,
  batch_size: "all",
  accumulate: 1,
  distributed: { sync: "step" },
  precision: "float32",
  memory: "normal",
  shuffle: false,
  steps_per_call: 1,
  checkpoint_every: 0,
  keep_last: 2,
  keep_every: 0,
  evaluate_every: null,
  early_stopping: null,
  keep_best: null,
  sample: null,
};

export const textData: NormalTextData = {
  type: "text",
  text: "hihello",
  file: null,
  unit: "char",
  tokenizer: null,
  normalization: { normalize: "none", lowercase: false, punctuation: "keep" },
  window: 6,
  stride: 1,
  evaluation_stride: null,
  vocabulary: { file: null, size: null, min_count: 1 },
  split: { train: 1, validation: 0, test: 0, order: "time" },
};

export const tableData: NormalTableData = {
  type: "table",
  file: "t.csv",
  header: "auto",
  comment: "#",
  delimiter: null,
  columns: null,
  decimal: ".",
  thousands: null,
  target: null,
  window: 3,
  horizon: [1],
  stride: 1,
  evaluation_stride: null,
  group: null,
  time: null,
  season: null,
  known_future: null,
  decode: "direct",
  static: null,
  reverse: false,
  scale: null,
  missing: "error",
  split: { train: 1, validation: 0, test: 0, order: "time", stratify: false, folds: null, fold: 1, group: null },
};

export const sequencesData: NormalSequencesData = {
  type: "sequences",
  file: "s.jsonl",
  columns: { text: null, tokens: null, inputs: null, label: null, tags: null },
  targets: null,
  header: true,
  delimiter: null,
  unit: "word",
  tokenizer: null,
  text: { normalize: "none", lowercase: false, punctuation: "keep" },
  vocabulary: { file: null, size: null, min_count: 1 },
  max_length: null,
  buckets: 1,
  split: {
    train: 1,
    validation: 0,
    test: 0,
    order: "shuffled",
    stratify: false,
    folds: null,
    fold: 1,
    group: null,
    by: "fraction",
    column: null,
    files: { validation: null, test: null },
  },
};

export const imagesData: NormalImagesData = {
  type: "images",
  file: "images",
  labels: "labels",
  limit: null,
  split: { train: 1, validation: 0, test: 0, order: "shuffled", stratify: false, folds: null, fold: 1 },
};

export const arraysData: NormalArraysData = {
  type: "arrays",
  inputs: [
    [0, 1],
    [1, 2],
  ],
  targets: [
    [1, 2],
    [2, 0],
  ],
  lengths: null,
  weights: null,
  initial_states: {},
  split: { train: 1, validation: 0, test: 0, order: "shuffled", stratify: false, folds: null, fold: 1 },
};

type Distributed<L> = L extends NormalLoss ? Omit<L, "from" | "target" | "weight"> : never;

/** The options of a loss that reads the last layer. */
export type LossOptions = Distributed<NormalLoss>;

const sequenceLoss: LossOptions = {
  type: "sequence_loss",
  average_across_timesteps: true,
  average_across_batch: true,
  class_weights: null,
};

/** Parts of a spec with one loss. */
export type SpecParts = Omit<Partial<NormalSpec>, "losses"> & { readonly loss?: LossOptions };

/** A spec around some data: the model only says how the data is read. */
export function specOf({ loss = sequenceLoss, ...parts }: SpecParts): NormalSpec {
  const model = parts.model ?? [{ layer: "one_hot", name: "one_hot", from: ["inputs"], size: "vocabulary" }];
  return {
    name: "small",
    seed: 1,
    data: textData,
    layers: {},
    activations: {},
    optimizers: {},
    schedules: {},
    cells: {},
    model,
    losses: [{ ...loss, from: model.at(-1)?.name ?? "", target: "targets", weight: 1 } as NormalLoss],
    adapt: null,
    regularization: null,
    metrics: null,
    optimizer: {
      type: "sgd",
      learning_rate: 0.1,
      clip: null,
      schedule: { type: "constant" },
      average: null,
      rates: [],
    },
    train,
    ...parts,
  };
}

export const numbersModel: NormalSpec["model"] = [
  {
    layer: "dense",
    name: "dense",
    from: ["inputs"],
    size: 1,
    activation: "none",
    bias: true,
    weights: null,
    weight_norm: false,
    initializer: "glorot_uniform",
    trainable: true,
  },
];

export const squaredError: LossOptions = { type: "squared_error", reduction: "mean" };

export const crossEntropy: LossOptions = {
  type: "cross_entropy",
  reduction: "mean",
  label_smoothing: 0,
  class_weights: null,
};

/** A model that says one thing of each sequence. */
export const lastModel: NormalSpec["model"] = [
  {
    layer: "rnn",
    name: "rnn",
    from: ["inputs"],
    cells: [],
    share_weights: false,
    weights: null,
    return: "last",
    initial_state: "zeros",
    stateful: false,
    unroll: false,
  },
  {
    layer: "dense",
    name: "dense",
    from: ["rnn"],
    size: 1,
    activation: "none",
    bias: true,
    weights: null,
    weight_norm: false,
    initializer: "glorot_uniform",
    trainable: true,
  },
];

/** A model that looks up tokens and says something at every step, and one that says one thing at the end. */
export const tokensModel: NormalSpec["model"] = [
  {
    layer: "embedding",
    name: "embedding",
    from: ["inputs"],
    vocabulary_size: "vocabulary",
    size: 4,
    weights: null,
    vectors: null,
    trainable: true,
  },
];
export const lastTokensModel: NormalSpec["model"] = [
  ...tokensModel,
  { layer: "pool", name: "pool", from: ["embedding"], mode: "max", size: null, stride: null },
];

/** The numbers of the first examples. */
export function first(count: number): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: count }, (_, index) => index);
}
