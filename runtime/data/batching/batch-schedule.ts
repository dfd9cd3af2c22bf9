/** The examples of each step: a pure function of the step, so that a run resumes exactly from any step. */
import { batchSizeOf, microBatchesOf } from "../../../schema/micro-batches.js";
import type { NormalTrain } from "../../../schema/normal/index.js";
import { randomStream } from "../../tensors/random.js";

export interface BatchSchedule {
  /** Examples in an epoch. */
  readonly examples: number;
  /** Examples in the largest batch. */
  readonly batchSize: number;
  readonly batchesPerEpoch: number;
  /** The last step of the run. */
  readonly steps: number;
  /** The epoch of a step, both from 1. */
  epochOf(step: number): number;
  /** True when every step reads the same examples in the same order. */
  readonly isConstant: boolean;
  /** Examples that a step reads. */
  batchSizeAt(step: number): number;
  /** Number of steps from this one on whose batches have the same shape, at least 1. */
  sameShapeRun(step: number): number;
  /** True when the states of stateful layers start a step at zero. */
  resetsStatesAt(step: number): boolean;
  /** Indices of the examples that `count` steps read, batch after batch. */
  indicesAt(first: number, count: number): Uint32Array;
}

/** The batches of one epoch. */
interface Epoch {
  /** Indices of the examples, batch after batch. */
  readonly examples: Uint32Array;
  /** The start of each batch in `examples`, and the end of the last one. */
  readonly offsets: Uint32Array;
  /** For each batch, the number of batches from it on that have its shape. */
  readonly sameShapeRuns: Uint32Array;
}

/** Consecutive batches of one bucket: enough for calls of several steps, few enough to mix lengths. */
const BUCKET_CHUNK = 8;

/**
 * @param buckets indices of the training examples. A batch has examples of one bucket, whose batches have one shape.
 */
export function createBatchSchedule(train: NormalTrain, seed: number, buckets: readonly Uint32Array[]): BatchSchedule {
  // Every batch divides into equal micro-batches: the remainder of each epoch is dropped after shuffling.
  const microBatches = microBatchesOf(train);
  const usableLength = ({ length }: Uint32Array) => length - (length % microBatches);
  const groups = typeof train.batch_size === "number" ? buckets : [concatenate(buckets)];
  const examples = groups.reduce((sum, group) => sum + usableLength(group), 0);
  const largest = groups.reduce((most, group) => Math.max(most, usableLength(group)), 0);
  const batchSize = batchSizeOf(train, typeof train.batch_size === "number" ? largest : examples);
  const batchesPerEpoch = groups.reduce((sum, group) => sum + Math.ceil(usableLength(group) / batchSize), 0);
  // In a single batch the order of the examples changes only rounding.
  const isShuffled = train.shuffle && batchesPerEpoch > 1;
  const isUniform = groups.length === 1 && examples % batchSize === 0;
  let epochNumber = 0;
  let currentEpoch: Epoch = {
    examples: new Uint32Array(0),
    offsets: new Uint32Array(0),
    sameShapeRuns: new Uint32Array(0),
  };

  const epochOf = (step: number) => Math.floor((step - 1) / batchesPerEpoch) + 1;
  /** The epoch of a step, and the index of its batch in the epoch. */
  const locate = (step: number): readonly [Epoch, number] => {
    // Without shuffling all epochs are equal to the first.
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
    // Independent examples carry no states from batch to batch.
    resetsStatesAt: () => false,
    indicesAt(first, count) {
      return concatenate(Array.from({ length: count }, (_, index) => batchIndices(first + index)));
    },
  };
}

/** The batches of an epoch: chunks of up to BUCKET_CHUNK batches per bucket, in shuffled order. */
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
    // A single bucket is one chunk.
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

/** The order of the examples in an epoch (`name`, from 1): a Fisher–Yates permutation, or ascending. */
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
