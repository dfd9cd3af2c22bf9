/** Which examples make up each step: a pure function of the step, so that a run resumes anywhere exactly. */
import { batchSizeOf, microBatchesOf } from "../../../schema/micro-batches.js";
import type { NormalTrain } from "../../../schema/normal/index.js";
import { randomStream } from "../../tensors/random.js";

export interface BatchSchedule {
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
  readonly isConstant: boolean;
  /** How many examples a step reads. */
  batchSizeAt(step: number): number;
  /** How many steps from this one on have batches of the same shape, at least 1. */
  sameShapeRun(step: number): number;
  /** Whether the states of stateful layers are zero at the start of a step. */
  resetsStatesAt(step: number): boolean;
  /** The numbers of the examples that `count` steps read, one batch after the other. */
  indicesAt(first: number, count: number): Uint32Array;
}

/** The batches of one epoch. */
interface Epoch {
  /** The examples of all batches, one after the other. */
  readonly examples: Uint32Array;
  /** Where each batch starts, and where the last ends. */
  readonly offsets: Uint32Array;
  /** For each batch, how many from it on have its shape. */
  readonly sameShapeRuns: Uint32Array;
}

/** Consecutive batches of one bucket: enough for calls of several steps, few enough to mix lengths. */
const BUCKET_CHUNK = 8;

/** `buckets` are the examples to train on; a batch holds examples of one bucket, whose batches have one shape. */
export function createBatchSchedule(train: NormalTrain, seed: number, buckets: readonly Uint32Array[]): BatchSchedule {
  // The last batch of an epoch falls into equal portions too: what is over is left out, after shuffling.
  const microBatches = microBatchesOf(train);
  const usableLength = ({ length }: Uint32Array) => length - (length % microBatches);
  const groups = typeof train.batch_size === "number" ? buckets : [concatenate(buckets)];
  const examples = groups.reduce((sum, group) => sum + usableLength(group), 0);
  const largest = groups.reduce((most, group) => Math.max(most, usableLength(group)), 0);
  const batchSize = batchSizeOf(train, typeof train.batch_size === "number" ? largest : examples);
  const batchesPerEpoch = groups.reduce((sum, group) => sum + Math.ceil(usableLength(group) / batchSize), 0);
  // With every example in one batch their order changes no gradient, only rounding.
  const isShuffled = train.shuffle && batchesPerEpoch > 1;
  const isUniform = groups.length === 1 && examples % batchSize === 0;
  let epochNumber = 0;
  let currentEpoch: Epoch = {
    examples: new Uint32Array(0),
    offsets: new Uint32Array(0),
    sameShapeRuns: new Uint32Array(0),
  };

  const epochOf = (step: number) => Math.floor((step - 1) / batchesPerEpoch) + 1;
  /** The epoch of a step, and the place of its batch there. */
  const locate = (step: number): readonly [Epoch, number] => {
    // In their own order all epochs are the first.
    const targetEpoch = isShuffled ? epochOf(step) : 1;
    if (targetEpoch !== epochNumber) {
      epochNumber = targetEpoch;
      currentEpoch = createEpoch(groups, usableLength, batchSize, seed, epochNumber, isShuffled);
    }
    return [currentEpoch, (step - 1) % batchesPerEpoch];
  };
  const batchIndices = (step: number) => {
    const [{ examples, offsets }, batchIndex] = locate(step);
    return examples.subarray(offsets[batchIndex], offsets[batchIndex + 1]);
  };

  return {
    examples,
    batchSize,
    batchesPerEpoch,
    steps: train.steps ?? (train.epochs ?? 0) * batchesPerEpoch,
    epochOf,
    isConstant: batchesPerEpoch === 1 && !isShuffled,
    batchSizeAt: (step) => (isUniform ? batchSize : batchIndices(step).length),
    sameShapeRun(step) {
      if (isUniform) return Number.POSITIVE_INFINITY;
      const [{ sameShapeRuns }, batchIndex] = locate(step);
      return sameShapeRuns[batchIndex] ?? 1;
    },
    // Batches of examples that have nothing to do with one another carry no states.
    resetsStatesAt: () => false,
    indicesAt(first, count) {
      return concatenate(Array.from({ length: count }, (_, index) => batchIndices(first + index)));
    },
  };
}

/** The batches of an epoch: those of each bucket, a few at a time, the buckets in turns by chance. */
function createEpoch(
  buckets: readonly Uint32Array[],
  usableLength: (bucket: Uint32Array) => number,
  batchSize: number,
  seed: number,
  epochNumber: number,
  isShuffled: boolean,
): Epoch {
  const chunks = buckets.flatMap((bucketExamples, bucket) => {
    const name = buckets.length === 1 ? epochNumber : `${epochNumber}/${bucket}`;
    const shuffled = shuffledIndices(seed, name, bucketExamples.length, isShuffled).map(
      (index) => bucketExamples[index] ?? 0,
    );
    const order = shuffled.subarray(0, usableLength(bucketExamples));
    // Without other buckets there is nothing to mix with.
    const size = buckets.length === 1 ? order.length : batchSize * BUCKET_CHUNK;
    return Array.from({ length: Math.ceil(order.length / size) }, (_, index) =>
      order.subarray(index * size, (index + 1) * size),
    );
  });
  const chunkOrder = shuffledIndices(seed, `${epochNumber}/turns`, chunks.length, isShuffled);
  const orderedChunks = Array.from(chunkOrder, (chunkIndex) => chunks[chunkIndex] ?? new Uint32Array(0));

  const batchStarts: number[] = [];
  const sameShapeRuns: number[] = [];
  let end = 0;
  for (const { length } of orderedChunks) {
    const fullBatches = Math.floor(length / batchSize);
    for (let batch = 0; batch < Math.ceil(length / batchSize); batch++) {
      batchStarts.push(end + batch * batchSize);
      sameShapeRuns.push(Math.max(1, fullBatches - batch));
    }
    end += length;
  }
  return {
    examples: concatenate(orderedChunks),
    offsets: Uint32Array.from(batchStarts.concat(end)),
    sameShapeRuns: Uint32Array.from(sameShapeRuns),
  };
}

function concatenate(arrays: readonly Uint32Array[]): Uint32Array {
  const result = new Uint32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const array of arrays) {
    result.set(array, offset);
    offset += array.length;
  }
  return result;
}

/** An order of examples, by its name (an epoch, from 1): a permutation by Fisher and Yates, or as they come. */
export function shuffledIndices(
  seed: number,
  name: number | string,
  examples: number,
  isShuffled: boolean,
): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(examples);
  for (let index = 0; index < examples; index++) order[index] = index;
  if (!isShuffled) return order;
  const random = randomStream(seed, "order", name);
  for (let last = examples - 1; last > 0; last--) {
    const swapIndex = random.below(last + 1);
    const example = order[swapIndex] ?? 0;
    order[swapIndex] = order[last] ?? 0;
    order[last] = example;
  }
  return order;
}
