/**
 * Rotary position embedding (J. Su et al., 2021): entries i and i + size / 2 of a query or key turn as a pair by the
 * angle position · 10000^(-2i / size), so that their products depend on the distance of their positions.
 */
import type { Builder } from "../../../ir/builder.js";
import { at } from "../../../ir/expect.js";
import type { Value } from "../../../ir/types.js";
import { anglesOf } from "../../positions.js";

/** Factors [steps, 1 or batch, 1, size] of the entries, and of the entries with their halves swapped. */
export interface Rotation {
  readonly own: Value;
  readonly swapped: Value;
}

/** @param positions int64 [steps, 1 or batch]. */
export function rotationOf(b: Builder, positions: Value, size: number): Rotation {
  const angles = b.unsqueeze(anglesOf(b, positions, size), [2]);
  const [cosine, sine] = [b.cos(angles), b.sin(angles)];
  return { own: b.concat([cosine, cosine], -1), swapped: b.concat([b.neg(sine), sine], -1) };
}

/** The rotated [steps, batch, heads, size] queries or keys: x1 cos - x2 sin, x2 cos + x1 sin of their halves. */
export function rotate(b: Builder, value: Value, { own, swapped }: Rotation): Value {
  const half = Number(at(value.type.shape, 3)) / 2;
  const [first, second] = b.split(value, [half, half], 3);
  const halvesSwapped = b.concat([second as Value, first as Value], 3);
  return b.add(b.mul(value, own), b.mul(halvesSwapped, swapped));
}
