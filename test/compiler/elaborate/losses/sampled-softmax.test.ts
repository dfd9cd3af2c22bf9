/** sampled_softmax against its formula and the full cross-entropy, and its cost. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../../compiler/autodiff/reverse.js";
import { sampleCandidates } from "../../../../compiler/elaborate/losses/candidate-sampling.js";
import { isParameter, restrictToOutputs } from "../../../../compiler/elaborate/program.js";
import { graphBuilder } from "../../../../compiler/graph/builder.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { scalarTensor, tabulate } from "../../../../compiler/ir/tensor.js";
import type { Graph, Tensor } from "../../../../compiler/ir/types.js";
import { buildTrainingStep } from "../../../../compiler/pipeline/training-step.js";
import { randomStream } from "../../../../runtime/tensors/random.js";
import { problemsOf } from "../../../support/check-spec.js";
import { type OpenedSpec, open, operandsOf, outputsOf, programOf, tensorOfArray } from "../../../support/programs.js";

const classes = 12;
const seed = 5;
type Distribution = "uniform" | "log_uniform";

const specOf = (loss: object, projection: object = {}) => ({
  seed,
  data: {
    type: "arrays",
    inputs: [
      [3, 1, 0],
      [7, 2, 11],
    ],
    targets: [
      [1, 0, 5],
      [2, 11, 0],
    ],
    lengths: [3, 2],
  },
  model: [
    { layer: "embedding", vocabulary_size: classes, size: 3 },
    { layer: "projection", size: classes, ...projection },
  ],
  loss,
  optimizer: { type: "sgd", learning_rate: 0.1 },
  train: { batch_size: "all", steps: 3 },
});
const sampled = (samples: number, distribution: Distribution) => ({ type: "sampled_softmax", samples, distribution });

/** Random parameters, the data, and a step, by name. */
function inputsOf(
  { batch }: OpenedSpec,
  program: ReturnType<typeof programOf>,
  step: number,
): ReadonlyMap<string, Tensor> {
  const values = new Map<string, Tensor>([["step", scalarTensor(step, "int64")]]);
  for (const [name, array] of batch) values.set(name, tensorOfArray(array));
  program.inputs.forEach((port, index) => {
    const draws = randomStream(3, port.name);
    const shape = program.graph.inputs[index]?.type.shape.map(Number) ?? [];
    if (isParameter(port))
      values.set(
        port.name,
        tabulate("float32", shape, () => draws.normal()),
      );
  });
  return values;
}

/** The loss of a step and its gradients, in one list. */
async function lossAndGradients(spec: object) {
  const opened = await open(spec);
  const program = restrictToOutputs(programOf(opened), ({ role }) => role === "loss");
  const wrt = program.inputs.flatMap((port, index) => (isParameter(port) ? [index] : []));
  const graph = differentiate(program.graph, 0, wrt);
  return (step: number) =>
    evaluate(graph, operandsOf(program.inputs, inputsOf(opened, program, step))).flatMap(({ data }) => [...data]);
}

function expectNear(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, index) => {
    expect(value).toBeCloseTo(expected[index] ?? Number.NaN, 9);
  });
}

describe.each([{}, { bias: false }, { weights: "embedding", activation: "softmax" }])("behind %j", (projection) => {
  test("with all classes as candidates it is the full cross-entropy", async () => {
    const full = await lossAndGradients(specOf({ type: "cross_entropy" }, projection));
    const exact = await lossAndGradients(specOf(sampled(classes, "uniform"), projection));
    for (const step of [0, 1, 77]) expectNear(exact(step), full(step));
  });

  test.each<Distribution>(["uniform", "log_uniform"])(
    "%s: the mean gradient nears the full one",
    async (distribution) => {
      const full = (await lossAndGradients(specOf({ type: "cross_entropy" }, projection)))(0);
      const steps = 40;
      const errorOf = async (samples: number) => {
        const evaluateLoss = await lossAndGradients(specOf(sampled(samples, distribution), projection));
        const sums = Array.from({ length: steps }, (_, step) => evaluateLoss(step)).reduce((x, y) =>
          x.map((value, index) => value + (y[index] ?? 0)),
        );
        return Math.sqrt(sums.reduce((sum, value, index) => sum + (value / steps - (full[index] ?? 0)) ** 2, 0));
      };
      const [fewSamples, classCount] = [await errorOf(2), await errorOf(classes)];
      expect(classCount).toBeLessThan(fewSamples / 2);
    },
  );
});

/** The candidates of a step, and the expected count of each class. */
function drawSamples(samples: number, distribution: Distribution, size: number) {
  const b = graphBuilder("candidates");
  const step = b.input("step", { dtype: "int64", shape: [] });
  const { ids, logExpectedCount: logExpected } = sampleCandidates(
    { b, seed, step: () => step, shard: null, integerBits: 64 },
    "loss",
    { samples, distribution },
    size,
  );
  const expected = logExpected(b.range(size)) ?? b.expand(b.scalar(Math.log(samples / size)), [size]);
  const graph: Graph = b.finish([ids, b.exp(expected)]);
  return (stepNumber: number) => evaluate(graph, [scalarTensor(stepNumber, "int64")]).map(({ data }) => [...data]);
}

