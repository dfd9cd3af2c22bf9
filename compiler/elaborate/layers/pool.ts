/**
 * pool: the maximum, mean, sum or last of a sequence's valid steps, or of each window of it. In code, because it reads
 * the valid steps of a sequence, or windows of them.
 */
import { windowsOf } from "../../../schema/kinds/windows.js";
import type { NormalPool } from "../../../schema/normal/index.js";
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import type { LayerDefinition } from "../context.js";
import { checkWindows, windowMask, windowSteps } from "../time-windows.js";
import { lastValid } from "../wire.js";
import { checkNumericSequence } from "./numeric-input.js";

/** A value below every finite output of a layer: padding is never the maximum. */
const LOWEST = -3.4e38;

/** Reductions of [time, batch, width] over time; the mask is [time, batch, 1] bool or null. */
const reductions: Readonly<Record<NormalPool["mode"], (b: Builder, sequence: Value, mask: Value | null) => Value>> = {
  max: (b, sequence, mask) => b.reduceMax(mask === null ? sequence : b.where(mask, sequence, LOWEST), [0]),
  sum: (b, sequence, mask) => b.sum(mask === null ? sequence : b.where(mask, sequence, 0), [0]),
  mean: (b, sequence, mask) =>
    mask === null
      ? b.mean(sequence, [0])
      : b.div(b.sum(b.where(mask, sequence, 0), [0]), b.max(b.sum(b.cast(mask, "float32"), [0]), 1)),
  last: (b, sequence, mask) => lastValid(b, sequence, mask),
};

/** Windows with a mask: those that lie within the lengths read no padding. */
function reduceWindows(b: Builder, steps: readonly Value[], mode: NormalPool["mode"]): Value {
  if (mode === "last" || steps.length === 1) return at(steps, steps.length - 1);
  const [count, batch, width] = at(steps, 0).type.shape as readonly [Dim, Dim, Dim];
  const stacked = b.reshape(b.concat(steps, 0), [steps.length, count, batch, width]);
  return reductions[mode](b, stacked, null);
}

export const pool: LayerDefinition<NormalPool> = {
  elaborate(layer, input, context) {
    const { b } = context;
    if (!checkNumericSequence(layer, input, context)) return undefined;
    const windows = windowsOf(layer);
    if (windows === undefined) {
      const value = reductions[layer.mode](b, input.value, input.mask);
      return { value: b.withName(value, layer.name), sequence: false, mask: null, padding: "zeros", logits: null };
    }
    if (!checkWindows(layer, "size", input, windows, context)) return undefined;
    const value = reduceWindows(b, windowSteps(b, input.value, windows), layer.mode);
    const mask = windowMask(input, windows, context);
    return { value: b.withName(value, layer.name), sequence: true, mask, padding: "zeros", logits: null };
  },
};
