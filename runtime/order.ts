/** Which examples make up each step: a pure function of the step, so that a run resumes anywhere exactly. */
import { batchSizeOf, portionsOf } from "../schema/batches.js";
import type { NormalTrain } from "../schema/normal.js";
import { stream } from "./random.js";

export interface Schedule {
  /** Examples in an epoch. */
  readonly examples: number;
  /** Examples in the largest batches. */
  readonly batchSize: number;
  readonly batchesPerEpoch: number;
  /** The step that the run ends at. */
  readonly steps: number;
  /** The epoch of a step, both from 1. */
  epochOf(step: number): number;
  /** Whether every step reads the same examples in the same order. */
  readonly repeats: boolean;
  /** How many examples a step reads. */
  batchSizeAt(step: number): number;
  /** How many steps from this one on have batches of the same shape, at least 1. */
  alikeFrom(step: number): number;
  /** Whether the states of stateful layers are zero at the start of a step. */
  restartsAt(step: number): boolean;
  /** The numbers of the examples that `count` steps read, one batch after the other. */
  batchesAt(first: number, count: number): Uint32Array;
}

/** The batches of one epoch. */
interface Epoch {
  /** The examples of all batches, one after the other. */
  readonly examples: Uint32Array;
  /** Where each batch starts, and where the last ends. */
  readonly bounds: Uint32Array;
  /** For each batch, how many from it on have its shape. */
  readonly alike: Uint32Array;
}

/** Consecutive batches of one bucket: enough for calls of several steps, few enough to mix lengths. */
const batchesTogether = 8;

/** `buckets` are the examples to train on; a batch holds examples of one bucket, whose batches have one shape. */
export function schedule(train: NormalTrain, seed: number, buckets: readonly Uint32Array[]): Schedule {
  // The last batch of an epoch falls into equal portions too: what is over is left out, after shuffling.
  const portions = portionsOf(train);
  const read = ({ length }: Uint32Array) => length - (length % portions);
  const groups = typeof train.batch_size === "number" ? buckets : [joined(buckets)];
  const examples = groups.reduce((sum, group) => sum + read(group), 0);
  const largest = groups.reduce((most, group) => Math.max(most, read(group)), 0);
  const batchSize = batchSizeOf(train, typeof train.batch_size === "number" ? largest : examples);
  const batchesPerEpoch = groups.reduce((sum, group) => sum + Math.ceil(read(group) / batchSize), 0);
  // With every example in one batch their order changes no gradient, only rounding.
  const shuffle = train.shuffle && batchesPerEpoch > 1;
  const uniform = groups.length === 1 && examples % batchSize === 0;
  let number = 0;
  let inMemory: Epoch = { examples: new Uint32Array(0), bounds: new Uint32Array(0), alike: new Uint32Array(0) };

  const epochOf = (step: number) => Math.floor((step - 1) / batchesPerEpoch) + 1;
  /** The epoch of a step, and the place of its batch there. */
  const find = (step: number): readonly [Epoch, number] => {
    // In their own order all epochs are the first.
    const wanted = shuffle ? epochOf(step) : 1;
    if (wanted !== number) {
      number = wanted;
      inMemory = epoch(groups, read, batchSize, seed, number, shuffle);
    }
    return [inMemory, (step - 1) % batchesPerEpoch];
  };
  const batchAt = (step: number) => {
    const [{ examples, bounds }, place] = find(step);
    return examples.subarray(bounds[place], bounds[place + 1]);
  };

  return {
    examples,
    batchSize,
    batchesPerEpoch,
    steps: train.steps ?? (train.epochs ?? 0) * batchesPerEpoch,
    epochOf,
    repeats: batchesPerEpoch === 1 && !shuffle,
    batchSizeAt: (step) => (uniform ? batchSize : batchAt(step).length),
    alikeFrom(step) {
      if (uniform) return Number.POSITIVE_INFINITY;
      const [{ alike }, place] = find(step);
      return alike[place] ?? 1;
    },
    // Batches of examples that have nothing to do with one another carry no states.
    restartsAt: () => false,
    batchesAt(first, count) {
      return joined(Array.from({ length: count }, (_, index) => batchAt(first + index)));
    },
  };
}

/** The batches of an epoch: those of each bucket, a few at a time, the buckets in turns by chance. */
function epoch(
  buckets: readonly Uint32Array[],
  read: (bucket: Uint32Array) => number,
  batchSize: number,
  seed: number,
  number: number,
  shuffle: boolean,
): Epoch {
  const portions = buckets.flatMap((members, bucket) => {
    const name = buckets.length === 1 ? number : `${number}/${bucket}`;
    const all = orderOf(seed, name, members.length, shuffle).map((place) => members[place] ?? 0);
    const order = all.subarray(0, read(members));
    // Without other buckets there is nothing to mix with.
    const size = buckets.length === 1 ? order.length : batchSize * batchesTogether;
    return Array.from({ length: Math.ceil(order.length / size) }, (_, index) =>
      order.subarray(index * size, (index + 1) * size),
    );
  });
  const turns = orderOf(seed, `${number}/turns`, portions.length, shuffle);
  const inOrder = Array.from(turns, (turn) => portions[turn] ?? new Uint32Array(0));

  const starts: number[] = [];
  const alike: number[] = [];
  let end = 0;
  for (const { length } of inOrder) {
    const whole = Math.floor(length / batchSize);
    for (let batch = 0; batch < Math.ceil(length / batchSize); batch++) {
      starts.push(end + batch * batchSize);
      alike.push(Math.max(1, whole - batch));
    }
    end += length;
  }
  return { examples: joined(inOrder), bounds: Uint32Array.from(starts.concat(end)), alike: Uint32Array.from(alike) };
}

function joined(parts: readonly Uint32Array[]): Uint32Array {
  const whole = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let filled = 0;
  for (const part of parts) {
    whole.set(part, filled);
    filled += part.length;
  }
  return whole;
}

/** An order of examples, by its name (an epoch, from 1): a permutation by Fisher and Yates, or as they come. */
export function orderOf(
  seed: number,
  name: number | string,
  examples: number,
  shuffle: boolean,
): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(examples);
  for (let index = 0; index < examples; index++) order[index] = index;
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
