/** Every metric from its spec, over two batches of sequences of different lengths, against values computed by hand. */
import { describe, expect, test } from "vitest";
import { elaborate } from "../../../../compiler/elaborate/index.js";
import { restrictToOutputs } from "../../../../compiler/elaborate/program.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../../compiler/ir/types.js";
import { withDynamicShapes } from "../../../../compiler/signature.js";
import { addAccumulators, computeMetric } from "../../../../runtime/evaluation/metric-accumulators.js";
import { open, operandsOf } from "../../../support/programs.js";
import { modelOf, run } from "../../../support/run-graph.js";

type Rows = readonly (readonly number[])[];

interface Batch {
  /** [batch][time][outputs] or [batch][outputs]. */
  readonly inputs: readonly Rows[] | Rows;
  readonly targets: readonly unknown[];
  readonly lengths?: readonly number[];
  readonly weights?: Rows;
}

/** Metrics of the identity model over all batches, in the evaluator and in onnxruntime. */
async function evaluateMetrics(
  loss: object,
  metrics: readonly unknown[] | null,
  batches: readonly Batch[],
): Promise<Record<string, number>> {
  const [first] = batches;
  if (first === undefined) throw new Error("no batches");
  const outputs = (first.inputs.flat(2).length / first.inputs.flat(first.lengths ? 1 : 0).length) | 0;
  const opened = await open({
    data: {
      type: "arrays",
      inputs: first.inputs,
      targets: first.targets,
      ...(first.lengths && { lengths: first.lengths }),
      ...(first.weights && { weights: first.weights }),
    },
    model: [{ layer: "dense", size: outputs, bias: false }],
    loss,
    metrics,
    optimizer: { type: "adam" },
  });
  const elaborated = elaborate(opened.spec, withDynamicShapes(opened.signature), "evaluation", opened.origins);
  if (!elaborated.ok) throw new Error(elaborated.problems.map(({ message }) => message).join("\n"));
  const metricProgram = restrictToOutputs(elaborated.program, ({ role }) => role === "metric");
  const identity = Array.from({ length: outputs ** 2 }, (_, index) => Number(index % (outputs + 1) === 0));
  const model = await modelOf(metricProgram.graph, 18);
  let referenceTallies: readonly (Float64Array | undefined)[] = [];
  let ortTallies: readonly (Float64Array | undefined)[] = [];
  for (const batch of batches) {
    const parameters = new Map<string, Tensor>([["dense/W", tensor("float32", [outputs, outputs], identity)]]);
    for (const [name, value] of Object.entries(batch)) {
      const port = metricProgram.inputs.findIndex((input) => input.name === name);
      if (port < 0) continue;
      const { dtype } = metricProgram.graph.inputs[port]?.type ?? { dtype: "float32" };
      parameters.set(name, tensor(dtype, shapeOf(value), flat(value)));
    }
    const operands = operandsOf(metricProgram.inputs, parameters);
    const evaluations = evaluate(metricProgram.graph, operands);
    const ortResults = await run(model, operands);
    referenceTallies = evaluations.map(({ data }, index) => addAccumulators(referenceTallies[index], data));
    ortTallies = ortResults.map(({ data }, index) => addAccumulators(ortTallies[index], data));
  }
  const finished = (tallies: typeof referenceTallies) =>
    metricProgram.outputs.map(({ name }, index) => {
      const finish = elaborated.program.metrics[name.replace("metrics/", "")];
      if (finish === undefined) throw new Error(`the program does not say how ${name} is finished`);
      return [name.replace("metrics/", ""), computeMetric(finish, tallies[index] ?? new Float64Array())] as const;
    });
  const results = finished(referenceTallies);
  finished(ortTallies).forEach(([name, value], index) => {
    expect(value, `${name} in onnxruntime`).toBeCloseTo(results[index]?.[1] ?? Number.NaN, 5);
  });
  return Object.fromEntries(results);
}

function shapeOf(value: unknown): readonly number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

function flat(value: unknown): readonly number[] {
  return Array.isArray(value) ? value.flatMap(flat) : [Number(value)];
}

/** Scores of three classes whose largest is `first` and whose second largest is `second`. */
const ranks = (first: number, second: number) =>
  [0, 1, 2].map((index) => (index === first ? 3 : index === second ? 2 : 1));

/** Targets past a length are wrong on purpose. */
const classes: readonly Batch[] = [
  {
    inputs: [
      [ranks(0, 1), ranks(1, 0), ranks(2, 0)],
      [ranks(1, 2), ranks(1, 2), ranks(0, 1)],
    ],
    targets: [
      [0, 1, 2],
      [1, 2, 2],
    ],
    lengths: [3, 2],
  },
  {
    inputs: [
      [ranks(0, 2), ranks(0, 1)],
      [ranks(0, 1), ranks(2, 1)],
    ],
    targets: [
      [0, 2],
      [2, 0],
    ],
    lengths: [1, 1],
  },
];

