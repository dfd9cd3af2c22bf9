/** Mean and variance of a value over some axes, without padding. */
import type { Builder } from "../ir/builder.js";
import { elementCount } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Value } from "../ir/types.js";

/** All but `count` have the value's rank, with size 1 along the axes; `centered` has the value's shape. */
export interface Moments {
  readonly mean: Value;
  /** The value minus its mean; 0 in padding. */
  readonly centered: Value;
  /** The mean square of `centered`. */
  readonly variance: Value;
  /** The number of entries, at least 1; broadcasts to the mean. */
  readonly count: Value;
}

/** @param mask of the value's rank, with size 1 along the axes that it does not depend on; null for no padding. */
export function momentsOver(b: Builder, value: Value, axes: readonly number[], mask: Value | null): Moments {
  const { shape } = value.type;
  if (mask === null) {
    const mean = b.mean(value, axes, true);
    const centered = b.sub(value, mean);
    const count = b.cast(b.size(b.range(elementCount(axes.map((axis) => at(shape, axis))))), "float32");
    return { mean, centered, variance: b.mean(b.mul(centered, centered), axes, true), count };
  }
  const isValid = b.cast(mask, "float32");
  const entries = b.expand(
    isValid,
    shape.map((size, axis) => (axes.includes(axis) ? size : at(isValid.type.shape, axis))),
  );
  // An empty sequence has no valid step.
  const count = b.max(b.sum(entries, axes, true), 1);
  const mean = b.div(b.sum(b.mul(value, isValid), axes, true), count);
  const centered = b.mul(b.sub(value, mean), isValid);
  return { mean, centered, variance: b.div(b.sum(b.mul(centered, centered), axes, true), count), count };
}
