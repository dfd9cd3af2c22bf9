/** Small models of every kind of data. */
import { arraysCase } from "./arrays.js";
import { images } from "./images.js";
import { floats, ints, longs, type PathCase, rnn } from "./path-case.js";
import { sequencesCase } from "./sequences.js";
import { tableCase } from "./table.js";
import { textCase } from "./text.js";

const wave = Array.from({ length: 18 }, (_, row) => [
  20 + 5 * Math.sin(row / 2),
  100 + (row % 7),
  row % 3 === 0 ? "up" : "down",
]);
const words = "the cat sat on the mat and the dog sat by the old cat on the mat".repeat(2).replace("matthe", "mat the");
const numbers = [2, 3, 1].map((seed) =>
  Array.from({ length: 4 }, (_, step) => [Math.sin(seed + step), Math.cos(seed * step)]),
);
const ids = [
  [3, 1, 2, 0],
  [0, 1, 1, 3],
  [2, 2, 3, 1],
];
const bce = { type: "binary_cross_entropy" };
const squared = { type: "squared_error" };
const classes = { layer: "dense", size: "classes" };
const lengthsOf = [4, 2, 3];

export const cases: Readonly<Record<string, PathCase>> = {
  "text, characters": textCase("row, row, row your boat gently", "char", {}, [
    { layer: "one_hot" },
    rnn("gru"),
    { layer: "projection" },
  ]),
  "text, words, a limited vocabulary": textCase(words, "word", { vocabulary: { size: 5 } }, [
    { layer: "embedding", size: 3 },
    rnn("lstm", { layers: 2, initial_state: "learned" }),
    { layer: "projection", activation: "softmax" },
  ]),
  "text, bytes, stateful": textCase(
    "grün und blau und grün",
    "byte",
    {},
    [{ layer: "one_hot" }, rnn("rnn", { stateful: true }), { layer: "projection" }],
    true,
  ),
  "table, two targets, reversed": tableCase({
    columns: ["wave", "count", "trend"],
    rows: wave,
    window: 4,
    reversed: true,
    data: { target: ["count", "wave"], scale: "min_max", horizon: [2] },
    model: [rnn("lstm", { return: "last" }), { layer: "dense", size: 2 }],
    loss: squared,
  }),
  "table, classes": tableCase({
    columns: ["wave", "count", "trend"],
    rows: wave,
    window: 3,
    data: { target: ["trend"], scale: "standard", horizon: 0 },
    model: [rnn("gru", { return: "last", bidirectional: "none" }), classes],
    loss: { type: "cross_entropy" },
  }),
  "table, probabilities at each step": tableCase({
    columns: ["wave", "a", "b"],
    rows: wave.map(([value = 0, , trend], row) => [value, Number(trend === "up"), row % 2]),
    window: 3,
    data: { columns: ["wave"], target: ["a", "b"], scale: "standard" },
    model: [rnn("gru"), { layer: "dense", size: 2 }],
    loss: bce,
  }),
  "table, stateful": tableCase({
    columns: ["wave", "count"],
    rows: wave.map((row) => row.slice(0, 2)),
    window: 4,
    data: { columns: ["wave", "count"], target: ["count"], scale: "min_max", stride: 4 },
    model: [rnn("lstm", { stateful: true }), { layer: "dense", size: 1 }],
    loss: squared,
    stateful: true,
  }),
  "sequences, labels, truncated, in buckets": sequencesCase(
    [
      { text: "good morning my friend and all", label: "greeting" },
      { text: "see you soon", label: "farewell" },
      { text: "good evening", label: "greeting" },
      { text: "bye", label: "farewell" },
    ],
    { max_length: 4, buckets: 2, vocabulary: { min_count: 1, size: 8 } },
    [{ layer: "embedding", size: 3 }, rnn("gru", { return: "last" }), classes],
    "cross_entropy",
    4,
  ),
  "sequences, tags, both directions": sequencesCase(
    [
      { text: "abca", tags: ["x", "y", "z", "x"] },
      { text: "ba", tags: ["y", "x"] },
      { text: "cab", tags: ["z", "x", "y"] },
    ],
    { unit: "char" },
    [{ layer: "embedding", size: 3 }, rnn("lstm", { bidirectional: "concat" }), { ...classes, activation: "softmax" }],
    "sequence_loss",
  ),
  "sequences, vectors, numbers at each step": sequencesCase(
    numbers.map((inputs, row) => ({ inputs: inputs.slice(0, lengthsOf[row]), tags: inputs.slice(0, lengthsOf[row]) })),
    {},
    [rnn("gru"), { layer: "dense", size: 2 }],
    "squared_error",
  ),
  "images, gzipped": images,
  "arrays, several inputs, lengths": arraysCase(
    { question: ids, context: numbers, lengths: lengthsOf },
    { inputs: { question: ids, context: numbers }, lengths: lengthsOf, targets: [0, 1, 2] },
    [
      { layer: "embedding", name: "words", from: "question", size: 3 },
      { ...rnn("gru", { return: "last" }), name: "a", from: "words" },
      { ...rnn("lstm", { return: "last" }), name: "b", from: "context" },
      { layer: "concat", from: ["a", "b"] },
      classes,
    ],
    { type: "cross_entropy" },
    {
      ports: {
        inputs: ints([3, 4], ids.flat()),
        context: floats([3, 4, 2], numbers.flat(2)),
        lengths: longs(lengthsOf),
      },
      lengths: lengthsOf,
      hasSteps: true,
    },
  ),
  "arrays, token ids, given states": arraysCase(
    { inputs: ids, "rnn/0/h": numbers.map((row) => row.flat().slice(0, 4)) },
    { inputs: ids, targets: ids, initial_states: { "rnn/0/h": numbers.map((row) => row.flat().slice(0, 4)) } },
    [{ layer: "one_hot" }, rnn("gru"), classes],
    { type: "sequence_loss" },
    {
      ports: {
        inputs: ints([3, 4], ids.flat()),
        "rnn/0/h": floats(
          [3, 4],
          numbers.flatMap((row) => row.flat().slice(0, 4)),
        ),
      },
      lengths: [4, 4, 4],
      hasSteps: true,
    },
  ),
  "arrays, rows": arraysCase(
    { inputs: ids.map((row) => row.map((id) => id + 0.5)) },
    { inputs: ids.map((row) => row.map((id) => id + 0.5)), targets: numbers.map((row) => row.flat().slice(0, 2)) },
    [
      { layer: "dense", size: 3, activation: "tanh" },
      { layer: "dense", size: 2 },
    ],
    squared,
    {
      ports: {
        inputs: floats(
          [3, 4],
          ids.flat().map((id) => id + 0.5),
        ),
      },
      lengths: [1, 1, 1],
      hasSteps: false,
    },
  ),
  "arrays, labels of ctc": arraysCase(
    { inputs: numbers, lengths: lengthsOf },
    {
      inputs: numbers,
      lengths: lengthsOf,
      targets: [
        [1, 2],
        [2, 0],
        [1, 0],
      ],
    },
    [rnn("gru", { bidirectional: "concat" }), { layer: "dense", size: 3 }],
    { type: "ctc" },
    {
      ports: { inputs: floats([3, 4, 2], numbers.flat(2)), lengths: longs(lengthsOf) },
      lengths: lengthsOf,
      hasSteps: false,
    },
  ),
  "sequences, probabilities": sequencesCase(
    [
      { text: "abca", label: 1 },
      { text: "ba", label: 0 },
    ],
    { unit: "char" },
    [{ layer: "one_hot" }, rnn("gru", { return: "last" }), { layer: "dense", size: 1 }],
    "binary_cross_entropy",
  ),
  "arrays, an output at each step of the second input": arraysCase(
    { question: ids, context: numbers.map((row) => row.slice(0, 3)) },
    {
      inputs: { question: ids, context: numbers.map((row) => row.slice(0, 3)) },
      targets: numbers.map((row) => row.slice(0, 3)),
    },
    [
      { layer: "embedding", name: "words", from: "question", size: 3 },
      { ...rnn("gru", { return: "state" }), name: "a", from: "words" },
      { ...rnn("gru", { initial_state: "a" }), name: "b", from: "context" },
      { layer: "dense", size: 2 },
    ],
    squared,
    {
      ports: {
        inputs: ints([3, 4], ids.flat()),
        context: floats([3, 3, 2], numbers.flatMap((row) => row.slice(0, 3)).flat()),
      },
      lengths: [3, 3, 3],
      hasSteps: false,
    },
  ),
};
