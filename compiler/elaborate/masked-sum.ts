/** Sums over the entries of valid steps. */
import type { Builder } from "../ir/builder.js";
import type { Value } from "../ir/types.js";

/** A factor per step, [time, batch], with trailing axes of size 1 up to the rank of the entries. */
export function broadcastTrailing(b: Builder, factor: Value, entries: Value): Value {
  const [rank, targetRank] = [factor.type.shape.length, entries.type.shape.length];
  return rank === targetRank
    ? factor
    : b.unsqueeze(
        factor,
        Array.from({ length: targetRank - rank }, (_, axis) => rank + axis),
      );
}

/**
 * The sum of entries over valid steps, and their count.
 *
 * @param validSteps 1 at valid steps and 0 past the lengths, where entries add exactly 0 even if not finite; null: all
 * valid.
 */
export function maskedSum(
  b: Builder,
  entries: Value,
  validSteps: Value | null,
): { readonly total: Value; readonly count: Value } {
  if (validSteps === null) return { total: b.sum(entries), count: b.cast(b.size(entries), "float32") };
  const mask = broadcastTrailing(b, validSteps, entries);
  return {
    total: b.sum(b.where(b.greater(mask, 0), entries, 0)),
    count: b.sum(b.expand(mask, entries.type.shape)),
  };
}
