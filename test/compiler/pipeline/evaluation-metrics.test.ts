/** Metrics of the evaluation graph against numbers computed by hand, in one batch and as sums over several. */
import { Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { addAccumulators, computeMetric } from "../../../runtime/evaluation/metric-accumulators.js";
import { build, type Compiled, dataOf, numbers, openModel, type Tensors } from "../../support/artifacts.js";

/** Sequences of three steps, three classes, of the identity model. */
const logits = [
  [
    [2, 0, 1],
    [0, 1, 3],
    [1, 2, 0],
  ],
  [
    [0, 0.5, 0.25],
    [3, 1, 2],
    [1, 0, 4],
  ],
  [
    [0, 1, 0],
    [0, 0, 1],
    [2, 0, 0],
  ],
];
const classes = [
  [0, 1, 1],
  [1, 2, 0],
  [1, 2, 2],
];

const crossEntropy = (row: readonly number[], target: number) =>
  Math.log(row.reduce((sum, entry) => sum + Math.exp(entry), 0)) - (row[target] ?? 0);
const entropies = logits.map((rows, example) =>
  rows.map((row, step) => crossEntropy(row, classes[example]?.[step] ?? 0)),
);
const mean = (entries: readonly number[]) => entries.reduce((sum, entry) => sum + entry, 0) / entries.length;

describe("accumulators add up over batches, and the manifest's finalizers compute the metrics", () => {
  test("sequence_loss: loss, accuracy, perplexity", async () => {
    const actual = await evaluate({ inputs: logits, targets: classes }, { type: "sequence_loss" });
    const loss = mean(entropies.flat());
    // Correct: [0, 0], [0, 2], [1, 0], [2, 0], [2, 1].
    expectMetrics(actual, { loss, accuracy: 5 / 9, perplexity: Math.exp(loss) });
  });

  test("sequence_loss with lengths: padding does not count", async () => {
    const lengths = [3, 1, 2];
    const actual = await evaluate({ inputs: logits, targets: classes, lengths }, { type: "sequence_loss" });
    const loss = mean(entropies.flatMap((row, example) => row.slice(0, lengths[example])));
    expectMetrics(actual, { loss, accuracy: 5 / 6, perplexity: Math.exp(loss) });
  });

  test("cross_entropy over steps, summed: the loss is the sum over all examples", async () => {
    const actual = await evaluate({ inputs: logits, targets: classes }, { type: "cross_entropy", reduction: "sum" });
    expectMetrics(actual, { loss: entropies.flat().reduce((x, y) => x + y), accuracy: 5 / 9 });
  });

  test("sequence_loss per example: the loss is the sum of the means of the examples", async () => {
    const loss = { type: "sequence_loss", average_across_batch: false };
    const actual = await evaluate({ inputs: logits, targets: classes }, loss);
    expect(actual.map((metrics) => metrics.loss)).toEqual(
      Array(actual.length).fill(expect.closeTo(3 * mean(entropies.flat()), 5)),
    );
  });

  test("sequence_loss per step: each step is averaged over the examples that have it", async () => {
    const lengths = [3, 1, 2];
    const loss = { type: "sequence_loss", average_across_timesteps: false };
    const actual = await evaluate({ inputs: logits, targets: classes, lengths }, loss);
    const steps = [0, 1, 2].map((step) =>
      mean(entropies.flatMap((row, example) => (step < (lengths[example] ?? 0) ? [row[step] ?? 0] : []))),
    );
    const expected = steps.reduce((x, y) => x + y);
    expect(actual.map((metrics) => metrics.loss)).toEqual(Array(actual.length).fill(expect.closeTo(expected, 5)));
  });

  test("squared_error: loss, rmse", async () => {
    const targets = logits.map((rows) => rows.map((row) => row.map((entry, index) => entry + index - 0.5)));
    const actual = await evaluate({ inputs: logits, targets }, { type: "squared_error" });
    const loss = mean([0.25, 0.25, 2.25]);
    expectMetrics(actual, { loss, rmse: Math.sqrt(loss) });
  });

  test("absolute_error with lengths: loss, mae", async () => {
    const targets = logits.map((rows) => rows.map((row, step) => row.map((entry) => entry + step)));
    const actual = await evaluate({ inputs: logits, targets, lengths: [3, 1, 2] }, { type: "absolute_error" });
    expectMetrics(actual, { loss: 4 / 6, mae: 4 / 6 });
  });

  test("huber: loss, mae", async () => {
    const targets = logits.map((rows) => rows.map((row, step) => row.map((entry) => entry - step)));
    const actual = await evaluate({ inputs: logits, targets }, { type: "huber", delta: 0.5 });
    expectMetrics(actual, { loss: mean([0, 0.375, 0.875]), mae: 1 });
  });

  test("binary_cross_entropy of rows: loss, binary_accuracy", async () => {
    const inputs = [
      [2, -1, 1],
      [0.5, -2, -3],
      [1, 1, -1],
    ];
    const targets = [
      [1, 0, 0],
      [0, 0, 1],
      [1, 1, 0],
    ];
    const actual = await evaluate({ inputs, targets }, { type: "binary_cross_entropy" });
    const entries = inputs.flatMap((row, example) =>
      row.map((x, index) => Math.log1p(Math.exp(x)) - x * (targets[example]?.[index] ?? 0)),
    );
    expectMetrics(actual, { loss: mean(entries), binary_accuracy: 6 / 9 });
  });
});

type Metrics = Readonly<Record<string, number>>;

/** The metrics of the identity model: over all examples at once, and over batches of two and one. */
async function evaluate(data: object, loss: object): Promise<Metrics[]> {
  const compiled = await build({
    data: { type: "arrays", ...data },
    model: [{ layer: "dense", size: 3, bias: false }],
    loss,
    optimizer: { type: "sgd", learning_rate: 1 },
    train: { batch_size: "all" },
  });
  return [await evaluateBatches(compiled, [[0, 1, 2]]), await evaluateBatches(compiled, [[0, 1], [2]])];
}

async function evaluateBatches(
  { artifact, source }: Compiled,
  batches: readonly (readonly number[])[],
): Promise<Metrics> {
  const { metrics, eval: ports } = artifact.manifest;
  const session = await openModel(artifact.eval);
  const identityWeights: Tensors = {
    "dense/W": new Tensor("float32", Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), [3, 3]),
  };
  const sums = new Map(Object.keys(metrics).map((name) => [name, new Float64Array()]));
  for (const examples of batches) {
    const results = await session.run({ ...identityWeights, ...dataOf(source.batch(examples), ports) });
    for (const [name, sum] of sums) sums.set(name, addAccumulators(sum, numbers(results[`metrics/${name}`])));
  }
  await session.release();
  return Object.fromEntries(
    Object.entries(metrics).map(([name, finish]) => [
      name,
      computeMetric(finish, sums.get(name) ?? new Float64Array()),
    ]),
  );
}

function expectMetrics(actual: readonly Metrics[], expected: Metrics): void {
  expect(actual).toHaveLength(2);
  for (const metrics of actual) {
    expect(Object.keys(metrics)).toEqual(Object.keys(expected));
    for (const [name, value] of Object.entries(expected)) expect(metrics[name], name).toBeCloseTo(value, 5);
  }
}
