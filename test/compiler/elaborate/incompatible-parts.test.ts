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

/** Attention to a sequence of width 3. */
const attending = (options: object) =>
  regression([{ ...rnn, name: "a" }, { layer: "attention", ...options }, { layer: "pool" }, oneUnit]);

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
  "heads that do not divide the width": attending({ heads: 4 }),
  "key and value heads that do not divide the heads": attending({ heads: 6, head_size: 2, key_value_heads: 4 }),
  "pairs of an odd size": attending({ heads: 1, rotary: true }),
  "a head size without heads": attending({ head_size: 4 }),
  "biases without heads": attending({ bias: false }),
  "a size of no additive score": attending({ size: 4 }),
  "a score of heads": attending({ heads: 1, score: "general" }),
  "a scale of heads": attending({ heads: 1, scale: true }),
  "linear biases over a memory": attending({ heads: 1, alibi: true, from: ["a", "inputs"] }),
  "a causal vector": regression([
    { ...last, name: "a" },
    { layer: "attention", from: ["a", "inputs"], heads: 1, causal: true },
    oneUnit,
  ]),
  "portions of steps that are averaged over all": reader([{ layer: "one_hot" }, { ...rnn, hidden_size: 5 }], {
    loss: { type: "sequence_loss", average_across_timesteps: false },
    train: { batch_size: 4, accumulate: 2 },
  }),
  "an activity of no rnn": regression([{ layer: "pool", mode: "last" }, oneUnit], {
    regularization: { activity: 0.1 },
  }),
  "a convolution of one vector": regression([last, { layer: "conv1d", size: 2, kernel_size: 2 }, oneUnit]),
  "a convolution of ids": reader([{ layer: "conv1d", size: 2, kernel_size: 2 }, { layer: "projection" }]),
  "windows longer than the sequences": regression([
    { layer: "conv1d", size: 2, kernel_size: 2 },
    { layer: "pool", name: "pairs", size: 2 },
    { layer: "conv1d", size: 2, kernel_size: 2, padding: "valid" },
    { layer: "pool" },
    oneUnit,
  ]),
  "windows longer than the sequences of a second input": regression(
    [
      { layer: "pool", name: "first", from: "a" },
      { layer: "conv1d", from: "b", size: 2, kernel_size: 4, padding: "valid" },
      { layer: "pool", name: "second" },
      { layer: "concat", from: ["first", "second"] },
      oneUnit,
    ],
    { data: { ...numbers, inputs: { a: inputs, b: inputs.map(([step]) => [step, step, step]) } } },
  ),
  "groups that do not divide": regression([
    { layer: "conv1d", size: 3, kernel_size: 2, groups: 2 },
    { layer: "pool" },
    oneUnit,
  ]),
  "groups that divide the output alone": regression([
    { layer: "conv1d", size: 6, kernel_size: 2, groups: 3 },
    { layer: "pool" },
    oneUnit,
  ]),
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
    heads that do not divide the width:
      attention-heads, /model/1/heads 4: The width 3 of a is not divisible by the 4 heads of attention. Choose a number of heads that divides it, or write "head_size".
    key and value heads that do not divide the heads:
      attention-heads, /model/1/key_value_heads 4: The 6 heads of attention are not divisible by 4 heads of keys and values. Write a divisor of 6.
    pairs of an odd size:
      attention-heads, /model/1/rotary true: Rotary positions turn pairs of entries, but the head_size of attention is 3. Write an even "head_size", or remove "rotary".
    a head size without heads:
      attention-option, /model/1/head_size 4: "head_size" of attention needs heads. Add "heads", for example 1, or remove "head_size".
    biases without heads:
      attention-option, /model/1/bias false: "bias" of attention needs heads. Add "heads", for example 1, or remove "bias".
    a size of no additive score:
      attention-option, /model/1/size 4: "size" of attention is the width of an additive score. Remove "size".
    a score of heads:
      attention-option, /model/1/score "general": "score" of attention is an option of attention without heads: the score of heads is q·k / √head_size. Remove "score" or "heads".
    a scale of heads:
      attention-option, /model/1/scale true: "scale" of attention is an option of attention without heads: the score of heads is q·k / √head_size. Remove "scale" or "heads".
    linear biases over a memory:
      attention-option, /model/1/alibi true: "alibi" of attention needs self-attention: the steps of a have no position in inputs. Name one layer in "from", or remove "alibi".
    a causal vector:
      attention-option, /model/1/causal true: "causal" of attention needs a query and a memory over the same time steps, but a is numbers [batch, 3] and inputs is numbers [batch, time, 2]. Remove "causal", or name layers over the same steps.
    portions of steps that are averaged over all:
      accumulate-loss, /train/accumulate 2: sequence_loss averages each step over all examples, so it cannot be accumulated over micro-batches. Set "average_across_timesteps" to true, or remove "accumulate".
    an activity of no rnn:
      no-activity, /regularization/activity 0.1: "activity" penalizes the outputs of rnn layers, but the model has no rnn layer. Remove "activity", or add an rnn layer.
    a convolution of one vector:
      needs-sequence, /model/1 {"layer":"conv1d": The layer conv1d reads sequences of numbers [batch, time, features], but its input is numbers [batch, 3]. Write "return": "sequence" in the layer before it.
    a convolution of ids:
      needs-numbers, /model/0 {"layer":"conv1d": The layer conv1d reads sequences of numbers [batch, time, features], but its input is token ids [batch, time]. Put a one_hot or an embedding layer before conv1d.
    windows longer than the sequences:
      short-sequence, /model/2/kernel_size 2: conv1d_2 reads windows of 2 steps, but its input has 1. Make the windows shorter, or write "padding": "same".
    windows longer than the sequences of a second input:
      short-sequence, /model/1/kernel_size 4: conv1d reads windows of 4 steps, but its input has 3. Make the windows shorter, or write "padding": "same".
    groups that do not divide:
      group-count, /model/0/groups 2: conv1d has 2 groups, which do not divide its output of 3 channels. Choose a divisor of both numbers of channels.
    groups that divide the output alone:
      group-count, /model/0/groups 3: conv1d has 3 groups, which do not divide its input of 2 channels. Choose a divisor of both numbers of channels.
    "
  `);
});
