/**
 * Deltas of features over time, the slope of the line through five frames (S. Young et al., The HTK Book, 2006, 5.9):
 * d_t = sum of n (c_{t+n} - c_{t-n}) for n = 1, 2, over 10. Frames before the first are the first one, those after the
 * last valid one that one, as in torchaudio's `compute_deltas`.
 */
import type { Builder } from "../ir/builder.js";
import { addDims } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import { lastValid } from "./wire.js";

/** Frames on each side. */
const REACH = 2;

/** The features [frames, batch, size], then their deltas, then the deltas of these, up to an order. */
export function withDeltas(b: Builder, features: Value, mask: Value | null, order: number): Value {
  const all = [features];
  for (let index = 0; index < order; index++) all.push(deltas(b, at(all, index), mask));
  return all.length === 1 ? features : b.concat(all, -1);
}

function deltas(b: Builder, features: Value, mask: Value | null): Value {
  const count = at(features.type.shape, 0);
  const first = b.slice(features, 0, 0, 1);
  const last = b.unsqueeze(lastValid(b, features, mask), [0]);
  const valid = mask === null ? features : b.where(mask, features, last);
  const sides = Array.from({ length: REACH });
  const extended = b.concat([...sides.map(() => first), valid, ...sides.map(() => last)], 0);
  const shifted = (by: number) => b.slice(extended, 0, REACH + by, addDims(count, REACH + by));
  const terms = sides.map((_, index) => b.mul(b.sub(shifted(index + 1), shifted(-index - 1)), index + 1));
  return b.mul(
    terms.reduce((sum, term) => b.add(sum, term)),
    0.1,
  );
}
