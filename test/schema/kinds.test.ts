/** Facts of the kinds of layers, losses and metrics, which the schema states next to their keys. */
import { expect, test } from "vitest";
import { dataFacts, lossFacts, metricFacts } from "../../schema/kinds/data.js";
import { outputIsSequence, vocabularyOf, whyNotStreamable } from "../../schema/kinds/layers.js";
import { defaultMetrics, targetKindOf } from "../../schema/kinds/losses.js";
import { directionOf, metricName } from "../../schema/kinds/metrics.js";
import type { NormalData, NormalLayer, NormalLoss, NormalRnn } from "../../schema/normal/index.js";

const rnn: NormalRnn = {
  ...{ layer: "rnn", name: "rnn", from: ["inputs"], cells: [], share_weights: false, weights: null },
  ...{ initial_state: "zeros", stateful: false, unroll: false, return: "sequence" },
};
const dense: NormalLayer = {
  ...{ layer: "dense", name: "dense", from: ["rnn"], size: 2, activation: "none", bias: true },
  ...{ weights: null, weight_norm: false, initializer: "glorot_uniform", trainable: true },
};
const pool: NormalLayer = { layer: "pool", name: "pool", from: ["rnn"], mode: "max", size: null, stride: null };
const embedding: NormalLayer = {
  ...{ layer: "embedding", name: "embedding", from: ["inputs"], vocabulary_size: "vocabulary", size: 8 },
  ...{ weights: null, vectors: null, trainable: true },
};

test("a loss has target kind and default metrics", () => {
  expect(targetKindOf({ type: "ctc" })).toBe("labels");
  const metricsOf = (data: NormalData["type"], loss: Exclude<NormalLoss["type"], "custom">) =>
    defaultMetrics({ data: { type: data } }, { type: loss, from: "dense" }).map(({ type }) => type);
  expect(metricsOf("text", "sequence_loss")).toEqual(["accuracy", "perplexity"]);
  expect(metricsOf("pairs", "sequence_loss")).toEqual(["accuracy", "perplexity", "exact_sequence"]);
  expect(metricsOf("pairs", "ctc")).toEqual(["exact_sequence", "label_error_rate"]);
});

test("default metrics have no options, so that their names are their types", () => {
  const named: readonly { readonly metrics?: readonly string[] }[] = [lossFacts, dataFacts].flatMap(Object.values);
  const names = named.flatMap(({ metrics = [] }) => metrics);
  expect(names.filter((name) => metricName({ type: name } as never) !== name)).toEqual([]);
});

test.each([
  ["accuracy", "max"],
  ["top_3_accuracy", "max"],
  ["binary_accuracy", "max"],
  ["label_error_rate", "min"],
  ["loss", "min"],
  ["something_else", "min"],
])("%s improves toward %s", (name, direction) => {
  expect(directionOf(name)).toBe(direction);
});

test("every metric improves in its direction under the name that it is reported by", () => {
  for (const [type, facts] of Object.entries(metricFacts))
    if ("direction" in facts) expect(directionOf(metricName({ type, k: 3 } as never))).toBe(facts.direction);
  expect(directionOf("kind/gain", new Map([["gain", "max"]]))).toBe("max");
});

test("a layer that reads ids has the key of their number", () => {
  expect(vocabularyOf(embedding)).toEqual({ key: "vocabulary_size", size: "vocabulary" });
  expect(vocabularyOf(dense)).toBeUndefined();
});

test("pool and an rnn layer that returns its last step reduce the time axis", () => {
  expect(outputIsSequence([])).toBe(true);
  expect(outputIsSequence([rnn, dense])).toBe(true);
  expect(outputIsSequence([rnn, pool])).toBe(false);
  expect(outputIsSequence([{ ...rnn, return: "last" }, dense])).toBe(false);
});

test("a model that needs the whole sequence names the first layer that does", () => {
  expect(whyNotStreamable([rnn, dense])).toBeUndefined();
  expect(whyNotStreamable([rnn, pool])).toBe("pool needs the whole sequence");
  const attention = { layer: "attention", name: "attention" } as NormalLayer;
  expect(whyNotStreamable([attention])).toBe("attention is not causal, and needs the whole sequence");
  expect(whyNotStreamable([{ ...attention, causal: true } as NormalLayer])).toBeUndefined();
  expect(whyNotStreamable([{ ...rnn, initial_state: "encoder" }])).toBe("rnn starts from the final state of encoder");
});
