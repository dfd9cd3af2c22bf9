/** Wires: the values between layers, with their masks and logits. */
import type { Builder } from "../ir/builder.js";
import { addDims } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Dim, Value } from "../ir/types.js";

/**
 * The output of one layer. Inside the compiler sequences are time-major, [time, batch, …], because loops scan the
 * leading axis; inputs and outputs of the model are batch-major.
 */
export interface Wire {
  /** [time, batch, features], [batch, features]; token ids lack the last axis. */
  readonly value: Value;
  readonly sequence: boolean;
  /** True at steps within each sequence's length, [time, batch, 1] bool; null where every step is valid. */
  readonly mask: Value | null;
  /**
   * The values past the lengths: zeros after an rnn layer, and perhaps after windows of steps; before them copies of
   * each sequence's first step. They are finite, and no result depends on them.
   */
  readonly padding: "zeros" | "first step";
  /** Sizes of the axes that the last one joins, of an array of the data that has more of them. */
  readonly axes?: readonly number[];
  /** The operand of a softmax or sigmoid at the layer's end, which losses read; null for other activations. */
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

/** The shape in the spec's terms: batch first. */
export function batchMajorShape({ value, sequence }: Pick<Wire, "value" | "sequence">): readonly Dim[] {
  const { shape } = value.type;
  return sequence ? [at(shape, 1), at(shape, 0), ...shape.slice(2)] : shape;
}

export function describeWire(wire: Wire): string {
  return `${isIds(wire) ? "token ids" : "numbers"} [${batchMajorShape(wire).join(", ")}]`;
}

/** Batch-major data as time-major, and the inverse. */
export function swapBatchAndTime(b: Builder, value: Value): Value {
  const rank = value.type.shape.length;
  return b.transpose(value, [1, 0, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2)]);
}

/**
 * A sequence with padding replaced by copies of its first step. A loop runs over padding too, and masks its results;
 * but a cell that overflows or divides by zero there would have a gradient of NaN, which a mask cannot remove (0 · NaN
 * is NaN).
 */
export function padWithFirstStep(b: Builder, sequence: Value, mask: Value | null): Value {
  if (mask === null) return sequence;
  const isValid = sequence.type.shape.length === 2 ? b.squeeze(mask, [2]) : mask;
  return b.where(isValid, sequence, b.slice(sequence, 0, 0, 1));
}

/** The entry [batch, width] of a sequence at its last valid step; in reverse that is the first step. */
export function lastValid(b: Builder, sequence: Value, mask: Value | null, reverse = false): Value {
  const time = at(sequence.type.shape, 0);
  if (reverse) return b.squeeze(b.slice(sequence, 0, 0, 1), [0]);
  if (mask === null) return b.squeeze(b.slice(sequence, 0, addDims(time, -1), time), [0]);
  // Valid at this step and not at the next.
  const nextMask = b.pad(b.cast(b.slice(mask, 0, 1, time), "float32"), 0, 0, 1);
  return b.sum(b.mul(sequence, b.sub(b.cast(mask, "float32"), nextMask)), [0]);
}
