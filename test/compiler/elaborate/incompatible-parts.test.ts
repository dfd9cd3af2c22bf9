/** Problems of incompatible layers, losses and options, as one table. */
import { expect, test } from "vitest";
import { problemsOf } from "../../support/check-spec.js";

const inputs = [
  [
    [1, 2],
    [3, 4],
  ],
  [
    [2, 1],
    [4, 3],
  ],
];
const numbers = { type: "arrays", inputs, targets: [[1], [2]], split: { validation: 0.5 } };
const text = { type: "text", text: "hihello", window: 6 };
const rnn = { layer: "rnn", cell: "gru", hidden_size: 3 };
const last = { ...rnn, return: "last" };
const oneUnit = { layer: "dense", size: 1 };

/** A regression on numbers. */
const regression = (model: readonly object[], extra: object = {}) => ({
  data: numbers,
  model,
  loss: { type: "squared_error" },
  optimizer: { type: "adam" },
  ...extra,
});
/** The next character of a text. */
const reader = (model: readonly object[], extra: object = {}) => ({
  data: text,
  model,
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam" },
  ...extra,
});

const invalidSpecs: Readonly<Record<string, object>> = {
  "sums of two shapes": regression([
    { ...last, name: "a" },
    { ...last, name: "b", from: "inputs", hidden_size: 4 },
    { layer: "add", from: ["a", "b"] },
    oneUnit,
  ]),
  "a word for a size": regression([last, { layer: "dense", size: "vocabulary" }]),
  "a size of rows that is none": reader([{ layer: "embedding", size: 2, vocabulary_size: "features" }, rnn]),
  "nothing to train": regression([
    { ...last, trainable: false },
    { ...oneUnit, trainable: false },
  ]),
  "a metric that is not measured": regression([last, oneUnit], {
    train: { early_stopping: { metric: "happiness", patience: 2 } },
  }),
  "a metric with a slip": regression([last, oneUnit], { train: { early_stopping: { metric: "rmsee", patience: 2 } } }),
  "a state from a sequence": reader([{ layer: "one_hot" }, { ...rnn, initial_state: "one_hot" }]),
  "a state from another width": reader([
    { layer: "one_hot" },
    { ...rnn, name: "a" },
    { ...rnn, name: "b", hidden_size: 4, initial_state: "a" },
  ]),
  "states from more cells": reader([
    { layer: "one_hot" },
    { ...rnn, name: "a", layers: 2 },
    { ...rnn, name: "b", initial_state: "a" },
  ]),
  "a dot of two widths": regression([
    { ...rnn, name: "a" },
    { ...last, name: "b", hidden_size: 4 },
    { layer: "attention", from: ["b", "a"] },
    oneUnit,
  ]),
  "attention over a vector": regression([
    { ...rnn, name: "a" },
    { ...last, name: "b" },
    { layer: "attention", from: ["a", "b"] },
    { layer: "pool", mode: "last" },
    oneUnit,
  ]),
  "portions of steps that are averaged over all": reader([{ layer: "one_hot" }, { ...rnn, hidden_size: 5 }], {
    loss: { type: "sequence_loss", average_across_timesteps: false },
    train: { batch_size: 4, accumulate: 2 },
  }),
  "an activity of no rnn": regression([{ layer: "pool", mode: "last" }, oneUnit], {
    regularization: { activity: 0.1 },
  }),
};

test("incompatible parts", async () => {
  const failures: string[] = [];
  for (const [name, spec] of Object.entries(invalidSpecs))
    failures.push(`${name}:`, ...(await problemsOf(spec)).map((text) => `  ${text}`));
  expect(`\n${failures.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    sums of two shapes:
      unlike-inputs, /model/2/from ["a": add combines numbers [batch, 3] with numbers [batch, 4] (b). All sizes must agree.
    a word for a size:
      unknown-size, /model/1/size "vocabulary": The data defines no size "vocabulary". Write an integer, or one of "features", "classes".
    a size of rows that is none:
      unknown-size, /model/0/vocabulary_size "features": The data defines no size "features". Write an integer, or one of "vocabulary", "classes".
    nothing to train:
      nothing-to-train, /model [{"layer":"rnn": All parameters of the model are frozen, so there is nothing to train. Remove "trainable": false from at least one layer.
    a metric that is not measured:
      unknown-metric, /train/early_stopping/metric "happiness": This model has no metric "happiness". With squared_error its metrics are loss, rmse.
    a metric with a slip:
      unknown-metric, /train/early_stopping/metric "rmsee": This model has no metric "rmsee". Did you mean "rmse"?
    a state from a sequence:
      initial-state, /model/1/initial_state "one_hot": The layer "one_hot" returns a sequence, but an initial state is a vector. Name an rnn layer, or one that returns a vector ("return": "last", or a "pool" layer).
    a state from another width:
      initial-state, /model/2/initial_state "a": State h of b has width 4, but that of "a" has width 3. Set the hidden_size of b to 3.
    states from more cells:
      initial-state, /model/2/initial_state "a": The layer "a" has 2 cells, but b has 1 cell. Give b 2 cells.
    a dot of two widths:
      attention-width, /model/2 {"layer":"attention": A dot score needs queries and memory of equal width, but b has width 4 and a has width 3. Write "score": "general", which adds a matrix between them, or make the widths equal.
    attention over a vector:
      needs-sequence, /model/2/from ["a": An attention layer reads numbers, and a sequence as its memory, but an input of attention is numbers [batch, 3]. For example "from": "embedding", or "from": ["decoder", "encoder"], where both return sequences.
    portions of steps that are averaged over all:
      accumulate-loss, /train/accumulate 2: sequence_loss averages each step over all examples, so it cannot be accumulated over micro-batches. Set "average_across_timesteps" to true, or remove "accumulate".
    an activity of no rnn:
      no-activity, /regularization/activity 0.1: "activity" penalizes the outputs of rnn layers, but the model has no rnn layer. Remove "activity", or add an rnn layer.
    "
  `);
});
