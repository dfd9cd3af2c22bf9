/** Weights in losses: of classes, of positive answers, and of steps, against their definitions. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../compiler/autodiff/reverse.js";
import { partOf } from "../../compiler/elaborate/program.js";
import { evaluate } from "../../compiler/graph/evaluate.js";
import { tabulate, tensor } from "../../compiler/ir/tensor.js";
import type { Tensor } from "../../compiler/ir/types.js";
import { expectClose } from "./numbers.js";
import { open, operandsOf, programOf } from "./programs.js";

const [BATCH, TIME, CLASSES] = [3, 4, 3];
const lengths = [4, 2, 3];
const logits = tabulate("float32", [BATCH, TIME, CLASSES], ([row = 0, step = 0, one = 0]) =>
  Math.sin(1 + row + 3 * step + 5 * one),
);
const ids = tabulate("int32", [BATCH, TIME], ([row = 0, step = 0]) => (row + 2 * step) % CLASSES);
const weights = tabulate("float32", [BATCH, TIME], ([row = 0, step = 0]) => (1 + row + step) / 4);

interface Entry {
  readonly row: number;
  readonly step: number;
  /** -log softmax, by class. */
  readonly costs: readonly number[];
  readonly target: number;
  readonly weight: number;
}

/** Entries of live steps. */
function entriesOf(scores: Tensor): readonly Entry[] {
  return lengths.flatMap((length, row) =>
    Array.from({ length }, (_, step) => {
      const place = row * TIME + step;
      const own = [...scores.data.subarray(place * CLASSES, (place + 1) * CLASSES)];
      const log = Math.log(own.reduce((sum, one) => sum + Math.exp(one), 0));
      return {
        row,
        step,
        costs: own.map((one) => log - one),
        target: ids.data[place] ?? Number.NaN,
        weight: weights.data[place] ?? Number.NaN,
      };
    }),
  );
}

const sum = (numbers: readonly number[]) => numbers.reduce((x, y) => x + y, 0);
const classWeights = [0.5, 2, 0];
const of = (list: readonly number[], index: number) => list[index] ?? Number.NaN;

const losses: readonly [object, (entries: readonly Entry[]) => number][] = [
  [
    { type: "cross_entropy", class_weights: classWeights },
    (entries) => {
      const each = entries.map(({ costs, target, weight }) => weight * of(classWeights, target) * of(costs, target));
      return sum(each) / entries.length;
    },
  ],
  [
    { type: "cross_entropy", class_weights: classWeights, label_smoothing: 0.3, reduction: "sum" },
    (entries) =>
      sum(
        entries.map(({ costs, target, weight }) => {
          const smoothed = costs.map((_, one) => 0.3 / CLASSES + (one === target ? 0.7 : 0));
          return weight * sum(costs.map((cost, one) => of(classWeights, one) * of(smoothed, one) * cost));
        }),
      ),
  ],
  [
    { type: "sequence_loss", class_weights: classWeights },
    (entries) => {
      const shares = entries.map(({ target, weight }) => weight * of(classWeights, target));
      return sum(entries.map(({ costs, target }, index) => of(shares, index) * of(costs, target))) / sum(shares);
    },
  ],
  [
    { type: "sequence_loss", class_weights: classWeights, average_across_batch: false },
    (entries) =>
      sum(
        lengths.map((_, row) => {
          const own = entries.filter((entry) => entry.row === row);
          const shares = own.map(({ target, weight }) => weight * of(classWeights, target));
          return sum(own.map(({ costs, target }, index) => of(shares, index) * of(costs, target))) / sum(shares);
        }),
      ),
  ],
];

describe("weights of classes", () => {
  test.each(losses)("%j", async (loss, definition) => {
    await expectLoss(loss, nested(ids), ids, CLASSES, (scores) => definition(entriesOf(scores)));
  });

  test("rows of probabilities: each class's part is weighted", async () => {
    const rows = tabulate("float32", [BATCH, TIME, CLASSES], ([row = 0, step = 0, one = 0]) =>
      Math.fround(((row + step + one) % 3) / 3),
    );
    await expectLoss({ type: "cross_entropy", class_weights: classWeights }, nested(rows), rows, CLASSES, (scores) => {
      const each = entriesOf(scores).map(({ row, step, costs, weight }) =>
        sum(
          costs.map(
            (cost, one) =>
              weight * of(classWeights, one) * (rows.data[(row * TIME + step) * CLASSES + one] ?? 0) * cost,
          ),
        ),
      );
      return sum(each) / sum(lengths);
    });
  });
});

describe("weights of positive answers", () => {
  const answers = tabulate("float32", [BATCH, TIME, CLASSES], ([row = 0, step = 0, one = 0]) => (row + step + one) % 2);
  test.each([
    [3, [3, 3, 3]],
    [
      [1, 0.5, 4],
      [1, 0.5, 4],
    ],
  ])("%j", async (positive_weight, each) => {
    await expectLoss({ type: "binary_cross_entropy", positive_weight }, nested(answers), answers, CLASSES, (scores) => {
      const terms = entriesOf(scores).flatMap(({ row, step, weight }) =>
        each.map((positive, one) => {
          const place = (row * TIME + step) * CLASSES + one;
          const probability = 1 / (1 + Math.exp(-(scores.data[place] ?? 0)));
          const target = answers.data[place] ?? 0;
          return -weight * (positive * target * Math.log(probability) + (1 - target) * Math.log(1 - probability));
        }),
      );
      return sum(terms) / terms.length;
    });
  });
});

/** The loss is what its definition says, and its gradient is the definition's by differences. */
async function expectLoss(
  loss: object,
  targets: unknown,
  given: Tensor,
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
  const part = partOf(programOf(opened), ({ role }) => role === "loss");
  const wrt = part.inputs.findIndex(({ name }) => name === "inputs");
  const operands = operandsOf(
    part.inputs,
    new Map([
      ["dense/W", tabulate("float32", [CLASSES, size], ([row, column]) => Number(row === column))],
      ["inputs", logits],
      ["targets", given],
      ["weights", weights],
      ["lengths", tensor("int64", [BATCH], lengths)],
    ]),
  );
  const [value, gradient] = evaluate(differentiate(part.graph, 0, [wrt]), operands);
  expectClose(value, { shape: [], data: [definition(logits)] }, 1e-12, "loss");
  const step = 1e-5;
  const differences = [...logits.data].map((_, place) => {
    const moved = (by: number) => ({ ...logits, data: logits.data.map((x, at) => (at === place ? x + by : x)) });
    return (definition(moved(step)) - definition(moved(-step))) / (2 * step);
  });
  expectClose(gradient, { shape: logits.shape, data: differences }, 1e-9, "gradient");
}

type Nested = number | readonly Nested[];

function nested({ shape, data }: Pick<Tensor, "shape" | "data">): Nested {
  const [first, ...rest] = shape;
  if (first === undefined) return data[0] ?? Number.NaN;
  const each = data.length / first;
  return Array.from({ length: first }, (_, index) =>
    nested({ shape: rest, data: data.subarray(index * each, (index + 1) * each) }),
  );
}

test("a weight of 1 for every class, and for positive answers, changes nothing", async () => {
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
