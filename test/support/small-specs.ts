/** Small specs whose data is written into them, each using other parts of the language. */

const ids = [
  [0, 1, 2, 3, 1],
  [2, 2, 0, 1, 3],
  [3, 0, 1, 1, 2],
  [1, 3, 3, 0, 0],
  [0, 2, 1, 3, 2],
  [2, 0, 3, 2, 1],
];
const nextIds = ids.map((row) => row.map((id) => (id * 3 + 1) % 4));
const numbers = ids.map((row) => row.map((id, step) => [Math.sin(id + step), Math.cos(2 * id - step)]));

/** A text, two LSTM cells, softmax: the shape of the tutorial's long sentence. */
export const sentence = {
  name: "sentence",
  data: { type: "text", text: "if you want to build a ship", window: 5 },
  model: [
    { layer: "one_hot" },
    { layer: "rnn", cell: "lstm", hidden_size: 6, layers: 2 },
    { layer: "projection", activation: "softmax" },
  ],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam", learning_rate: 0.05 },
  train: { batch_size: 4 },
};

/** Token ids with lengths and weights, both directions, clipped gradients, a schedule. */
export const tagging = {
  name: "tagging",
  data: {
    type: "arrays",
    inputs: ids,
    targets: nextIds,
    lengths: [5, 2, 4, 1, 3, 5],
    weights: ids.map((row) => row.map((id) => 0.5 + id / 4)),
  },
  model: [
    { layer: "embedding", size: 3 },
    { layer: "rnn", cell: "gru", hidden_size: 4, bidirectional: "concat" },
    { layer: "projection", size: "classes" },
  ],
  loss: { type: "sequence_loss" },
  optimizer: {
    type: "nadam",
    learning_rate: 0.05,
    clip: { global_norm: 0.5 },
    schedule: { type: "cosine_decay", decay_steps: 50, minimum_ratio: 0.1, warmup_steps: 5 },
  },
  train: { batch_size: 3 },
};

/** Numbers, a cell of one's own with two states of different sizes, residual, first states, the last output. */
export const series = {
  name: "series",
  data: {
    type: "arrays",
    inputs: numbers,
    targets: numbers.map((row) => [row.flat().reduce((sum, entry) => sum + entry, 0)]),
    initial_states: { "rnn/0/h": ids.map((row) => row.slice(0, 2).map((id) => id / 4)) },
  },
  cells: {
    fast_slow: {
      state: { h: "hidden_size", s: 3 },
      parameters: {
        W: ["input_size", "2*hidden_size"],
        U: ["hidden_size", "2*hidden_size"],
        S: [3, "2*hidden_size"],
        V: ["hidden_size", 3],
        b: ["2*hidden_size"],
      },
      equations: [
        "p, q = split(x @ W + h @ U + s @ S + b, 2)",
        "h' = sigmoid(q) * h + (1 - sigmoid(q)) * where(p > 0, p, 0.25 * p)",
        "s' = s + 0.1 * (tanh(h' @ V) - s)",
      ],
      output: "h'",
    },
  },
  model: [
    { layer: "rnn", cell: "fast_slow", hidden_size: 2, layers: 2, residual: true, return: "last" },
    { layer: "dense", size: 1 },
  ],
  loss: { type: "squared_error", reduction: "sum" },
  optimizer: { type: "rmsprop", learning_rate: 0.01, momentum: 0.5 },
  train: { batch_size: 2 },
};

/** No recurrence: rows of numbers to two independent answers. */
export const rows = {
  name: "rows",
  data: {
    type: "arrays",
    inputs: [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ],
    targets: [
      [0, 1],
      [1, 0],
      [1, 0],
      [0, 1],
    ],
  },
  model: [
    { layer: "dense", size: 4, activation: "tanh" },
    { layer: "dense", size: 2, activation: "sigmoid" },
  ],
  loss: { type: "binary_cross_entropy" },
  optimizer: { type: "momentum", learning_rate: 0.5, nesterov: true },
  train: { batch_size: "all" },
};

/** Classes sampled anew at each step. */
export const sampled = {
  name: "sampled",
  data: { type: "text", text: "if you want to build a ship", window: 5 },
  model: [{ layer: "embedding", size: 5 }, { layer: "rnn", cell: "gru", hidden_size: 6 }, { layer: "projection" }],
  loss: { type: "sampled_softmax", samples: 6 },
  optimizer: { type: "adam", learning_rate: 0.05 },
  train: { batch_size: 4 },
};

export const specs = [sentence, tagging, series, rows, sampled] as const;
