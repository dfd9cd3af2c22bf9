/** Metrics of a spec: values over valid steps, several outputs, directions, built-in files, and mistakes. */
import { describe, expect, test } from "vitest";
import { restrictToOutputs } from "../../../../compiler/elaborate/program.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { expectDefined } from "../../../../compiler/ir/expect.js";
import { tabulate } from "../../../../compiler/ir/tensor.js";
import { computeMetric } from "../../../../runtime/evaluation/metric-accumulators.js";
import { builtInMetric, builtInMetrics } from "../../../../schema/built-in.js";
import { build } from "../../../support/artifacts.js";
import { problemsOf } from "../../../support/check-spec.js";
import { open, operandsOf, programOf, tensorOfArray } from "../../../support/programs.js";
import { normal } from "../../../support/read-spec.js";

const rows = [
  [1, -2],
  [0.5, 3],
];
const numbers = {
  inputs: rows,
  targets: [
    [0, 1],
    [2, 2],
  ],
};
const sequences = {
  inputs: [
    rows,
    [
      [2, 1],
      [0, 0],
    ],
  ],
  targets: [
    [0, 1],
    [1, 0],
  ],
  lengths: [2, 1],
};

/** A model whose outputs are its inputs: the kernel is the identity. */
const specOf = (data: object, loss: object, metrics: object, extra: object = {}) => ({
  data: { type: "arrays", ...data },
  model: [{ layer: "dense", name: "answer", size: 2, bias: false }],
  loss,
  metrics,
  optimizer: { type: "adam" },
  train: { batch_size: "all" },
  ...extra,
});

