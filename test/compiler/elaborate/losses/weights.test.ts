/** Class weights, positive weights and step weights of losses, against their definitions. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../../compiler/autodiff/reverse.js";
import { restrictToOutputs } from "../../../../compiler/elaborate/program.js";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { tabulate, tensor } from "../../../../compiler/ir/tensor.js";
import type { Tensor } from "../../../../compiler/ir/types.js";
import { open, operandsOf, programOf } from "../../../support/programs.js";
import { expectClose } from "../../../support/reference-numbers.js";

const [BATCH, TIME, CLASSES] = [3, 4, 3];
const lengths = [4, 2, 3];
const logits = tabulate("float32", [BATCH, TIME, CLASSES], ([row = 0, step = 0, value = 0]) =>
  Math.sin(1 + row + 3 * step + 5 * value),
);
const ids = tabulate("int32", [BATCH, TIME], ([row = 0, step = 0]) => (row + 2 * step) % CLASSES);
const weights = tabulate("float32", [BATCH, TIME], ([row = 0, step = 0]) => (1 + row + step) / 4);

interface Position {
  readonly row: number;
  readonly step: number;
  /** -log softmax, by class. */
  readonly negativeLogLikelihoods: readonly number[];
  readonly target: number;
  readonly weight: number;
}

/** Entries of valid steps. */
function positionsOf(scores: Tensor): readonly Position[] {
  return lengths.flatMap((length, row) =>
    Array.from({ length }, (_, step) => {
      const offset = row * TIME + step;
      const logitsRow = [...scores.data.subarray(offset * CLASSES, (offset + 1) * CLASSES)];
      const logSum = Math.log(logitsRow.reduce((sum, logit) => sum + Math.exp(logit), 0));
      return {
        row,
        step,
        negativeLogLikelihoods: logitsRow.map((logit) => logSum - logit),
        target: ids.data[offset] ?? Number.NaN,
        weight: weights.data[offset] ?? Number.NaN,
      };
    }),
  );
}

const sum = (numbers: readonly number[]) => numbers.reduce((x, y) => x + y, 0);
const classWeights = [0.5, 2, 0];
const valueAt = (list: readonly number[], index: number) => list[index] ?? Number.NaN;

const losses: readonly [object, (entries: readonly Position[]) => number][] = [
  [
    { type: "cross_entropy", class_weights: classWeights },
    (entries) => {
      const weighted = entries.map(
        ({ negativeLogLikelihoods: costs, target, weight }) =>
          weight * valueAt(classWeights, target) * valueAt(costs, target),
      );
      return sum(weighted) / entries.length;
    },
  ],
  [
    { type: "cross_entropy", class_weights: classWeights, label_smoothing: 0.3, reduction: "sum" },
    (entries) =>
      sum(
        entries.map(({ negativeLogLikelihoods: costs, target, weight }) => {
          const smoothed = costs.map((_, classIndex) => 0.3 / CLASSES + (classIndex === target ? 0.7 : 0));
          return (
            weight *
            sum(
              costs.map((cost, classIndex) => valueAt(classWeights, classIndex) * valueAt(smoothed, classIndex) * cost),
            )
          );
        }),
      ),
  ],
  [
    { type: "sequence_loss", class_weights: classWeights },
    (entries) => {
      const shares = entries.map(({ target, weight }) => weight * valueAt(classWeights, target));
      return (
        sum(
          entries.map(
            ({ negativeLogLikelihoods: costs, target }, index) => valueAt(shares, index) * valueAt(costs, target),
          ),
        ) / sum(shares)
      );
    },
  ],
  [
    { type: "sequence_loss", class_weights: classWeights, average_across_batch: false },
    (entries) =>
      sum(
        lengths.map((_, row) => {
          const rowEntries = entries.filter((entry) => entry.row === row);
          const shares = rowEntries.map(({ target, weight }) => weight * valueAt(classWeights, target));
          return (
            sum(
              rowEntries.map(
                ({ negativeLogLikelihoods: costs, target }, index) => valueAt(shares, index) * valueAt(costs, target),
              ),
            ) / sum(shares)
          );
        }),
      ),
  ],
];

