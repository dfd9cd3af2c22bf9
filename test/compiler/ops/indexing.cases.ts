/** Cases of the indexing primitives: repeated indices, first and last axes, many rows. */
import type { CaseOf, Cases } from "./case.js";
import { below, constant, normal, positive, type Sample, skewedBelow } from "./sample.js";

type Indexing = "Gather" | "GatherElements" | "ScatterElements" | "OneHot";

/** The batching rule accepts a batch of tables or a batch of indices, not both. */
const gather = (title: string, data: Sample, indices: Sample, axis: number): CaseOf<"Gather"> => ({
  title,
  operands: [data, indices],
  attributes: { axis },
  refuses: [[0, 1]],
});
const along = (title: string, axis: number, ...operands: readonly Sample[]): CaseOf<"GatherElements"> => ({
  title,
  operands,
  attributes: { axis },
});

const repeated = constant("int64", [5], 1, 0, 1, 1, 2);

export const indexing: Cases<Indexing> = {
  Gather: [
    gather("rows, some of them twice", normal(4, 3), repeated, 0),
    gather("rows for each step of a batch", normal(4, 3), below(4, "batch", "time"), 0),
    gather("columns, some of them twice", normal(2, 3), repeated, 1),
    gather("a middle axis by a matrix of indices", normal(2, 4, 3), below(4, 2, 2), 1),
    gather("one row", normal(4, 3), below(4), 0),
    gather("one column", normal(4, 3), below(3), 1),
    gather("entries of a vector", normal(4), below(4, "time"), 0),
    gather("short indices", normal(4, 2), skewedBelow(4, 3), 0),
    gather("integers", below(9, 4, 2), below(4, 3), 0),
    // The gradients of these three use ScatterElements.
    gather("of an unknown number of rows", normal("rows", 2), below(5, "batch", 3), 0),
    gather("of more than 512 rows", normal(520), constant("int64", [4], 519, 7, 519, 0), 0),
    gather("of more than 512 columns", normal(1, 520), constant("int64", [4], 519, 7, 519, 0), 1),
  ],
  GatherElements: [
    along("one pick per row", 1, normal("batch", 4), below(4, "batch", 1)),
    along("one pick per step", 2, normal("batch", "time", 4), below(4, "batch", "time", 1)),
    along("several picks per row", 1, normal(2, 3), below(3, 2, 5)),
    along("the first axis", 0, normal(3, 2), below(3, 4, 2)),
    along("one pick along the first axis", 0, normal(3, 2), below(3, 1, 2)),
    along("a vector", 0, normal(4), below(4, 3)),
    along("short indices", 1, normal(2, 3), skewedBelow(3, 2, 1)),
  ],
  ScatterElements: [
    along("columns, some of them twice", 1, normal(2, 3), below(3, 2, 5), normal(2, 5)),
    along("rows, some of them twice", 0, normal(3, 2), below(3, 4, 2), normal(4, 2)),
    along("symbolic axes", 1, normal("batch", 3), below(3, "batch", 1), normal("batch", 1)),
    along("a vector", 0, normal(4), below(4, 3), positive(3)),
  ],
  OneHot: [
    { title: "a batch", operands: [below(4, "batch")], attributes: { depth: 4, dtype: "float32" } },
    { title: "steps", operands: [below(3, "batch", "time")], attributes: { depth: 3, dtype: "int64" } },
    { title: "a scalar of short dtype", operands: [skewedBelow(4)], attributes: { depth: 4, dtype: "float32" } },
    { title: "outside", operands: [constant("int64", [3], -1, 0, 7)], attributes: { depth: 4, dtype: "float32" } },
  ],
};