describe.each<[Distribution, number]>([
  ["uniform", 5],
  ["uniform", classes],
  ["log_uniform", 8],
])("%s candidates, %i of 12", (distribution, samples) => {
  const evaluateLoss = drawSamples(samples, distribution, classes);

  test("are classes, with the expected counts", () => {
    const steps = 500;
    const counts = new Float64Array(classes);
    for (let step = 0; step < steps; step++) {
      const [ids = []] = evaluateLoss(step);
      expect(ids).toHaveLength(samples);
      if (distribution === "uniform") expect(new Set(ids).size).toBe(samples);
      for (const id of ids) counts[id] = (counts[id] ?? Number.NaN) + 1 / steps;
    }
    const [, expected = []] = evaluateLoss(0);
    expect(expected.reduce((x, y) => x + y)).toBeCloseTo(samples, 3);
    counts.forEach((count, id) => {
      expect(Math.abs(count - (expected[id] ?? Number.NaN))).toBeLessThan(0.09);
    });
  });
});

test("the expected counts of rare classes are exact", () => {
  const size = 100_000;
  const [, expected = []] = drawSamples(1000, "log_uniform", size)(1);
  for (const id of [0, 1, 999, size - 1]) {
    const expectedCount = (1000 * Math.log1p(1 / (id + 1))) / Math.log(size + 1);
    expect((expected[id] ?? 0) / expectedCount).toBeCloseTo(1, 5);
  }
});

test.each<Distribution>(["uniform", "log_uniform"])(
  "%s: the loss is that of TensorFlow's formula",
  async (distribution) => {
    const samples = 6;
    const opened = await open(specOf(sampled(samples, distribution)));
    const program = programOf(opened);
    const step = 4;
    const values = inputsOf(opened, program, step);
    const [ids = [], expected = []] = drawSamples(samples, distribution, classes)(step);
    const table = (name: string) => values.get(name)?.data ?? new Float64Array();
    const [embedding, W, bias] = [table("embedding/W"), table("projection/W"), table("projection/b")];
    const inputs = [3, 1, 0, 7, 2];
    const targets = [1, 0, 5, 2, 11];
    const losses = inputs.map((input, index) => {
      const target = targets[index] ?? 0;
      const logit = (id: number) =>
        [0, 1, 2].reduce(
          (sum, i) => sum + (embedding[input * 3 + i] ?? 0) * (W[i * classes + id] ?? 0),
          bias[id] ?? 0,
        ) - Math.log(expected[id] ?? 0);
      const negatives = ids.filter((id) => id !== target).map((id) => Math.exp(logit(id)));
      return -Math.log(Math.exp(logit(target)) / negatives.reduce((x, y) => x + y, Math.exp(logit(target))));
    });
    const mean = losses.reduce((x, y) => x + y) / losses.length;
    expect(outputsOf(program, values, ["loss"]).get("loss")?.data[0]).toBeCloseTo(mean, 5);
  },
);

test("in evaluation it is the full cross-entropy", async () => {
  const evaluateLoss = async (loss: object) => {
    const opened = await open(specOf(loss));
    const program = programOf(opened, "evaluation");
    return outputsOf(program, inputsOf(opened, program, 0), ["loss"]).get("loss")?.data[0];
  };
  expect(await evaluateLoss(sampled(2, "log_uniform"))).toBe(await evaluateLoss({ type: "cross_entropy" }));
});

test("a step multiplies only the sampled columns", async () => {
  const classCount = 5000;
  const model = [
    { layer: "embedding", vocabulary_size: classes, size: 3 },
    { layer: "rnn", cell: "gru", hidden_size: 4 },
    { layer: "projection", size: classCount },
  ];
  const { spec, signature } = await open({ ...specOf(sampled(20, "log_uniform")), model });
  const lowering = buildTrainingStep(spec, signature);
  if (!lowering.ok) throw new Error("it does not lower");
  const { nodes } = lowering.trainingStep.step.graph;
  const products = nodes.filter(({ op }) => op === "MatMul" || op === "Gemm");
  expect(products.length).toBeGreaterThan(0);
  for (const { inputs, outputs } of products)
    for (const { type } of [...inputs, ...outputs]) expect(type.shape).not.toContain(classCount);
});

test("problems of its options and of the last layer", async () => {
  expect(await problemsOf(specOf(sampled(13, "uniform")))).toEqual([
    'too-many-samples, /loss/samples 13: "samples" is 13, but the model has only 12 classes. Write at most 12, or use cross_entropy, which reads all classes.',
  ]);
  const model = [
    { layer: "embedding", vocabulary_size: classes, size: 3 },
    { layer: "rnn", cell: "gru", hidden_size: classes },
  ];
  expect(await problemsOf({ ...specOf(sampled(4, "uniform")), model })).toEqual([
    `needs-projection, /loss/type "sampled_softmax": sampled_softmax reads columns of the last layer's weights, but the last layer, with output numbers [batch, time, 12], is neither dense nor projection. Add a projection as the last layer.`,
  ]);
});
