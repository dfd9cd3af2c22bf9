/** Patterns of parameter names in the optimizer: matching, and problems with the way out. */
import { describe, expect, test } from "vitest";
import { matchesPattern } from "../../../schema/kinds/parameter-patterns.js";
import { problemsOf } from "../../support/check-spec.js";
import { unplacedProblems } from "../../support/read-spec.js";

test.each([
  ["rnn/0/b", "rnn/0/b", true],
  ["*/b", "rnn/0/b", true],
  ["*/b", "b", true],
  ["*/b", "rnn/0/bias", false],
  ["*/b", "t/0/attention/bq", true],
  ["*/b", "b/W", false],
  ["b/*", "bq/W", false],
  ["*/b?", "dense/b", false],
  ["dense/b", "dense/bq", false],
  ["*/layer_norm/*", "layer_norm/gain", true],
  ["*/layer_norm/*", "t/0/layer_norm_12/gain", true],
  ["*/layer_norm/*", "t/0/layer_norm_b/gain", false],
  ["*/layer_norm/*", "my_layer_norm/gain", false],
  ["dense/*", "dense_2/W", true],
  ["dense/*", "t/dense/W", false],
  ["dense/W", "dense_2/W", false],
  ["first/*", "first_2/W", false],
  ["rnn/*/b", "rnn/0/backward/b", true],
  ["rnn/?/W", "rnn/1/W", true],
  ["rnn/?/W", "rnn/10/W", false],
  ["a.c/*", "abc/W", false],
  ["*", "embedding/W", true],
])("%s and %s: %s", (pattern, name, expected) => {
  expect(matchesPattern(pattern, name)).toBe(expected);
});

function spec(optimizer: object) {
  return {
    data: { type: "text", text: "hihello", window: 6 },
    model: [
      { layer: "embedding", size: 3, trainable: false },
      { layer: "rnn", cell: "lstm", hidden_size: 5 },
      { layer: "projection" },
    ],
    loss: { type: "sequence_loss" },
    optimizer,
  };
}
const decayed = { type: "adamw", weight_decay: 0.1 };

describe("patterns that have no effect are problems", () => {
  test.each<[string, object, readonly string[]]>([
    ["patterns of every kind", { ...decayed, no_decay: ["*/b"], rates: [{ parameters: ["rnn/*"], factor: 2 }] }, []],
    [
      "a misspelled name",
      { ...decayed, no_decay: ["*/b", "rnn/0/w"] },
      ['parameter-pattern, /optimizer/no_decay/1 "rnn/0/w": "rnn/0/w" matches no parameter. Did you mean "rnn/0/W"?'],
    ],
    [
      "a name of another library",
      { ...decayed, no_decay: ["*/layer_norm/*"] },
      [
        'parameter-pattern, /optimizer/no_decay/0 "*/layer_norm/*": "*/layer_norm/*" matches no parameter. Parameters: rnn/0/W, rnn/0/U, rnn/0/b, projection/W, projection/b.',
      ],
    ],
    [
      "a frozen layer",
      { type: "sgd", learning_rate: 0.1, rates: [{ parameters: ["*/W", "embedding/*"], factor: 2 }] },
      [
        'parameter-pattern, /optimizer/rates/0/parameters/1 "embedding/*": "embedding/*" matches only frozen parameters. Remove the pattern.',
      ],
    ],
    [
      "vectors, which muon leaves to Adam",
      { type: "muon", exclude: ["*/b"] },
      [
        'parameter-pattern, /optimizer/exclude/0 "*/b": "*/b" matches no matrix: Adam updates those parameters anyway. Remove the pattern.',
      ],
    ],
    [
      "two rates of one parameter",
      {
        ...decayed,
        rates: [
          { parameters: ["rnn/*"], factor: 2 },
          { parameters: ["*/b"], factor: 3 },
        ],
      },
      [
        'parameter-rates, /optimizer/rates/1/parameters ["*/b": rnn/0/b has two learning rates: patterns of two entries match it. Narrow the patterns, so that they match different parameters.',
      ],
    ],
  ])("%s", async (_, optimizer, expected) => {
    expect(await problemsOf(spec(optimizer))).toEqual(expected);
  });

  test("no_decay without a decay", async () => {
    expect(await unplacedProblems(spec({ type: "adam", no_decay: ["*/b"] }))).toEqual([
      'no-decay /optimizer/no_decay | "no_decay" has no effect: weight_decay is 0. | Give a "weight_decay", or remove "no_decay".',
    ]);
  });
});
