/** Windows and runs of consecutive rows of a series, gathered into batches. */
import type { NumericArray } from "./source.js";

export interface FloatList<T extends Float32Array | Float64Array> {
  readonly length: number;
  /** Copies the numbers from one place to another into `target`, from its place `at` on. */
  copy(target: T, at: number, from: number, to: number): void;
  /** All numbers, a piece at a time; a piece must not be changed. */
  pieces(): Iterable<T>;
}

/** A series of rows in memory, each of `width` numbers. */
export type HeldSeries =
  | { readonly dtype: "float32"; readonly width: number; readonly data: Float32Array }
  | { readonly dtype: "int32"; readonly width: number; readonly data: Int32Array };

/** A series that may lie in a file. */
export type FloatSeries = { readonly dtype: "float32"; readonly width: number; readonly data: FloatList<Float32Array> };

export type Series = HeldSeries | FloatSeries;

/** Where the windows of a series lie: window i is the rows i * stride + shift, …, `length` of them. */
export interface Windows {
  readonly stride: number;
  readonly shift: number;
  readonly length: number;
}

/** The windows of some numbers, one after the other, in an array of `shape`. */
export function gatherWindows(
  series: Series,
  { stride, shift, length }: Windows,
  indices: ArrayLike<number>,
  shape: readonly number[],
): NumericArray {
  const places = Array.from(indices, (index) => ({ start: index * stride + shift, length }));
  return gather(series, places, length, shape);
}

/** Runs of any length, run i from `starts[i]` to `starts[i + 1]`, each in `length` rows of which the last are zeros. */
export function gatherRuns(
  series: Series,
  starts: ArrayLike<number>,
  indices: ArrayLike<number>,
  length: number,
  shape: readonly number[],
): NumericArray {
  const places = Array.from(indices, (index) => {
    const start = starts[index] ?? 0;
    return { start, length: (starts[index + 1] ?? start) - start };
  });
  return gather(series, places, length, shape);
}

function gather(
  { dtype, width, data }: Series,
  places: readonly { readonly start: number; readonly length: number }[],
  length: number,
  shape: readonly number[],
): NumericArray {
  const each = (copy: (at: number, from: number, to: number) => void) => {
    for (const [row, { start, length: count }] of places.entries())
      copy(row * length * width, start * width, Math.min((start + count) * width, data.length));
  };
  const size = places.length * length * width;
  if (dtype === "float32") {
    const gathered = new Float32Array(size);
    if ("copy" in data) each((at, from, to) => data.copy(gathered, at, from, to));
    else each((at, from, to) => gathered.set(data.subarray(from, to), at));
    return { dtype, shape, data: gathered };
  }
  const gathered = new Int32Array(size);
  each((at, from, to) => gathered.set(data.subarray(from, to), at));
  return { dtype, shape, data: gathered };
}
