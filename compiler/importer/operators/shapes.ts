/** Constants, and operators that read shapes. */
import type { Builder } from "../../ir/builder.js";
import { elementCount, subDims } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import { type Lowering, single } from "../lowering.js";
import type { ModelNode } from "../node.js";
import { elementType, type Known, known, type Operand } from "../operand.js";
import { refuse } from "../refusal.js";
import { castTarget } from "../shape-arithmetic.js";
import { expectFloat, lessOrEqual, rankOf } from "./values.js";

const shape = { gradient: "shape" } as const;
/** Larger constants are computed at run time. */
const MAX_KNOWN = 4096;

function constant(node: ModelNode): Known {
  const [float, integer] = [node.float("value_float"), node.int("value_int")];
  if (float !== undefined) return known("float32", [], [float]);
  if (integer !== undefined) return known("int64", [], [integer]);
  const floats = node.attribute("value_floats")?.floats;
  if (floats !== undefined) return known("float32", [floats.length], floats);
  const integers = node.attribute("value_ints")?.integers;
  if (integers !== undefined) return known("int64", [integers.length], integers);
  const tensor = node.attribute("value")?.tensor;
  if (tensor === undefined)
    return refuse(node.attribute("sparse_value") === undefined ? "holds text" : "holds a sparse tensor");
  const type = elementType(tensor.dtype);
  if (type === undefined) return refuse(`holds a tensor of ${tensor.dtype}`);
  return known(type.dtype, tensor.shape, tensor.values());
}

/** Limits of an axis range of a shape, clamped as in numpy. */
function clamp(index: number, rank: number): number {
  return Math.min(Math.max(index < 0 ? index + rank : index, 0), rank);
}

function constantOfShape(node: ModelNode, b: Builder): Value {
  const target = node.knownDims(0, "its shape");
  const tensor = node.attribute("value")?.tensor;
  const type = elementType(tensor?.dtype ?? "float32");
  if (type === undefined) return refuse(`holds a tensor of ${tensor?.dtype}`);
  return b.expand(b.scalar(tensor === undefined ? 0 : at(tensor.values(), 0), type.dtype), target);
}

function range(node: ModelNode, b: Builder): Value | Operand {
  const [start, limit, step] = [0, 1, 2].map((index) => at(node.knownDims(index, "its limits"), 0)) as [Dim, Dim, Dim];
  const dtype = node.dtype(0);
  if (typeof start === "number" && typeof limit === "number" && typeof step === "number") {
    if (step === 0) return refuse("has a step of 0");
    const count = Math.max(0, Math.ceil((limit - start) / step));
    if (count <= MAX_KNOWN)
      return known(
        dtype,
        [count],
        Array.from({ length: count }, (_, n) => start + n * step),
      );
    return b.cast(b.add(b.mul(b.range(count), step), start), dtype);
  }
  if (step !== 1) return refuse(`has a step of ${step} to ${limit}`);
  const numbers = b.range(subDims(limit, start));
  if (start === 0) return b.cast(numbers, dtype);
  if (typeof start !== "number") return refuse(`starts at ${start}`);
  return b.cast(b.add(numbers, start), dtype);
}

/** 1 where the column minus the row is a number. */
function diagonal(b: Builder, rows: Dim, columns: Dim, offset: number): Value {
  return b.equal(b.unsqueeze(b.range(columns), [0]), b.add(b.unsqueeze(b.range(rows), [1]), offset));
}

function identityMatrix(node: ModelNode, b: Builder): Value {
  const [rows = 1, columns = 1] = node.shape(0);
  const type = node.attribute("dtype") === undefined ? undefined : elementType(castTargetOf(node));
  return b.cast(diagonal(b, rows, columns, node.int("k") ?? 0), type?.dtype ?? node.dtype(0));
}

const castTargetOf = (node: ModelNode) =>
  castTarget({ ...node, int: (name: string) => node.int(name === "to" ? "dtype" : name) });

/** The entries above, or below, a diagonal; zeros elsewhere. */
function triangle(node: ModelNode, b: Builder): Value {
  const x = node.x(0);
  const [rows, columns] = [at(x.type.shape, rankOf(x) - 2), at(x.type.shape, rankOf(x) - 1)];
  const k = node.has(1) ? at(node.integers(1, "k"), 0) : 0;
  const [i, j] = [b.add(b.unsqueeze(b.range(rows), [1]), k), b.unsqueeze(b.range(columns), [0])];
  const isKept = node.int("upper") === 0 ? lessOrEqual(b, j, i) : lessOrEqual(b, i, j);
  if (x.type.dtype === "bool") return b.and(x, isKept);
  return b.where(isKept, x, b.scalar(0, x.type.dtype));
}

export const shapeOperators: readonly Lowering[] = [
  single("Constant", constant, shape),
  single(
    "Shape",
    (node) => {
      const dims = node.shape(0);
      const end = node.int("end");
      const part = dims.slice(clamp(node.int("start") ?? 0, dims.length), clamp(end ?? dims.length, dims.length));
      return known("int64", [part.length], part);
    },
    shape,
  ),
  single("Size", (node) => known("int64", [], [elementCount(node.shape(0))]), shape),
  single("ConstantOfShape", constantOfShape, shape),
  single("Range", range, shape),
  single("EyeLike", identityMatrix, shape),
  single("Trilu", triangle),
  single("MeanVarianceNormalization", (node, b) => {
    const x = expectFloat(node.x(0));
    const axes = (node.ints("axes") ?? [0, 2, 3]).map((axis) => node.axis(axis, rankOf(x)));
    const centered = b.sub(x, b.mean(x, axes, true));
    return b.div(centered, b.add(b.sqrt(b.mean(b.mul(centered, centered), axes, true)), 1e-9));
  }),
];
