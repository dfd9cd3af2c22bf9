/** The part of a batch that one of several processes reads: rows that follow one another, as many as the others' or one more or less. */
import type { Indices } from "../data/splits.js";
import { elementCount } from "../tensors/array.js";
import type { Tensors } from "../tensors/safetensors.js";
import type { Communicator } from "./communicator.js";

type RankPosition = Pick<Communicator, "rank" | "size">;

export interface Shard {
  /** The rows of each portion of the batch, one portion after the other; perhaps none. */
  readonly examples: Indices;
  /** The place of the first row in its portion, and the rows of the whole portion. */
  readonly firstRow: number;
  readonly totalRows: number;
}

/** The rows of a rank, from the first up to the last. */
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

/** A rank's rows of tensors that have one for each row of a batch. */
export function sliceRows(tensors: Tensors, rank: RankPosition): Tensors {
  const entries = [...tensors].map(([name, { shape, data }]) => {
    const [rows = 0, ...rest] = shape;
    const [from, to] = rowRange(rows, rank);
    const rowSize = data.length / rows;
    return [name, { shape: [to - from, ...rest], data: data.slice(from * rowSize, to * rowSize) }] as const;
  });
  return new Map(entries);
}

/** The tensors of all rows from those of each rank. */
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
