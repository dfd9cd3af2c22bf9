/** Valid specs and data files in a hand-written layout. Each bad input is one change of one of them. */

export interface Base {
  readonly spec: string;
  /** Files in the spec's folder, of which one may be what is changed. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

const text = `{
  "name": "reader",
  "seed": 1,
  "data": {
    "type": "text",
    "text": "the cat sat on the mat, and the rat sat on the cat.",
    "window": 6,
    "split": { "train": 0.8, "validation": 0.2 }
  },
  "model": [
    { "layer": "embedding", "size": 4 },
    { "layer": "rnn", "cell": "lstm", "hidden_size": 5, "forget_bias": 1 },
    { "layer": "projection", "size": "vocabulary" }
  ],
  "loss": { "type": "sequence_loss" },
  "optimizer": {
    "type": "adam",
    "learning_rate": 0.1,
    "clip": { "global_norm": 1 },
    "schedule": { "type": "exponential_decay", "decay_rate": 0.9, "decay_steps": 100 }
  },
  "train": {
    "steps": 20,
    "batch_size": 8,
    "checkpoint_every": 10
  }
}
`;

const cell = `{
  "data": {
    "type": "arrays",
    "inputs": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]],
    "targets": [[1], [2]]
  },
  "cells": {
    "mine": {
      "options": { "gain": 2 },
      "state": { "h": "hidden_size" },
      "parameters": {
        "W": ["input_size", "2*hidden_size"],
        "U": ["hidden_size", "2*hidden_size"]
      },
      "equations": [
        "p, q = split(x @ W + h @ U, 2)",
        "h' = sigmoid(p) * tanh(q) * gain"
      ],
      "output": "h'"
    }
  },
  "model": [
    { "layer": "rnn", "cell": "mine", "hidden_size": 3, "return": "last" },
    { "layer": "dense", "size": 1 }
  ],
  "loss": { "type": "squared_error" },
  "optimizer": { "type": "sgd", "learning_rate": 0.1 },
  "train": { "steps": 5 }
}
`;

const table = `{
  "data": {
    "type": "table",
    "file": "t.csv",
    "target": ["b"],
    "window": 2,
    "split": { "train": 0.7, "test": 0.3, "order": "time" }
  },
  "model": [
    { "layer": "rnn", "cell": "gru", "hidden_size": 3, "return": "last" },
    { "layer": "dense", "size": 1 }
  ],
  "loss": { "type": "squared_error" },
  "optimizer": { "type": "sgd", "learning_rate": 0.1 },
  "train": { "steps": 5 }
}
`;

const csv = `a,b,c
1,2,3
4,5,6
7,8,9
10,11,12
13,14,15
16,17,18
19,20,21
22,23,24
`;

const sequences = `{
  "data": { "type": "sequences", "file": "s.jsonl" },
  "model": [
    { "layer": "embedding", "size": 4 },
    { "layer": "rnn", "cell": "rnn", "hidden_size": 3, "return": "last" },
    { "layer": "projection", "size": "classes" }
  ],
  "loss": { "type": "cross_entropy" },
  "optimizer": { "type": "sgd", "learning_rate": 0.1 },
  "train": { "steps": 5 }
}
`;

const lines = `{ "text": "good day to you", "label": "kind" }
{ "text": "go away now", "label": "rude" }
{ "text": "you are good", "label": "kind" }
`;

const graph = `{
  "data": {
    "type": "arrays",
    "inputs": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]],
    "targets": [[1], [2]]
  },
  "model": [
    { "layer": "rnn", "name": "reads", "cell": "gru", "hidden_size": 3 },
    { "layer": "rnn", "name": "goes_on", "cell": "gru", "hidden_size": 3, "initial_state": "reads" },
    { "layer": "attention", "name": "looks", "from": ["goes_on", "reads"] },
    { "layer": "concat", "name": "both", "from": ["looks", "goes_on"] },
    { "layer": "pool", "name": "end", "mode": "max" },
    { "layer": "dense", "size": 1 }
  ],
  "loss": { "type": "squared_error" },
  "optimizer": { "type": "sgd", "learning_rate": 0.1 },
  "train": { "steps": 5 }
}
`;

const labels = `{
  "data": {
    "type": "arrays",
    "inputs": [[[1], [2], [3], [4]], [[5], [6], [7], [8]]],
    "targets": [[1, 2], [2, 0]]
  },
  "model": [
    { "layer": "rnn", "cell": "rnn", "hidden_size": 3 },
    { "layer": "projection", "size": 3 }
  ],
  "loss": { "type": "ctc", "blank": 0 },
  "optimizer": { "type": "sgd", "learning_rate": 0.1 },
  "train": { "steps": 5 }
}
`;

const definitions = `{
  "data": {
    "type": "arrays",
    "inputs": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]],
    "targets": [[1, 2], [2, 1]]
  },
  "activations": {
    "bent": { "options": { "slope": 0.1 }, "equations": ["m = max(x, x * slope)", "y = m ^ 2"] }
  },
  "layers": {
    "gated": {
      "options": { "gate_bias": -1 },
      "parameters": { "A": ["input_size", "input_size"], "B": ["input_size", 4], "c": ["input_size"] },
      "initializers": { "c": "gate_bias" },
      "equations": ["u = sigmoid(x @ A + c)", "y = bent(u * shift(x)) @ B"]
    }
  },
  "losses": {
    "near": { "options": { "power": 2, "weights": [1, 2] }, "equations": ["e = abs(y - t)", "loss = weights * e ^ power"] }
  },
  "optimizers": {
    "signs": {
      "options": { "beta": 0.9 },
      "slots": { "m": 0 },
      "equations": ["m' = beta * m + (1 - beta) * g", "p' = p - rate * sign(m')"]
    }
  },
  "schedules": {
    "waves": { "options": { "period": 10 }, "equations": ["z = n / period", "factor = 0.5 * (1 + cos(pi * z))"] }
  },
  "model": [
    { "layer": "gated" },
    { "layer": "rnn", "cell": "gru", "hidden_size": 3, "return": "last" },
    { "layer": "dense", "size": 2 }
  ],
  "metrics": { "within": { "options": { "limit": 1 }, "equations": ["d = abs(y - t)", "metric = where(d < limit, 1, 0)"] } },
  "loss": { "type": "near" },
  "optimizer": { "type": "signs", "learning_rate": 0.1, "schedule": { "type": "waves" } },
  "train": { "steps": 5 }
}
`;

export const bases = {
  text: { spec: text },
  cell: { spec: cell },
  graph: { spec: graph },
  labels: { spec: labels },
  definitions: { spec: definitions },
  table: { spec: table, files: { "t.csv": csv } },
  sequences: { spec: sequences, files: { "s.jsonl": lines } },
} as const satisfies Readonly<Record<string, Base>>;
