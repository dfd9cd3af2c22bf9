/** Notices of a spec's own metrics that are not finite: once for each, with the equation of the first such value. */
import { expect, test } from "vitest";
import { nonFiniteMetricNotices } from "../../../runtime/evaluation/non-finite-metrics.js";
import { build, drawParameters } from "../../support/artifacts.js";

const notices = async (data: object, output: object = {}) => {
  const { spec, source, artifact } = await build({
    data: { type: "arrays", ...data },
    model: [{ layer: "dense", size: 1, ...output }],
    loss: { type: "squared_error" },
    metrics: {
      ok: { equations: ["metric = abs(y - t)"], mode: "min" },
      ratio: { equations: ["d = t - 1", "r = (y - t) / d", "metric = abs(r)"], mode: "min" },
      mae: {},
    },
    optimizer: { type: "sgd", learning_rate: 0.1 },
    train: { batch_size: 2 },
  });
  const model = { spec, source, parameters: drawParameters(artifact.manifest.parameters), batchSize: 2 };
  const stated = new Set<string>();
  const metrics = { train: { loss: 1, ok: 1, ratio: Number.NaN, mae: Number.NaN }, validation: {}, test: {} };
  const first = await nonFiniteMetricNotices(model, metrics, stated);
  expect(await nonFiniteMetricNotices(model, metrics, stated)).toEqual([]);
  return first;
};

const message =
  'The metric ratio is NaN on the train examples. The first value that is not finite is that of "r = (y - t) / d".';

test("in the second batch", async () => {
  expect(await notices({ inputs: [[1], [2], [3], [4]], targets: [[2], [3], [2], [1]] })).toEqual([message]);
});

test("in a step of a sequence", async () => {
  const inputs = [
    [[1], [2]],
    [[3], [4]],
  ];
  expect(
    await notices({
      inputs,
      targets: [
        [[2], [3]],
        [[1], [2]],
      ],
    }),
  ).toEqual([message]);
});

test("no value of these examples", async () => {
  expect(await notices({ inputs: [[1], [2]], targets: [[2], [3]] })).toEqual([
    "The metric ratio is NaN on the train examples.",
  ]);
});
