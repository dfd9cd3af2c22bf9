/** Shards: the consecutive rows of a batch that a rank reads, divided as evenly as possible. */
import type { Indices } from "../data/splits.js";
import { elementCount } from "../tensors/array.js";
import type { Tensors } from "../tensors/safetensors.js";
import type { Communicator } from "./communicator.js";

type RankPosition = Pick<Communicator, "rank" | "size">;

export interface Shard {
  /** The rank's rows of each micro-batch, concatenated; may be empty. */
  readonly examples: Indices;
  /** The index of the first row in its micro-batch, and the rows of a whole micro-batch. */
  readonly firstRow: number;
  readonly totalRows: number;
}

/** The rows of a rank: from the first up to, not including, the second. */
export function rowRange(rows: number, { rank, size }: RankPosition): readonly [number, number] {
  return [Math.floor((rows * rank) / size), Math.floor((rows * (rank + 1)) / size)];
}

export function shardBatch(batch: Uint32Array, microBatches: number, rank: RankPosition): Shard {
  const totalRows = batch.length / microBatches;
  const [firstRow, end] = rowRange(totalRows, rank);
  const examples = new Uint32Array(microBatches * (end - firstRow));
  for (let microBatch = 0; microBatch < microBatches; microBatch++) {
    const start = microBatch * totalRows;
    examples.set(batch.subarray(start + firstRow, start + end), microBatch * (end - firstRow));
  }
  return { examples, firstRow, totalRows };
}

/** A rank's rows of tensors with a batch axis. */
export function sliceRows(tensors: Tensors, rank: RankPosition): Tensors {
  const entries = [...tensors].map(([name, { shape, data }]) => {
    const [rows = 0, ...rest] = shape;
    const [from, to] = rowRange(rows, rank);
    const rowSize = data.length / rows;
    return [name, { shape: [to - from, ...rest], data: data.slice(from * rowSize, to * rowSize) }] as const;
  });
  return new Map(entries);
}

/** The tensors of the whole batch, from the rows of each rank. */
export function allGatherRows(tensors: Tensors, rows: number, communicator: Communicator): Tensors {
  const [from, to] = rowRange(rows, communicator);
  const entries = [...tensors].map(([name, { shape, data }]) => {
    const rest = shape.slice(1);
    const rowSize = elementCount(rest);
    const allRows = new Float32Array(rows * rowSize);
    allRows.set(data.subarray(0, (to - from) * rowSize), from * rowSize);
    communicator.allReduce(allRows);
    return [name, { shape: [rows, ...rest], data: allRows }] as const;
  });
  return new Map(entries);
}
