/** Names of reported metrics: those of the compiled model. */
import { expect, test } from "vitest";
import { ownMetricDirections, reportedMetrics } from "../../schema/kinds/reported-metrics.js";
import { open, programOf } from "../support/programs.js";

const sequences = { inputs: [[[1], [2]]], targets: { kind: [1], value: [[[0.5], [1]]] } };
const data = { type: "arrays", ...sequences };
const model = [
  { layer: "rnn", cell: "gru", hidden_size: 3 },
  { layer: "dense", name: "value", size: 1 },
  { layer: "pool", mode: "max", from: "rnn" },
  { layer: "dense", name: "kind", size: 3 },
];
const losses = [
  { type: "cross_entropy", from: "kind", target: "kind" },
  { type: "squared_error", from: "value", target: "value" },
];
const own = { near: { equations: ["metric = where(abs(y - t) < 1, 1, 0)"], mode: "max", output: "value" } };

test.each([
  ["by default", undefined],
  ["of several outputs", { ...own, top_k: { k: 2, output: "kind" } }],
])("%s", async (_, metrics) => {
  const opened = await open({
    data,
    model,
    losses,
    metrics,
    optimizer: { type: "adam" },
    train: { batch_size: "all" },
  });
  const program = programOf(opened, "evaluation");
  expect(reportedMetrics(opened.spec)).toEqual(Object.keys(program.metrics));
  expect([...ownMetricDirections(opened.spec)]).toEqual(metrics === undefined ? [] : [["near", "max"]]);
});