describe("classes, seven valid steps of four sequences", () => {
  test("accuracy, and top 2", async () => {
    // Correct: 0 1 2 | 1 · | 0 | ·. The target of the first · has rank 2, that of the other rank 3.
    const results = await evaluateMetrics({ type: "sequence_loss" }, ["accuracy", { type: "top_k", k: 2 }], classes);
    expect(results).toMatchObject({ accuracy: 5 / 7, top_2_accuracy: 6 / 7 });
    expect(Object.keys(results)).toEqual(["loss", "accuracy", "top_2_accuracy"]);
  });

  test("exact_sequence", async () => {
    expect(await evaluateMetrics({ type: "cross_entropy" }, ["exact_sequence"], classes)).toMatchObject({
      exact_sequence: 0.5,
    });
  });

  test("F1, precision and recall, averaged over classes", async () => {
    // Predictions, targets and true positives per class: 0: 3, 2, 2; 1: 3, 2, 2; 2: 1, 3, 1.
    const results = await evaluateMetrics({ type: "sequence_loss" }, ["f1", "precision", "recall"], classes);
    expect(results.f1).toBeCloseTo((4 / 5 + 4 / 5 + 2 / 4) / 3, 12);
    expect(results.precision).toBeCloseTo((2 / 3 + 2 / 3 + 1) / 3, 12);
    expect(results.recall).toBeCloseTo((1 + 1 + 1 / 3) / 3, 12);
  });

  test("perplexity and bits_per_character ignore the class weights and smoothing of the loss", async () => {
    const loss = { type: "cross_entropy", label_smoothing: 0.2, class_weights: [1, 2, 3] };
    const results = await evaluateMetrics(loss, ["perplexity", "bits_per_character"], classes);
    const log = Math.log(Math.exp(3) + Math.exp(2) + Math.exp(1));
    const mean = (5 * (log - 3) + (log - 2) + (log - 1)) / 7;
    expect(results.perplexity).toBeCloseTo(Math.exp(mean), 12);
    expect(results.bits_per_character).toBeCloseTo(mean / Math.LN2, 12);
  });

  test("perplexity applies the weights of the data, as sequence_loss does", async () => {
    const weights = [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [
        [7, 8],
        [9, 10],
      ],
    ];
    const batches = classes.map((batch, index) => ({ ...batch, weights: weights[index] as Rows }));
    const results = await evaluateMetrics({ type: "sequence_loss" }, ["perplexity", "accuracy"], batches);
    expect(results.perplexity).toBeCloseTo(Math.exp(results.loss ?? 0), 10);
    expect(results.accuracy).toBeCloseTo(5 / 7, 12);
  });

  test("perplexity of rows of probabilities reads every class, as cross_entropy does", async () => {
    const rows: readonly Batch[] = [
      {
        inputs: [ranks(0, 1), ranks(1, 2)],
        targets: [
          [0.5, 0.25, 0.25],
          [0.1, 0.2, 0.7],
        ],
      },
      { inputs: [ranks(2, 0)], targets: [[0.4, 0.3, 0.3]] },
    ];
    const results = await evaluateMetrics({ type: "cross_entropy" }, ["perplexity", "bits_per_character"], rows);
    expect(results.perplexity).toBeCloseTo(Math.exp(results.loss ?? 0), 10);
    expect(results.bits_per_character).toBeCloseTo((results.loss ?? 0) / Math.LN2, 10);
  });

  test("the macro average skips a class that never occurs, and has 0 for one that is never predicted", async () => {
    const singleBatch: readonly Batch[] = [{ inputs: [ranks(0, 1), ranks(0, 1), ranks(0, 1)], targets: [0, 0, 1] }];
    const results = await evaluateMetrics({ type: "cross_entropy" }, ["f1", "precision", "recall"], singleBatch);
    expect(results.f1).toBeCloseTo((4 / 5 + 0) / 2, 12);
    expect(results.precision).toBeCloseTo((2 / 3 + 0) / 2, 12);
    expect(results.recall).toBeCloseTo((1 + 0) / 2, 12);
  });

  test("top_k includes classes that tie with the k-th", async () => {
    const ties: readonly Batch[] = [
      { inputs: [[1, 2, 2, 2]], targets: [3] },
      { inputs: [[1, 2, 2, 2]], targets: [0] },
    ];
    const results = await evaluateMetrics({ type: "cross_entropy" }, [{ type: "top_k", k: 1 }], ties);
    expect(results).toMatchObject({ top_1_accuracy: 0.5 });
  });
});

describe("binary targets and numbers", () => {
  test("binary targets per output", async () => {
    const answers: readonly Batch[] = [
      {
        inputs: [
          [2, -1],
          [1, 3],
        ],
        targets: [
          [1, 0],
          [0, 1],
        ],
      },
      { inputs: [[-2, -3]], targets: [[1, 0]] },
    ];
    // Predictions, targets and true positives per output: 2, 2, 1; 1, 1, 1.
    const results = await evaluateMetrics(
      { type: "binary_cross_entropy" },
      ["binary_accuracy", "f1", "recall"],
      answers,
    );
    expect(results).toMatchObject({ binary_accuracy: 4 / 6, f1: (1 / 2 + 1) / 2, recall: (1 / 2 + 1) / 2 });
  });

  test("errors of valid steps", async () => {
    const numbers: readonly Batch[] = [
      { inputs: [[[1], [2], [9]]], targets: [[[0], [4], [0]]], lengths: [2] },
      { inputs: [[[5], [7], [1]]], targets: [[[5], [9], [2]]], lengths: [3] },
    ];
    const results = await evaluateMetrics({ type: "huber" }, ["rmse", "mae"], numbers);
    expect(results.rmse).toBeCloseTo(Math.sqrt((1 + 4 + 0 + 4 + 1) / 5), 12);
    expect(results.mae).toBeCloseTo((1 + 2 + 0 + 2 + 1) / 5, 12);
  });
});

test.each([
  [{ type: "sequence_loss" }, ["accuracy", "perplexity"]],
  [{ type: "cross_entropy" }, ["accuracy"]],
])("the default metrics of the loss %j", async (loss, names) => {
  expect(Object.keys(await evaluateMetrics(loss, null, classes))).toEqual(["loss", ...names]);
});

test("an empty list: only the loss", async () => {
  expect(Object.keys(await evaluateMetrics({ type: "sequence_loss" }, [], classes))).toEqual(["loss"]);
});
