/** Buckets of sequences of similar length, which keep the padding of their batches small. */
import type { Indices } from "../splits.js";

export interface Buckets {
  /** The training split by length; no bucket is empty. */
  readonly buckets: readonly Indices[];
  /** The padded length of a batch: the longest length in the bucket of its longest example. */
  paddedLength(examples: ArrayLike<number>): number;
}

/** Divides the training examples into at most `count` buckets of about equal size; equal lengths share a bucket. */
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
      // An evaluation example longer than all buckets keeps its own length.
      return bounds[bucketOf(longest)] ?? longest;
    },
  };
}
