/** The part of a batch that one of several processes reads: rows that follow one another, as many as the others' or one more or less. */
import type { Indices } from "../data/splits.js";
import type { Tensors } from "../safetensors.js";
import type { Ranks } from "./ranks.js";

type Place = Pick<Ranks, "rank" | "size">;

export interface Shard {
  /** The rows of each portion of the batch, one portion after the other; perhaps none. */
  readonly examples: Indices;
  /** The place of the first row in its portion, and the rows of the whole portion. */
  readonly first: number;
  readonly whole: number;
}

/** The rows of a rank, from the first up to the last. */
export function rowsOf(rows: number, { rank, size }: Place): readonly [number, number] {
  return [Math.floor((rows * rank) / size), Math.floor((rows * (rank + 1)) / size)];
}

export function shardOf(batch: Uint32Array, portions: number, ranks: Place): Shard {
  const whole = batch.length / portions;
  const [first, end] = rowsOf(whole, ranks);
  const examples = new Uint32Array(portions * (end - first));
  for (let portion = 0; portion < portions; portion++) {
    const start = portion * whole;
    examples.set(batch.subarray(start + first, start + end), portion * (end - first));
  }
  return { examples, first, whole };
}

/** A rank's rows of tensors that have one for each row of a batch. */
export function ownRows(tensors: Tensors, ranks: Place): Tensors {
  const own = [...tensors].map(([name, { shape, data }]) => {
    const [rows = 0, ...rest] = shape;
    const [from, to] = rowsOf(rows, ranks);
    const each = data.length / rows;
    return [name, { shape: [to - from, ...rest], data: data.slice(from * each, to * each) }] as const;
  });
  return new Map(own);
}

/** The tensors of all rows from those of each rank. */
export function gatherRows(tensors: Tensors, rows: number, ranks: Ranks): Tensors {
  const [from, to] = rowsOf(rows, ranks);
  const all = [...tensors].map(([name, { shape, data }]) => {
    const rest = shape.slice(1);
    const each = rest.reduce((product, size) => product * size, 1);
    const whole = new Float32Array(rows * each);
    whole.set(data.subarray(0, (to - from) * each), from * each);
    ranks.sum(whole);
    return [name, { shape: [rows, ...rest], data: whole }] as const;
  });
  return new Map(all);
}
