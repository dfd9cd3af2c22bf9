/** The diagram of a model: a node for each layer, and in large models for each block. */
import { expect, test } from "vitest";
import { layersDot, modelSection } from "../../../views/report/model-section.js";
import { analysisOf, open } from "../../support/programs.js";

async function diagramOf(repeat: number) {
  const block = [
    { block: [{ layer: "layer_norm" }, { layer: "attention" }], residual: true },
    { block: [{ layer: "layer_norm" }, { layer: "dense", size: 4 }], residual: true },
  ];
  const opened = await open({
    data: { type: "text", text: "hihello", window: 6 },
    model: [{ layer: "embedding", size: 4 }, { name: "encoder", repeat, block }, { layer: "projection" }],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam" },
  });
  const dot = layersDot(opened.spec, analysisOf(opened));
  return {
    nodes: [...dot.matchAll(/ \[label="([^"]*)"\]/g)].map(([, label = ""]) => label.split("\n")),
    edges: dot.split("\n").filter((line) => line.includes("->")),
  };
}

test("blocks are nodes of a large model", async () => {
  const { nodes, edges } = await diagramOf(2);
  expect(nodes).toEqual([
    ["embedding", "[batch, time, 4]", "20 parameters"],
    ["encoder/0", "6 layers", "[batch, time, 4]", "36 parameters"],
    ["encoder/1", "6 layers", "[batch, time, 4]", "36 parameters"],
    ["projection", "[batch, time, 5]", "25 parameters"],
  ]);
  expect(edges).toEqual([
    '"inputs" -> "embedding";',
    '"embedding" -> "encoder/0";',
    '"encoder/0" -> "encoder/1";',
    '"encoder/1" -> "projection";',
  ]);
});

test("layers are nodes of a small model", async () => {
  const { nodes, edges } = await diagramOf(1);
  expect(nodes).toHaveLength(8);
  expect(edges).toContain('"embedding" -> "encoder/0/residual";');
});

test("layers of the spec's own have the name of their definition, and their equations", async () => {
  const opened = await open({
    data: { type: "text", text: "hihello", window: 6 },
    activations: { twice: { equations: ["y = 2 * x"] } },
    layers: {
      shift: { parameters: { c: ["input_size"] }, equations: ["y = twice(x) + c"] },
      unused: { equations: ["y = x - 1"] },
    },
    model: [{ layer: "one_hot" }, { layer: "shift", name: "first" }, { layer: "projection" }],
    loss: { type: "sequence_loss" },
    optimizers: {
      steps: { equations: ["p' = p - rate * g"] },
      other: { equations: ["p' = p - rate * sign(g)"] },
    },
    schedules: { falling: { equations: ["factor = 1 / (n + 1)"] } },
    optimizer: { type: "steps", learning_rate: 0.1, schedule: { type: "falling" } },
  });
  const analysis = analysisOf(opened);
  expect(layersDot(opened.spec, analysis)).toContain("first\nshift\n[batch, time, 5]\n5 parameters");
  const { html } = await modelSection(opened.spec, analysis);
  const lists = [...html.matchAll(/Equations of (\w+)<\/summary><pre>([^<]*)/g)].map((match) => match.slice(1));
  expect(lists).toEqual([
    ["shift", "y = twice(x) + c"],
    ["twice", "y = 2 * x"],
    ["steps", "p&#39; = p - rate * g"],
    ["falling", "factor = 1 / (n + 1)"],
  ]);
});
