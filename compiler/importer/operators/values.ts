/** Expressions that several operators share. */
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import { tensor } from "../../ir/tensor.js";
import type { Dim, DType, Shape, Value } from "../../ir/types.js";
import { sizeValue } from "../operand.js";
import { refuse } from "../refusal.js";

export const lessOrEqual = (b: Builder, x: Value, y: Value | number): Value => b.not(b.greater(x, y));
export const greaterOrEqual = (b: Builder, x: Value, y: Value | number): Value => b.not(b.less(x, y));

export const rankOf = ({ type }: Value): number => type.shape.length;
export const axesOf = (rank: number): readonly number[] => Array.from({ length: rank }, (_, axis) => axis);

export function expectFloat(x: Value): Value {
  return x.type.dtype === "float32" ? x : refuse(`reads ${x.type.dtype} numbers`, "Cast them to float32.");
}

/** The permutation that moves an axis to the end, and its inverse. */
export function toLast(
  rank: number,
  axis: number,
): { readonly there: readonly number[]; readonly back: readonly number[] } {
  const there = [...axesOf(rank).filter((other) => other !== axis), axis];
  return { there, back: axesOf(rank).map((other) => there.indexOf(other)) };
}

/** Applies a function of the last axis along another one. */
export function alongAxis(b: Builder, x: Value, axis: number, f: (moved: Value) => Value): Value {
  if (axis === rankOf(x) - 1) return f(x);
  const { there, back } = toLast(rankOf(x), axis);
  return b.transpose(f(b.transpose(x, there)), back);
}

/** A vector of a channel axis with axes of size 1 after it, so that it broadcasts to [batch, channels, …]. */
export function perChannel(b: Builder, vector: Value, rank: number): Value {
  return rank <= 2
    ? vector
    : b.unsqueeze(
        vector,
        axesOf(rank - 2).map((axis) => axis + 1),
      );
}

/** A vector of numbers. */
function vectorOf(b: Builder, numbers: readonly number[], dtype: DType = "int64"): Value {
  return b.constant(tensor(dtype, [numbers.length], numbers));
}

/** Entries along an axis by known positions. */
export function take(b: Builder, x: Value, axis: number, positions: readonly number[]): Value {
  const [first = 0] = positions;
  if (positions.every((position, index) => position === first + index))
    return b.slice(x, axis, first, first + positions.length);
  return b.gather(x, vectorOf(b, positions), axis);
}

/** Indices from 0: negative ones count from the end of an axis. */
export function frontIndices(b: Builder, indices: Value, size: Dim): Value {
  const length = sizeValue(b, size, indices.type.dtype);
  return b.where(b.less(indices, 0), b.add(indices, length), indices);
}

/** The product of the entries of an axis of known size, which is removed. */
export function productAlong(b: Builder, x: Value, axis: number): Value {
  const size = x.type.shape[axis];
  if (typeof size !== "number" || size > 256 || size < 1)
    return refuse(`multiplies ${size} entries, which is a product of at most 256`);
  let factors = b.split(x, new Array<number>(size).fill(1), axis);
  if (size === 1) return b.squeeze(x, [axis]);
  while (factors.length > 1)
    factors = Array.from({ length: Math.ceil(factors.length / 2) }, (_, index) => {
      const other = factors[2 * index + 1];
      return other === undefined ? at(factors, 2 * index) : b.mul(at(factors, 2 * index), other);
    });
  return b.squeeze(at(factors, 0), [axis]);
}

/** x where a shape broadcasts in both directions, as in ONNX's Expand. */
export function broadcastTo(b: Builder, x: Value, target: Shape): Value {
  const rank = Math.max(rankOf(x), target.length);
  const from = [...new Array<Dim>(rank - rankOf(x)).fill(1), ...x.type.shape];
  const to = [...new Array<Dim>(rank - target.length).fill(1), ...target];
  const shape = to.map((size, axis) => (size === 1 ? at(from, axis) : size));
  return shape.length === rankOf(x) && shape.every((size, axis) => size === x.type.shape[axis])
    ? x
    : b.expand(x, shape);
}
