/** What runs between layers, and what layers ask of it. */
import type { Builder } from "../ir/builder.js";
import { addDims } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Dim, Value } from "../ir/types.js";

/**
 * One layer's output. Inside the compiler sequences are time-major, [time, batch, …], because loops walk the leading axis;
 * inputs and outputs of the model are batch-major.
 */
export interface Wire {
  /** [time, batch, features], [batch, features]; token ids lack the last axis. */
  readonly value: Value;
  readonly sequence: boolean;
  /** Which steps are within each sequence's length, [time, batch, 1] bool; null where all are. */
  readonly mask: Value | null;
  /** What stands past the lengths: zeros behind an rnn layer, before it each sequence's first step again. */
  readonly padding: "zeros" | "first step";
  /** Before a softmax or sigmoid that ends the layer: what losses read. */
  readonly logits: { readonly value: Value; readonly activation: "softmax" | "sigmoid" } | null;
}

export function isIds({ value }: Pick<Wire, "value">): boolean {
  return value.type.dtype !== "float32";
}

/** The size of the last axis. */
export function width({ value }: Pick<Wire, "value">): Dim {
  const { shape } = value.type;
  return at(shape, shape.length - 1);
}

/** The shape as the user sees it: batch first. */
export function batchMajorShape({ value, sequence }: Pick<Wire, "value" | "sequence">): readonly Dim[] {
  const { shape } = value.type;
  return sequence ? [at(shape, 1), at(shape, 0), ...shape.slice(2)] : shape;
}

export function describeWire(wire: Wire): string {
  return `${isIds(wire) ? "token ids" : "numbers"} [${batchMajorShape(wire).join(", ")}]`;
}

/** Batch-major data as the graph runs it, and the other way round. */
export function swapBatchAndTime(b: Builder, value: Value): Value {
  const rank = value.type.shape.length;
  return b.transpose(value, [1, 0, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2)]);
}

/**
 * Past its length each sequence holds its first step again. A loop runs over padding too, and what comes of it is masked;
 * but a cell that overflows there, or divides by zero, would make the gradient of its weights NaN, and no mask takes that back.
 */
export function padWithFirstStep(b: Builder, sequence: Value, mask: Value | null): Value {
  if (mask === null) return sequence;
  const isValid = sequence.type.shape.length === 2 ? b.squeeze(mask, [2]) : mask;
  return b.where(isValid, sequence, b.slice(sequence, 0, 0, 1));
}

/** The entry [batch, width] of a sequence at its last live step; walking backwards that is the first. */
export function lastValid(b: Builder, sequence: Value, mask: Value | null, reverse = false): Value {
  const time = at(sequence.type.shape, 0);
  if (reverse) return b.squeeze(b.slice(sequence, 0, 0, 1), [0]);
  if (mask === null) return b.squeeze(b.slice(sequence, 0, addDims(time, -1), time), [0]);
  // Live now and not at the next step.
  const nextMask = b.pad(b.cast(b.slice(mask, 0, 1, time), "float32"), 0, 0, 1);
  return b.sum(b.mul(sequence, b.sub(b.cast(mask, "float32"), nextMask)), [0]);
}
