/** Buckets: sequences of similar length, so that a batch of them is padded little. */
import type { Indices } from "../splits.js";

export interface Buckets {
  /** The training part, parted by length, none empty. */
  readonly buckets: readonly Indices[];
  /** The steps that a batch of some examples has: the longest length of the bucket that their longest is in. */
  paddedLength(examples: ArrayLike<number>): number;
}

/** Parts the training examples into at most `count` buckets of about equal numbers; equal lengths share one. */
export function bucketize(lengths: readonly number[], train: Indices, count: number): Buckets {
  const sorted = Array.from(train, (example) => lengths[example] ?? 0).sort((a, b) => a - b);
  const quantiles = Array.from({ length: count }, (_, bucket) => {
    return sorted[Math.max(0, Math.ceil((sorted.length * (bucket + 1)) / count) - 1)] ?? 0;
  });
  const bounds = [...new Set(quantiles)];
  const bucketOf = (length: number) => bounds.findIndex((bound) => length <= bound);
  return {
    buckets: bounds.map((_, bucket) => train.filter((example) => bucketOf(lengths[example] ?? 0) === bucket)),
    paddedLength(examples) {
      let longest = 1;
      for (let row = 0; row < examples.length; row++) longest = Math.max(longest, lengths[examples[row] ?? 0] ?? 0);
      // Nothing that is not trained on needs the shape of a bucket.
      return bounds[bucketOf(longest)] ?? longest;
    },
  };
}
