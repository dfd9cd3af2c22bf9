/** Sampling of a token: temperature, top-k and top-p, against distributions computed by hand. */

import { describe, expect, test } from "vitest";
import { greedy, logitsOf, type Sampling, sampleToken } from "../../../runtime/generation/sampling.js";
import { randomStream } from "../../../runtime/tensors/random.js";
import { outputActivationOf } from "../../../schema/kinds/outputs.js";
import { numbersModel } from "../../support/normal-specs.js";

const defaults: Sampling = { temperature: 1, topK: null, topP: null };
/** Probabilities 0.5, 0.3, 0.15, 0.05, out of order. */
const probabilities = [0.15, 0.5, 0.05, 0.3];
const logits = logitsOf(probabilities, "softmax", []);

/** The fraction of each id in 20,000 samples. */
function frequencies(sampling: Sampling, scores: Float64Array = logits): readonly number[] {
  const random = randomStream(3, "test");
  const counts = new Array<number>(scores.length).fill(0);
  for (let sample = 0; sample < 20_000; sample++) {
    const token = sampleToken(scores, sampling, random) ?? -1;
    counts[token] = (counts[token] ?? 0) + 1;
  }
  return counts.map((count) => count / 20_000);
}

function expectNear(actual: readonly number[], expected: readonly number[]): void {
  for (const [token, probability] of expected.entries())
    expect(Math.abs((actual[token] ?? 0) - probability)).toBeLessThan(0.015);
}

describe("a token is sampled", () => {
  test("by its probability", () => {
    expectNear(frequencies(defaults), probabilities);
  });

  test("in proportion to its probability to the power of 1 / temperature", () => {
    const squares = probabilities.map((probability) => probability ** 2);
    const total = squares.reduce((sum, square) => sum + square, 0);
    expectNear(
      frequencies({ ...defaults, temperature: 0.5 }),
      squares.map((square) => square / total),
    );
    expectNear(frequencies({ ...defaults, temperature: 100 }), [0.25, 0.25, 0.25, 0.25]);
  });

  test("among the k most likely", () => {
    expectNear(frequencies({ ...defaults, topK: 2 }), [0, 0.625, 0, 0.375]);
    expectNear(frequencies({ ...defaults, topK: 9 }), probabilities);
    expect(frequencies({ ...defaults, topK: 1 })).toEqual([0, 1, 0, 0]);
  });

  test("among the most likely with total probability p", () => {
    expectNear(frequencies({ ...defaults, topP: 0.75 }), [0, 0.625, 0, 0.375]);
    expectNear(frequencies({ ...defaults, topP: 0.9 }), [0.158, 0.526, 0, 0.316]);
    expect(frequencies({ ...defaults, topP: 0 })).toEqual([0, 1, 0, 0]);
    expectNear(frequencies({ ...defaults, topP: 1 }), probabilities);
  });

  test("greedily at temperature 0: the most likely, the first of equals", () => {
    expect(sampleToken(logits, greedy, randomStream(1))).toBe(1);
    expect(sampleToken(Float64Array.of(0, 2, 2), greedy, randomStream(1))).toBe(1);
    expect(sampleToken(logits, { ...defaults, temperature: 1e-9 }, randomStream(1))).toBe(1);
  });

  test("from logits of any size, also -∞", () => {
    expectNear(frequencies(defaults, Float64Array.of(1e300, 1e300, -1e300)), [0.5, 0.5, 0]);
    expectNear(frequencies(defaults, logitsOf([1, 1, 1], "logits", [1])), [0.5, 0, 0.5]);
    expectNear(frequencies(defaults, logitsOf([0, 0.25, 0.75], "softmax", [])), [0, 0.25, 0.75]);
    expect(
      sampleToken(Float64Array.of(Number.NaN, Number.NEGATIVE_INFINITY), defaults, randomStream(1)),
    ).toBeUndefined();
  });
});

test("the output activation is that of the last layer", () => {
  const [dense] = numbersModel;
  if (dense?.layer !== "dense") throw new Error("no dense layer");
  const kinds = (["none", "tanh", "softmax", "sigmoid"] as const).map((activation) =>
    outputActivationOf([{ ...dense, activation }]),
  );
  expect(kinds).toEqual(["logits", "logits", "softmax", "sigmoid"]);
  expect(logitsOf([0.5, 0.75], "sigmoid", [])).toEqual(Float64Array.of(0, Math.log(3)));
});