/** The metrics of the data as one batch. */
async function metricsOf(spec: object): Promise<Readonly<Record<string, number>>> {
  const opened = await open(spec);
  const program = restrictToOutputs(programOf(opened, "evaluation"), ({ role }) => role === "metric");
  const operands = operandsOf(
    program.inputs,
    new Map([
      ...[...opened.batch].map(([name, array]) => [name, tensorOfArray(array)] as const),
      ["answer/W", tabulate("float32", [2, 2], ([row, column]) => Number(row === column))] as const,
    ]),
  );
  const results = evaluate(program.graph, operands);
  return Object.fromEntries(
    program.outputs.map(({ name }, index) => {
      const metric = name.replace(/^metrics\//, "");
      const accumulators = Float64Array.from(expectDefined(results[index], name).data);
      return [metric, computeMetric(expectDefined(program.metrics[metric], metric), accumulators)];
    }),
  );
}

describe("values", () => {
  test("of numbers, with a mean, its root, and its exponential", async () => {
    const metrics = {
      relative: { equations: ["metric = abs(y - t) / max(abs(t), 1)"] },
      own_rmse: { equations: ["e = y - t", "metric = e ^ 2"], reduce: "root_mean" },
      geometric: { equations: ["metric = log(1 + abs(y - t))"], reduce: "exp_mean" },
      rmse: {},
    };
    const {
      relative,
      own_rmse: own,
      geometric,
      rmse,
    } = await metricsOf(specOf(numbers, { type: "squared_error" }, metrics));
    expect(relative).toBeCloseTo((1 + 3 + 0.75 + 0.5) / 4, 12);
    expect(own).toBe(rmse);
    expect(geometric).toBeCloseTo((2 * 4 * 2.5 * 2) ** 0.25, 12);
  });

  test("of classes, over valid steps: t is a class, y the scores", async () => {
    const metrics = {
      own_accuracy: { equations: ["metric = where(argmax(y) == t, 1, 0)"], mode: "max" },
      own_perplexity: { equations: ["metric = -gather(log_softmax(y), t)"], reduce: "exp_mean" },
      distance: { equations: ["metric = abs(argmax(y) - t)"] },
      accuracy: {},
      perplexity: {},
      top_k: { k: 1 },
    };
    const values = await metricsOf(specOf(sequences, { type: "cross_entropy" }, metrics));
    expect(values.own_accuracy).toBe(values.accuracy);
    expect(values.own_perplexity).toBeCloseTo(values.perplexity ?? 0, 12);
    expect(values.distance).toBeCloseTo(1 / 3, 12);
    expect(values.top_1_accuracy).toBe(values.accuracy);
  });

  test("of probabilities, whose y are logits", async () => {
    const data = {
      inputs: rows,
      targets: [
        [0, 1],
        [1, 0],
      ],
    };
    const metrics = { brier: { equations: ["metric = (sigmoid(y) - t) ^ 2"] } };
    const model = [{ layer: "dense", name: "answer", size: 2, bias: false, activation: "sigmoid" }];
    const { brier } = await metricsOf(specOf(data, { type: "binary_cross_entropy" }, metrics, { model }));
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const expected = [sigmoid(1), sigmoid(-2) - 1, sigmoid(0.5) - 1, sigmoid(3)];
    expect(brier).toBeCloseTo(expected.reduce((sum, error) => sum + error ** 2, 0) / 4, 12);
  });

  test("of outputs that are no predictions", async () => {
    const data = { inputs: rows, targets: [[1], [2]] };
    const metrics = {
      share_within: { equations: ["low, high = split(y, 2)", "metric = where(t > low, where(t < high, 1, 0), 0)"] },
    };
    const { share_within } = await metricsOf(specOf(data, { type: "quantile", levels: [0.1, 0.9] }, metrics));
    expect(share_within).toBe(0.5);
  });
});

test("several outputs name the metric's own", async () => {
  const data = { inputs: rows, targets: { a: numbers.targets, b: [[1], [2]] } };
  const model = [
    { layer: "dense", name: "answer", size: 2, bias: false },
    { layer: "dense", name: "other", from: "inputs", size: 1 },
  ];
  const loss = [
    { type: "squared_error", from: "answer", target: "a" },
    { type: "squared_error", from: "other", target: "b" },
  ];
  const metrics = [
    { type: "custom", name: "gap", equations: ["metric = y - t"], output: "answer" },
    { type: "custom", name: "gap", equations: ["metric = y + t"], output: "other" },
  ];
  const { artifact } = await build(specOf(data, loss, metrics, { model }));
  expect(Object.keys(artifact.manifest.metrics)).toEqual(expect.arrayContaining(["answer/gap", "other/gap"]));
});

test("early stopping, the best weights and the plateau watch it in its direction", async () => {
  const metrics = {
    gain: { equations: ["metric = -abs(y - t)"], mode: "max" },
    cost: { equations: ["metric = abs(y - t)"] },
  };
  const data = {
    inputs: [...rows, ...rows],
    targets: [...numbers.targets, ...numbers.targets],
    split: { train: 0.5, validation: 0.5 },
  };
  const { spec } = await normal(
    specOf(data, { type: "squared_error" }, metrics, {
      train: { batch_size: "all", early_stopping: { metric: "gain" }, keep_best: { metric: "cost" } },
      optimizer: { type: "adam", schedule: { type: "plateau", metric: "gain" } },
    }),
  );
  expect(spec.train.early_stopping?.mode).toBe("max");
  expect(spec.train.keep_best?.mode).toBe("min");
  expect(spec.optimizer.schedule).toMatchObject({ type: "plateau", mode: "max" });
});

test("options are numbers and vectors of its equations", async () => {
  const operatorsOf = async (metric: object) => {
    const { graph } = programOf(await open(specOf(numbers, { type: "huber" }, { own: metric })), "evaluation");
    return graph.nodes.map(({ op }) => op).join();
  };
  const options = { k: 3, at: [0.5, 1] };
  const withOptions = { options, equations: ["metric = k * mean(max(y - at, 0)) / at_size"] };
  expect(await operatorsOf(withOptions)).toBe(
    await operatorsOf({ options: { at: options.at }, equations: ["metric = 3 * mean(max(y - at, 0)) / 2"] }),
  );
});

test.each(builtInMetrics())("the file of %s as a metric of a spec has the same nodes", async (name) => {
  const nodesOf = async (metric: unknown) => {
    const { graph } = programOf(await open(specOf(numbers, { type: "huber" }, [metric])), "evaluation");
    return graph.nodes.map(({ op, inputs, outputs }) => [op, ...[...inputs, ...outputs].map(({ type }) => type)]);
  };
  const file = expectDefined(builtInMetric(name), name);
  expect(await nodesOf({ type: "custom", name: "own", ...file })).toEqual(await nodesOf(name));
});

test.each([
  [
    "a constant",
    { mine: { equations: ["metric = t"] } },
    [
      'constant-result, /metrics/mine/equations ["metric = t": metric does not depend on y, the outputs of the model Read y in an equation that leads to it.',
    ],
  ],
  [
    "options and an equation without an effect",
    { mine: { options: { k: 1, at: [1, 2] }, equations: ["e = y * t", "metric = y - t"] } },
    [
      'unused-option, /metrics/mine/options/k "k": nothing depends on the option "k" Remove it, or read it in an equation, a size, an initializer or a variant.',
      'unused-equation, /metrics/mine/equations/0 e = y * t": this equation has no effect: metric does not depend on "e" Remove it, or read "e" in an equation that has one.',
      'unused-option, /metrics/mine/options/at "at": nothing depends on the option "at" Remove it, or read it in an equation.',
    ],
  ],
  [
    "numbers as indices",
    { mine: { equations: ["metric = gather(y, t)"] } },
    [
      'needs-classes, /metrics/mine/equations ["metric = gather(y: gather reads t as an index, but the targets are numbers, not classes Use a loss whose "target" is "class".',
    ],
  ],
  [
    "an unknown name in an equation, and no metric",
    { mine: { equations: ["m = abs(y - target)"] } },
    [
      'unknown-name, /metrics/mine/equations/0 target)": unknown name "target" Write "t".',
      'unknown-name, /metrics/mine/equations ["m = abs(y - target)": no equation sets metric, the result of the metric Name it "metric", not "m".',
    ],
  ],
])("%s", async (_, metrics, problems) => {
  expect(await problemsOf(specOf(numbers, { type: "squared_error" }, metrics))).toEqual(problems);
});

test.each([
  [
    { acuracy: {} },
    'unknown-metric /metrics/acuracy | "acuracy" is no built-in metric, and has no equations. | Did you mean "accuracy"?',
  ],
  [
    { mine: { equations: ["metric = y"], mod: "max" } },
    'unknown-key /metrics/mine/mod | Unknown key "mod" in the custom metric. | Did you mean "mode"?',
  ],
  [{ top_k: { k: 0 } }, 'wrong-value /metrics/top_k/k | "k" must be an integer from 1 to 1000000, but is 0.'],
  [
    { rmse: { equations: ["metric = y - t"] } },
    'name-taken /metrics/rmse | "rmse" is a built-in metric already. | Use another name.',
  ],
  [
    { mine: { equations: ["metric = y"], type: "custom" } },
    'unknown-key /metrics/mine/type | Unknown key "type" in the metric "mine". | The key of the entry is the name of the metric.',
  ],
])("%j is an error", async (metrics, problem) => {
  const spec = specOf(numbers, { type: "squared_error" }, metrics);
  const lines = await normal(spec).catch((error: Error) => error.message);
  expect(String(lines).replace(/^\d+:\d+ /, "")).toBe(problem);
});
