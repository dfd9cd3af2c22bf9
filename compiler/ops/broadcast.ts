/** Numpy's broadcasting: shapes, cotangents and batching of the primitives that broadcast. */
import type { Builder } from "../ir/builder.js";
import { broadcastShapes, printShape, sameShape } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Dim, Shape, Type, Value } from "../ir/types.js";

/** The common shape. Throws where the shapes are incompatible. */
export function broadcastTypes(inputs: readonly Type[]): Shape {
  const shapes = inputs.map((input) => input.shape);
  return shapes.reduce((shape, other) => {
    if (shape === other) return shape;
    const broadcast = broadcastShapes(shape, other);
    if (broadcast === undefined)
      throw new Error(`shapes ${printShape(shape)} and ${printShape(other)} do not broadcast`);
    return broadcast;
  });
}

/** Sums a cotangent over the axes along which its operand was broadcast. */
export function unbroadcast(b: Builder, cotangent: Value, operand: Value): Value {
  const from = cotangent.type.shape;
  const to = operand.type.shape;
  if (sameShape(from, to)) return cotangent;
  const lead = from.length - to.length;
  const leadingAxes = from.slice(0, lead).map((_, axis) => axis);
  const expandedAxes = to.flatMap((dim, axis) => (dim === 1 && from[axis + lead] !== 1 ? [axis + lead] : []));
  let sum = cotangent;
  if (expandedAxes.length > 0) sum = b.sum(sum, expandedAxes, true);
  if (leadingAxes.length > 0) sum = b.sum(sum, leadingAxes, false);
  return sum;
}

/** Operands with the batch axis first, with axes of size 1 after it so that they broadcast as without it. */
export function alignBatched(
  b: Builder,
  originals: readonly Value[],
  inputs: readonly Value[],
  batched: readonly boolean[],
): readonly Value[] {
  const rank = Math.max(...originals.map((value) => value.type.shape.length));
  return inputs.map((input, index) => {
    const operandRank = at(originals, index).type.shape.length;
    if (!batched[index] || operandRank === rank) return input;
    return b.unsqueeze(
      input,
      Array.from({ length: rank - operandRank }, (_, axis) => axis + 1),
    );
  });
}

export function zeros(b: Builder, { dtype, shape }: Type): Value {
  return b.expand(b.scalar(0, dtype), shape);
}

/** The operand with the batch axis, expanded along it where it is not batched. */
export function withBatchAxis(b: Builder, input: Value, batched: boolean | undefined, size: Dim): Value {
  return batched ? input : b.expand(b.unsqueeze(input, [0]), [size, ...input.type.shape]);
}
