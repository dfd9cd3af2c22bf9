/** Windows and runs of consecutive rows of a series, gathered into batches. */
import type { NumericArray } from "../../tensors/array.js";

export interface FloatList<T extends Float32Array | Float64Array> {
  readonly length: number;
  /** Copies the numbers from one place to another into `target`, from its place `at` on. */
  copy(target: T, offset: number, from: number, to: number): void;
  /** All numbers, a piece at a time; a piece must not be changed. */
  chunks(): Iterable<T>;
}

/** A series of rows in memory, each of `width` numbers. */
export type InMemorySeries =
  | { readonly dtype: "float32"; readonly width: number; readonly data: Float32Array }
  | { readonly dtype: "int32"; readonly width: number; readonly data: Int32Array };

/** A series that may lie in a file. */
export type FloatSeries = { readonly dtype: "float32"; readonly width: number; readonly data: FloatList<Float32Array> };

export type Series = InMemorySeries | FloatSeries;

/** Where the windows of a series lie: window i is the rows i * stride + shift, …, `length` of them. */
export interface WindowLayout {
  readonly stride: number;
  readonly shift: number;
  readonly length: number;
}

/** The windows of some numbers, one after the other, in an array of `shape`. */
export function gatherWindows(
  series: Series,
  { stride, shift, length }: WindowLayout,
  indices: ArrayLike<number>,
  shape: readonly number[],
): NumericArray {
  const starts = Float64Array.from(indices, (index) => index * stride + shift);
  return gather(series, starts, () => length, length, shape);
}

/** Runs of any length, run i from `starts[i]` to `starts[i + 1]`, each in `length` rows of which the last are zeros. */
export function gatherSequences(
  series: Series,
  starts: ArrayLike<number>,
  indices: ArrayLike<number>,
  length: number,
  shape: readonly number[],
): NumericArray {
  const selectedStarts = Float64Array.from(indices, (index) => starts[index] ?? 0);
  return gather(
    series,
    selectedStarts,
    (row) => (starts[(indices[row] ?? 0) + 1] ?? 0) - (selectedStarts[row] ?? 0),
    length,
    shape,
  );
}

/** The lengths of runs. */
export function gatherLengths(starts: ArrayLike<number>, indices: ArrayLike<number>): NumericArray {
  const data = new BigInt64Array(indices.length);
  for (let row = 0; row < indices.length; row++) {
    const index = indices[row] ?? 0;
    data[row] = BigInt((starts[index + 1] ?? 0) - (starts[index] ?? 0));
  }
  return { dtype: "int64", shape: [indices.length], data };
}

/** A batch has thousands of windows, most of them short: nothing is made for each. */
function gather(
  { dtype, width, data }: Series,
  starts: Float64Array,
  lengthOf: (row: number) => number,
  length: number,
  shape: readonly number[],
): NumericArray {
  const forEachRow = (copy: (offset: number, from: number, to: number) => void) => {
    for (let row = 0; row < starts.length; row++) {
      const start = starts[row] ?? 0;
      copy(row * length * width, start * width, Math.min((start + lengthOf(row)) * width, data.length));
    }
  };
  const size = starts.length * length * width;
  if (dtype === "float32") {
    const gathered = new Float32Array(size);
    if ("copy" in data) forEachRow((offset, from, to) => data.copy(gathered, offset, from, to));
    else forEachRow((offset, from, to) => copyNumbers(gathered, offset, data, from, to));
    return { dtype, shape, data: gathered };
  }
  const gathered = new Int32Array(size);
  forEachRow((offset, from, to) => copyNumbers(gathered, offset, data, from, to));
  return { dtype, shape, data: gathered };
}

/** Numbers up to which a loop copies them sooner than a view of them is made. */
const LOOP_COPY_LIMIT = 64;

export function copyNumbers<T extends Float32Array | Float64Array | Int32Array>(
  target: T,
  offset: number,
  numbers: T,
  from: number,
  to: number,
): void {
  if (to - from > LOOP_COPY_LIMIT) target.set(numbers.subarray(from, to), offset);
  else for (let index = from; index < to; index++) target[offset + index - from] = numbers[index] ?? 0;
}
