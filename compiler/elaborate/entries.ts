/** Entries that count: all of them, or with lengths those of live steps. */
import type { Builder } from "../ir/builder.js";
import type { Value } from "../ir/types.js";

/** A factor per step [time, batch] with the axes that entries have behind those. */
export function perEntry(b: Builder, factor: Value, each: Value): Value {
  const [own, wanted] = [factor.type.shape.length, each.type.shape.length];
  return own === wanted
    ? factor
    : b.unsqueeze(
        factor,
        Array.from({ length: wanted - own }, (_, axis) => own + axis),
      );
}

/**
 * The sum of a number per entry over the live ones, and how many those are.
 *
 * @param live 1 at live steps and 0 past the lengths, whose entries add exactly 0 whatever stands there; null: all are live.
 */
export function overLive(
  b: Builder,
  each: Value,
  live: Value | null,
): { readonly total: Value; readonly count: Value } {
  if (live === null) return { total: b.sum(each), count: b.cast(b.size(each), "float32") };
  const mask = perEntry(b, live, each);
  return {
    total: b.sum(b.where(b.greater(mask, 0), each, 0)),
    count: b.sum(b.expand(mask, each.type.shape)),
  };
}
