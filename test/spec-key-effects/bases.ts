/** Small specs that the flips start from. */
import type { Json } from "./effects.js";

const optimizer = { type: "sgd", learning_rate: 0.1 };
const train = { steps: 4, batch_size: 3 };

/** Characters of a short text through an LSTM. */
export const text: Json = {
  name: "text",
  data: { type: "text", text: "hello world, hello you", window: 4 },
  model: [
    { layer: "one_hot" },
    { layer: "rnn", cell: "lstm", hidden_size: 3 },
    { layer: "projection", size: "vocabulary" },
  ],
  loss: { type: "sequence_loss" },
  optimizer,
  train,
};

const three = [0, 1, 2];
const sequence = (row: number) => [...three, 3].map((step) => [row + step, row * step + 1, step]);

/** Rows of numbers, one answer for each: [6, 4, 3] to [6, 2]. */
export const numbers = {
  name: "numbers",
  data: {
    type: "arrays",
    inputs: [...three, 3, 4, 5].map(sequence),
    targets: [...three, 3, 4, 5].map((row) => [row, 1 - row]),
  },
  model: [
    { layer: "rnn", cell: "rnn", hidden_size: 3, return: "last" },
    { layer: "dense", size: 2 },
  ],
  loss: { type: "squared_error" },
  optimizer,
  train,
};

/** The same sequences, one class of three for each. */
export const classes: Json = {
  ...numbers,
  data: { type: "arrays", inputs: [...three, 3, 4, 5].map(sequence), targets: [0, 1, 2, 0, 1, 2] },
  model: [
    { layer: "rnn", cell: "rnn", hidden_size: 3, return: "last" },
    { layer: "projection", size: 3 },
  ],
  loss: { type: "cross_entropy" },
};

/** Two layers, and everything that joins two. */
export const merged: Json = {
  ...numbers,
  model: [
    { layer: "rnn", name: "a", cell: "gru", hidden_size: 3 },
    { layer: "rnn", name: "b", from: "inputs", cell: "gru", hidden_size: 3 },
    { layer: "concat", from: ["a", "b"] },
    { layer: "add", from: ["a", "b"] },
    { layer: "multiply", from: ["a", "b"] },
    { layer: "attention", from: ["a", "b"], score: "general" },
    { layer: "concat", name: "all", from: ["concat", "add", "multiply", "attention"] },
    { layer: "pool", name: "whole" },
    { layer: "pool", from: "a" },
    { layer: "dense", from: "pool", size: 2 },
    { layer: "concat", name: "ends", from: ["whole", "pool", "dense"] },
    { layer: "dense", name: "answer", size: 2 },
  ],
};

/** Attention with heads to the sequence itself. */
export const attentive: Json = {
  ...numbers,
  model: [
    { layer: "attention", heads: 4, head_size: 4 },
    { layer: "pool", mode: "mean" },
    { layer: "dense", size: 2 },
  ],
};

/** A sequence with positions. */
export const placed: Json = {
  ...numbers,
  model: [
    { layer: "position", type: "learned", length: 8 },
    { layer: "pool", mode: "mean" },
    { layer: "dense", size: 2 },
  ],
};

/** Positions of one of two sequences. */
export const placedTwice: Json = {
  ...numbers,
  model: [
    { layer: "dense", name: "a", size: 3 },
    { layer: "position", type: "sinusoidal" },
    { layer: "add", from: ["a", "position"] },
    { layer: "pool", mode: "mean" },
    { layer: "dense", size: 2 },
  ],
};

/** Two inputs of ids. */
export const inputs: Json = {
  ...numbers,
  data: {
    type: "arrays",
    inputs: {
      first: [
        [0, 1],
        [1, 0],
        [2, 1],
      ],
      second: [
        [1, 1],
        [0, 2],
        [2, 2],
      ],
    },
    targets: [[0], [1], [0]],
  },
  model: [
    { layer: "embedding", vocabulary_size: 3, size: 2 },
    { layer: "embedding", name: "other", from: "second", vocabulary_size: 3, size: 2 },
    { layer: "embedding", name: "third", from: "first", vocabulary_size: 3, size: 2 },
    { layer: "add", from: ["embedding", "other", "third"] },
    { layer: "pool" },
    { layer: "dense", size: 1 },
  ],
};

/** Labels without a step of their own. */
export const labels: Json = {
  ...numbers,
  data: {
    type: "arrays",
    inputs: [...three, 3, 4, 5].map(sequence),
    targets: [
      [1, 2],
      [2, 0],
      [1, 1],
      [1, 0],
      [2, 1],
      [2, 0],
    ],
  },
  model: [
    { layer: "rnn", cell: "rnn", hidden_size: 3 },
    { layer: "projection", size: 3 },
  ],
};

const table = (file: string): Json => ({
  ...numbers,
  data: { type: "table", file, window: 5, split: { train: 0.7, test: 0.3 } },
  model: [
    { layer: "rnn", cell: "rnn", hidden_size: 3, return: "last" },
    { layer: "dense", size: "classes" },
  ],
});
export const weather = table("weather.csv");
export const stock: Json = {
  ...numbers,
  data: { type: "table", file: "stock.csv", window: 5, target: ["Close"] },
  model: [
    { layer: "rnn", cell: "rnn", hidden_size: 3, return: "last" },
    { layer: "dense", size: "classes" },
  ],
};

export const messages: Json = {
  ...classes,
  data: { type: "sequences", file: "messages.jsonl" },
  model: [
    { layer: "embedding", size: 4 },
    { layer: "rnn", cell: "rnn", hidden_size: 3, return: "last" },
    { layer: "projection", size: "classes" },
  ],
};

export const images: Json = {
  ...classes,
  data: { type: "images", file: "digits-images.idx.gz", labels: "digits-labels.idx.gz" },
  model: [
    { layer: "rnn", cell: "rnn", hidden_size: 3, return: "last" },
    { layer: "projection", size: "classes" },
  ],
};

export const pairs: Json = {
  ...classes,
  data: {
    type: "pairs",
    pairs: [
      ["one two", "1 2"],
      ["two one", "2 1"],
      ["two", "2"],
      ["one", "1"],
    ],
  },
  model: [
    { layer: "embedding", size: 4 },
    { layer: "rnn", name: "encoder", cell: "rnn", hidden_size: 3 },
    { layer: "embedding", from: "decoder_inputs", vocabulary_size: "target_vocabulary", size: 4 },
    { layer: "rnn", cell: "rnn", hidden_size: 3, initial_state: "encoder" },
    { layer: "projection", size: "target_vocabulary" },
  ],
  loss: { type: "sequence_loss" },
};

/** A cell of one's own with everything that a cell may have. */
export const cell: Json = {
  ...numbers,
  cells: {
    own: {
      options: { gain: 2, kind: "tanh" },
      state: { h: "hidden_size" },
      parameters: { W: ["input_size", "2*hidden_size"], U: ["hidden_size", "2*hidden_size"], b: ["2*hidden_size"] },
      initializers: { W: "glorot_normal", b: [{ from: 0, to: "hidden_size", value: 0.5 }] },
      equations: ["p, q = split(x @ W + h @ U + b, 2)", "h' = sigmoid(p) * tanh(q) * gain"],
      output: "h'",
      variants: { kind: { tanh: {}, relu: { equations: { "h'": "h' = sigmoid(p) * relu(q) * gain" } } } },
    },
  },
  model: [
    { layer: "rnn", cells: [{ cell: "own", hidden_size: 3 }], return: "last" },
    { layer: "dense", size: 2 },
  ],
};
