/** Explanations of losses and metrics: equations with their options, the gradient with respect to y, and the source. */
import { expect, test } from "vitest";
import { builtInNames, explainBuiltIn } from "../../../compiler/inspect/explain-built-in.js";
import { explainComparisons } from "../../../compiler/inspect/explain-comparison.js";
import { functionTable } from "../../../compiler/language/functions/index.js";
import { analysisOf, open } from "../../support/programs.js";

const spec = {
  data: { type: "arrays", inputs: [[1, 2]], targets: [[3]] },
  losses: { mine: { options: { k: 1 }, equations: ["e = y - t", "loss = k * e ^ 2"] } },
  model: [{ layer: "dense", name: "answer", size: 1 }],
  loss: { type: "mine", k: 3 },
  metrics: { rmse: {}, relative: { equations: ["metric = abs(y - t) / abs(t)"] } },
  optimizer: { type: "adam" },
};

async function explained(name: string, changes: object = {}) {
  const explanations = await allExplained(name, changes);
  expect(explanations.length).toBeLessThanOrEqual(1);
  return explanations[0];
}

async function allExplained(name: string, changes: object = {}) {
  const opened = await open({ ...spec, ...changes });
  const context = { expected: new Map(Object.entries(opened.signature.expected)) };
  return explainComparisons(opened.spec, opened.signature, analysisOf(opened), functionTable({}), context, name);
}

test("a loss of the spec", async () => {
  expect(await explained("mine")).toEqual({
    kind: "loss",
    name: "mine",
    from: "answer",
    sizes: { output_size: 1, target_size: 1 },
    options: { k: 3 },
    equations: ["e = y - t", "loss = k * e ^ 2"],
    reduce: null,
    gradient: ["t1 = dloss * 3 * (y - t)", "dy = t1 + t1"],
    source: "the spec",
  });
});

test("built-in losses of equations and of code, also under the name loss", async () => {
  expect(await explained("loss", { loss: { type: "huber" } })).toMatchObject({
    name: "huber",
    options: { delta: 1 },
    source: "specs/losses/huber.json",
  });
  const classes = { data: { ...spec.data, targets: [1] }, model: [{ layer: "dense", size: 2 }], metrics: ["accuracy"] };
  const ofClasses = await explained("cross_entropy", { ...classes, loss: { type: "cross_entropy" } });
  expect(ofClasses).toMatchObject({ gradient: [], source: "code of the compiler" });
  expect(await explained("contrastive", { ...classes, metrics: [], loss: { type: "contrastive" } })).toMatchObject({
    source: "specs/losses/contrastive.json",
    gradient: expect.arrayContaining([expect.stringMatching(/^dy = /)]),
  });
});

test("metrics, and names of none", async () => {
  expect(await explained("relative")).toMatchObject({
    kind: "metric",
    equations: ["metric = abs(y - t) / abs(t)"],
    reduce: "mean",
    source: "the spec",
  });
  expect(await explained("rmse")).toMatchObject({
    equations: ["e = y - t", "metric = e * e"],
    reduce: "root_mean",
    source: "specs/metrics/rmse.json",
  });
  expect(await explained("accuracy")).toBeUndefined();
});

test("the losses of several outputs, and the metrics that the spec does not name", async () => {
  const outputs = {
    data: { type: "arrays", inputs: [[1, 2]], targets: { price: [[3]], kind: [1] } },
    model: [
      { layer: "dense", name: "trunk", size: 3 },
      { layer: "dense", name: "price", from: "trunk", size: 1 },
      { layer: "dense", name: "kind", from: "trunk", size: 2 },
    ],
    loss: [
      { type: "mine", k: 3, from: "price", target: "price" },
      { type: "cross_entropy", from: "kind", target: "kind" },
    ],
    metrics: null,
  };
  expect((await allExplained("loss", outputs)).map(({ name, from }) => [name, from])).toEqual([
    ["mine", "price"],
    ["cross_entropy", "kind"],
  ]);
  expect((await allExplained("accuracy", outputs)).map(({ kind, from }) => [kind, from])).toEqual([["metric", "kind"]]);
});

test.each([
  ["dense", { kind: "layer", file: null, options: { activation: "none", bias: true, trainable: true } }],
  ["bits_per_character", { kind: "metric", file: null }],
  ["quantile", { kind: "loss", file: "specs/losses/quantile.json" }],
  ["adam", { kind: "optimizer", file: "specs/optimizers/adam.json" }],
  ["cosine_decay", { kind: "schedule", file: "specs/schedules/cosine_decay.json" }],
  ["lstm", { kind: "cell", file: "specs/cells/lstm.json" }],
])("%s, which the spec does not use", (name, expected) => {
  const explanation = explainBuiltIn(name);
  expect(explanation).toMatchObject(expected);
  expect(explanation?.equations.length).toBeGreaterThan(0);
});

test("every built-in kind has a description", () => {
  for (const name of builtInNames()) expect(explainBuiltIn(name)?.description, name).toMatch(/\S/);
});
