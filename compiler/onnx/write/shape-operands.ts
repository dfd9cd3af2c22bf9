/** Shape and index operands of ONNX operators: constants where possible, else computed at run time. */
import { subDims } from "../../ir/dims.js";
import type { Dim, Shape } from "../../ir/types.js";
import { sizeVector } from "./runtime-sizes.js";
import type { Scope } from "./scope.js";
import { vector } from "./scope.js";

/** ONNX's index of the end of an axis of unknown size. */
const END = 2 ** 31 - 1;

/**
 * The target of a Reshape. A single symbolic dim is -1 (inferred). Of several, those on the same axis as before are 0
 * (copied), and one other may be -1. Otherwise the sizes are computed at run time.
 */
export function reshapeTarget(scope: Scope, from: Shape, to: Shape): string {
  const isCopied = (dim: Dim, axis: number) => typeof dim === "string" && from[axis] === dim;
  const symbolic = to.filter((dim) => typeof dim === "string");
  if (symbolic.length <= 1)
    return vector(
      scope,
      to.map((dim) => (typeof dim === "number" ? dim : -1)),
      "shape",
    );
  if (to.filter((dim, axis) => typeof dim === "string" && !isCopied(dim, axis)).length > 1)
    return sizeVector(scope, to, "shape");
  return vector(
    scope,
    to.map((dim, axis) => (typeof dim === "number" ? dim : isCopied(dim, axis) ? 0 : -1)),
    "shape",
  );
}

/** The target of an Expand. A dim that the operand has is 1: ONNX broadcasts in both directions. */
export function expandTarget(scope: Scope, from: Shape, to: Shape): string {
  const rankDifference = to.length - from.length;
  return sizeVector(
    scope,
    to.map((dim, axis) => (from[axis - rankDifference] === dim ? 1 : dim)),
    "shape",
  );
}

/** An index on an axis of a size, relative to the end if that is constant. */
export function axisIndex(scope: Scope, index: Dim, size: Dim, hint: string): string {
  const fromEnd = subDims(index, size);
  if (typeof index === "number" || typeof fromEnd !== "number") return sizeVector(scope, [index], hint);
  return vector(scope, [fromEnd < 0 ? fromEnd : END], hint);
}

/** Pads of one axis for all axes of a rank: first all begins, then all ends. */
export function pads(scope: Scope, rank: number, axis: number, before: Dim, after: Dim): string {
  const perAxis = (amount: Dim) => Array.from({ length: rank }, (_, a) => (a === axis ? amount : 0));
  return sizeVector(scope, [...perAxis(before), ...perAxis(after)], "pads");
}