describe("class weights", () => {
  test.each(losses)("%j", async (loss, definition) => {
    await expectLoss(loss, nested(ids), ids, CLASSES, (scores) => definition(positionsOf(scores)));
  });

  test("rows of probabilities: each class's term is weighted", async () => {
    const rows = tabulate("float32", [BATCH, TIME, CLASSES], ([row = 0, step = 0, value = 0]) =>
      Math.fround(((row + step + value) % 3) / 3),
    );
    await expectLoss({ type: "cross_entropy", class_weights: classWeights }, nested(rows), rows, CLASSES, (scores) => {
      const expected = positionsOf(scores).map(({ row, step, negativeLogLikelihoods: costs, weight }) =>
        sum(
          costs.map(
            (cost, value) =>
              weight * valueAt(classWeights, value) * (rows.data[(row * TIME + step) * CLASSES + value] ?? 0) * cost,
          ),
        ),
      );
      return sum(expected) / sum(lengths);
    });
  });
});

describe("positive weights", () => {
  const answers = tabulate(
    "float32",
    [BATCH, TIME, CLASSES],
    ([row = 0, step = 0, value = 0]) => (row + step + value) % 2,
  );
  test.each([
    [3, [3, 3, 3]],
    [
      [1, 0.5, 4],
      [1, 0.5, 4],
    ],
  ])("%j", async (positive_weight, expected) => {
    await expectLoss({ type: "binary_cross_entropy", positive_weight }, nested(answers), answers, CLASSES, (scores) => {
      const terms = positionsOf(scores).flatMap(({ row, step, weight }) =>
        expected.map((positive, value) => {
          const index = (row * TIME + step) * CLASSES + value;
          const probability = 1 / (1 + Math.exp(-(scores.data[index] ?? 0)));
          const target = answers.data[index] ?? 0;
          return -weight * (positive * target * Math.log(probability) + (1 - target) * Math.log(1 - probability));
        }),
      );
      return sum(terms) / terms.length;
    });
  });
});

/** The loss is that of its definition, and its gradient that of finite differences. */
async function expectLoss(
  loss: object,
  targets: unknown,
  targetTensor: Tensor,
  size: number,
  definition: (scores: Tensor) => number,
): Promise<void> {
  const opened = await open({
    data: { type: "arrays", inputs: nested(logits), targets, lengths, weights: nested(weights) },
    model: [{ layer: "dense", size, bias: false }],
    loss,
    optimizer: { type: "sgd", learning_rate: 1 },
    train: { batch_size: "all" },
  });
  const lossProgram = restrictToOutputs(programOf(opened), ({ role }) => role === "loss");
  const wrt = lossProgram.inputs.findIndex(({ name }) => name === "inputs");
  const operands = operandsOf(
    lossProgram.inputs,
    new Map([
      ["dense/W", tabulate("float32", [CLASSES, size], ([row, column]) => Number(row === column))],
      ["inputs", logits],
      ["targets", targetTensor],
      ["weights", weights],
      ["lengths", tensor("int64", [BATCH], lengths)],
    ]),
  );
  const [value, gradient] = evaluate(differentiate(lossProgram.graph, 0, [wrt]), operands);
  expectClose(value, { shape: [], data: [definition(logits)] }, 1e-12, "loss");
  const step = 1e-5;
  const differences = [...logits.data].map((_, index) => {
    const shifted = (by: number) => ({
      ...logits,
      data: logits.data.map((x, position) => (position === index ? x + by : x)),
    });
    return (definition(shifted(step)) - definition(shifted(-step))) / (2 * step);
  });
  expectClose(gradient, { shape: logits.shape, data: differences }, 1e-9, "gradient");
}

type Nested = number | readonly Nested[];

function nested({ shape, data }: Pick<Tensor, "shape" | "data">): Nested {
  const [first, ...rest] = shape;
  if (first === undefined) return data[0] ?? Number.NaN;
  const size = data.length / first;
  return Array.from({ length: first }, (_, index) =>
    nested({ shape: rest, data: data.subarray(index * size, (index + 1) * size) }),
  );
}

test("class weights and positive weights of 1 change nothing", async () => {
  const graphs = await Promise.all(
    [{ type: "binary_cross_entropy" }, { type: "binary_cross_entropy", positive_weight: 1 }].map(async (loss) => {
      const opened = await open({
        data: { type: "arrays", inputs: [[1, 2]], targets: [[0, 1]] },
        model: [{ layer: "dense", size: 2 }],
        loss,
        optimizer: { type: "adam" },
      });
      return programOf(opened).graph.nodes.map(({ op }) => op);
    }),
  );
  expect(graphs[0]).toEqual(graphs[1]);
});
