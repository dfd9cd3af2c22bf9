/** Cases of the movement primitives: symbolic and static sizes, first and last axes, unequal splits. */
import type { Dim, Shape } from "../../../compiler/ir/types.js";
import type { CaseOf, Cases } from "./case.js";
import { below, flags, normal, type Sample } from "./sample.js";

type Movement = "Reshape" | "Expand" | "Transpose" | "Unsqueeze" | "Squeeze" | "Concat" | "Split" | "Slice" | "Pad";

const to = (title: string, x: Sample, ...shape: Shape): CaseOf<"Reshape"> => ({
  title,
  operands: [x],
  attributes: { shape },
});
const transpose = (title: string, x: Sample, ...perm: readonly number[]): CaseOf<"Transpose"> => ({
  title,
  operands: [x],
  attributes: { perm },
});
const axes = (title: string, x: Sample, ...axisList: readonly number[]): CaseOf<"Squeeze"> => ({
  title,
  operands: [x],
  attributes: { axes: axisList },
});
const concat = (title: string, axis: number, ...operands: readonly Sample[]): CaseOf<"Concat"> => ({
  title,
  operands,
  attributes: { axis },
});
const split = (title: string, x: Sample, axis: number, ...parts: readonly Dim[]): CaseOf<"Split"> => ({
  title,
  operands: [x],
  attributes: { axis, sizes: parts },
});
const slice = (title: string, x: Sample, axis: number, start: Dim, end: Dim): CaseOf<"Slice"> => ({
  title,
  operands: [x],
  attributes: { axis, start, end },
});
const pad = (title: string, x: Sample, axis: number, before: Dim, after: Dim): CaseOf<"Pad"> => ({
  title,
  operands: [x],
  attributes: { axis, before, after },
});

export const movement: Cases<Movement> = {
  Reshape: [
    to("axes merged", normal(2, 3, 2), 6, 2),
    to("symbolic axes merged", normal("batch", "time", 2), "batch*time", 2),
    to("an axis split", normal(6), 2, 3),
    to("to a scalar", normal(1, 1)),
    to("from a scalar", normal(), 1),
    to("integers", below(5, 4), 2, 2),
  ],
  Expand: [
    to("an axis of 1", normal(2, 1), 2, 3),
    to("new leading axes", normal(3), 2, "batch", 3),
    to("a scalar", normal(), "batch", 2),
    to("both", normal("batch", 1), 3, "batch", 2),
    to("to itself", normal(2, 3), 2, 3),
    to("flags", flags(2, 1), 2, 2),
  ],
  Transpose: [
    transpose("a matrix", normal("batch", 3), 1, 0),
    transpose("a rotation of axes, which is not its own inverse", normal(2, 3, 4), 1, 2, 0),
    transpose("the identity", normal(2, 3), 0, 1),
    transpose("a scalar", normal()),
    transpose("integers", below(5, 2, 3, 1), 2, 0, 1),
  ],
  Unsqueeze: [
    axes("in front", normal(2, 3), 0),
    axes("at the end", normal("batch", 3), 2),
    axes("several, as positions in the result", normal(2, 3), 0, 2, 4),
    axes("out of order", normal(2, 3), 3, 1),
    axes("a scalar", normal(), 0),
  ],
  Squeeze: [
    axes("in front", normal(1, 3), 0),
    axes("several", normal(1, 2, 1, 1), 0, 3),
    axes("out of order", normal(1, "batch", 1), 2, 0),
    axes("to a scalar", normal(1), 0),
  ],
  Concat: [
    concat("columns", 1, normal("batch", 2), normal("batch", 3)),
    concat("rows, one part of a symbolic size", 0, normal("batch", 2), normal(1, 2), normal("time", 2)),
    concat("the middle axis", 1, normal(2, 1, 2), normal(2, 3, 2)),
    concat("a single output", 0, normal(2)),
    concat("integers", 0, below(5, 2), below(5, 1)),
  ],
  Split: [
    split("unequal sizes of the last axis", normal("batch", 6), 1, 1, 3, 2),
    split("the first axis", normal(4, 2), 0, 2, 2),
    split("the middle axis", normal(2, 3, 2), 1, 1, 2),
    split("a single output", normal(3), 0, 3),
    split("integers", below(5, 3), 0, 1, 2),
    split("equal symbols", normal("3*batch", 2), 0, "batch", "batch", "batch"),
  ],
  Slice: [
    slice("the front", normal(5, 2), 0, 0, 2),
    slice("the end", normal("batch", 5), 1, 3, 5),
    slice("the inside", normal(2, 5, 2), 1, 1, 4),
    slice("up to a symbol", normal("time", 2), 0, 1, "time"),
    slice("all but the last step", normal("batch", "time"), 1, 0, "time-1"),
    slice("nothing", normal(3), 0, 1, 1),
    slice("integers", below(5, 4), 0, 1, 3),
  ],
  Pad: [
    pad("in front", normal(2, 3), 0, 1, 0),
    pad("at the end", normal("batch", 2), 1, 0, 2),
    pad("both ends of the middle", normal(2, 2, 2), 1, 1, 2),
    pad("by symbols", normal("time"), 0, "batch", "time-1"),
    pad("by nothing", normal(3), 0, 0, 0),
    pad("moved on by one", normal(2, "time", 2), 1, 1, -1),
    pad("cut at both ends", normal(5), 0, -1, -2),
    pad("integers", below(5, 2), 0, 1, 1),
  ],
};
