/** Cases of reductions and normalizations: several axes, kept or removed, all axes, no axes. */
import type { CaseOf, Cases } from "./case.js";
import { below, constant, normal, type Sample } from "./sample.js";

type Reduce = "ReduceSum" | "ReduceMean" | "ReduceMax";

const reduce = (title: string, x: Sample, axes: readonly number[], keep: boolean): CaseOf<"ReduceSum"> => ({
  title,
  operands: [x],
  attributes: { axes, keep },
});

const reductions: readonly [CaseOf<"ReduceSum">, ...CaseOf<"ReduceSum">[]] = [
  reduce("the last axis", normal(2, 3), [1], false),
  reduce("the last axis, kept", normal(2, 3), [1], true),
  reduce("the first axis", normal("batch", 3), [0], false),
  reduce("two axes that are not neighbours", normal(2, 3, 2), [0, 2], false),
  reduce("two axes out of order, kept", normal("batch", 3, "time"), [2, 0], true),
  reduce("all axes", normal("batch", "time"), [0, 1], false),
  reduce("all axes, kept", normal(2, 3), [0, 1], true),
  reduce("no axis", normal(2, 3), [], false),
  reduce("an axis of 1", normal(1, 3), [0], false),
];

const along = (title: string, x: Sample, axis: number): CaseOf<"ArgMax"> => ({
  title,
  operands: [x],
  attributes: { axis },
});

const rows: readonly [CaseOf<"Softmax">, ...CaseOf<"Softmax">[]] = [
  { title: "a vector", operands: [normal(4)], attributes: {} },
  { title: "rows", operands: [normal("batch", 3)], attributes: {} },
  { title: "steps of a sequence", operands: [normal("batch", "time", 4)], attributes: {} },
  { title: "an axis of 1", operands: [normal(3, 1)], attributes: {} },
  { title: "entries far apart", operands: [constant("float32", [2, 3], 800, 0, -800, 1e4, 1e4, 0)], attributes: {} },
];

const vectors = (title: string, ...operands: readonly Sample[]): CaseOf<"LayerNormalization"> => ({
  title,
  operands,
  attributes: { epsilon: 1e-3 },
  // Each entry of the new axis would have a scale, or a shift, of its own.
  refuses: operands.length === 2 ? [[1], [0, 1]] : [[1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]],
});

export const reduction: Cases<Reduce | "ArgMax" | "Softmax" | "LogSoftmax" | "LayerNormalization"> = {
  ReduceSum: [...reductions, reduce("integers", below(5, 2, 3), [1], false)],
  ReduceMean: reductions,
  ReduceMax: [...reductions, reduce("integers", below(5, 2, 3), [1], true)],
  ArgMax: [
    along("the last axis", normal("batch", 4), 1),
    along("the first axis", normal(4, 2), 0),
    along("the middle", normal(2, 3, 2), 1),
    along("a vector", normal(4), 0),
    along("integers with equal entries", below(2, 3, 4), 1),
  ],
  Softmax: rows,
  LogSoftmax: rows,
  LayerNormalization: [
    vectors("rows with a scale and a shift", normal("batch", 4), normal(4), normal(4)),
    vectors("steps of a sequence with a scale", normal(2, "batch", 3), normal(3)),
    vectors("a vector", normal(5), normal(5), normal(5)),
    vectors("features of a size by the data", normal(3, "time"), normal("time"), normal("time")),
    vectors("a single feature", normal(3, 1), normal(1)),
  ],
};
