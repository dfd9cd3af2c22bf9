/** Which examples make up each step: a pure function of the step, so that a run resumes anywhere exactly. */
import type { NormalTrain } from "../schema/normal.js";
import { stream } from "./random.js";

export interface Schedule {
  /** Examples in an epoch. */
  readonly examples: number;
  /** Examples in every batch of an epoch but the last, which may have fewer. */
  readonly batchSize: number;
  readonly batchesPerEpoch: number;
  /** The step that the run ends at. */
  readonly steps: number;
  /** The epoch of a step, both from 1. */
  epochOf(step: number): number;
  /** How many examples a step reads. */
  batchSizeAt(step: number): number;
  /** The numbers of the examples that `count` steps read, one batch after the other. */
  batchesAt(first: number, count: number): Uint32Array;
}

/** `members` are the examples to train on. */
export function schedule(train: NormalTrain, seed: number, members: Uint32Array): Schedule {
  const examples = members.length;
  const batchSize = train.batch_size === "all" ? examples : Math.min(train.batch_size, examples);
  const batchesPerEpoch = Math.ceil(examples / batchSize);
  const epochOf = (step: number) => Math.floor((step - 1) / batchesPerEpoch) + 1;
  // With every example in one batch their order changes no gradient, only rounding.
  const shuffle = train.shuffle && batchesPerEpoch > 1;
  let epochInMemory = 0;
  let order = new Uint32Array(0);

  const batchAt = (step: number) => {
    const epoch = epochOf(step);
    if (epoch !== epochInMemory) {
      order = orderOf(seed, epoch, examples, shuffle).map((place) => members[place] ?? 0);
      epochInMemory = epoch;
    }
    const start = ((step - 1) % batchesPerEpoch) * batchSize;
    return order.subarray(start, start + batchSize);
  };

  return {
    examples,
    batchSize,
    batchesPerEpoch,
    steps: train.steps ?? (train.epochs ?? 0) * batchesPerEpoch,
    epochOf,
    batchSizeAt(step) {
      const place = (step - 1) % batchesPerEpoch;
      return Math.min(batchSize, examples - place * batchSize);
    },
    batchesAt(first, count) {
      const batches = Array.from({ length: count }, (_, index) => batchAt(first + index));
      const examples = new Uint32Array(batches.reduce((sum, batch) => sum + batch.length, 0));
      let filled = 0;
      for (const batch of batches) {
        examples.set(batch, filled);
        filled += batch.length;
      }
      return examples;
    },
  };
}

/** An order of examples, by its name (an epoch, from 1): a permutation by Fisher and Yates, or as they come. */
export function orderOf(
  seed: number,
  name: number | string,
  examples: number,
  shuffle: boolean,
): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from({ length: examples }, (_, index) => index);
  if (!shuffle) return order;
  const random = stream(seed, "order", name);
  for (let last = examples - 1; last > 0; last--) {
    const chosen = random.below(last + 1);
    const example = order[chosen] ?? 0;
    order[chosen] = order[last] ?? 0;
    order[last] = example;
  }
  return order;
}
