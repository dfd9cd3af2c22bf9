/** Gathers windows and variable-length sequences of a series into batches. */
import type { NumericArray } from "../../tensors/array.js";

export interface FloatList<T extends Float32Array | Float64Array> {
  readonly length: number;
  /** Copies the numbers from index `from` up to `to` into `target`, starting at `offset`. */
  copy(target: T, offset: number, from: number, to: number): void;
  /** All numbers in read-only chunks. */
  chunks(): Iterable<T>;
}

/** A series of rows of `width` numbers in memory. */
export type InMemorySeries =
  | { readonly dtype: "float32"; readonly width: number; readonly data: Float32Array }
  | { readonly dtype: "int32"; readonly width: number; readonly data: Int32Array };

/** A series that may be stored in a file. */
export type FloatSeries = { readonly dtype: "float32"; readonly width: number; readonly data: FloatList<Float32Array> };

export type Series = InMemorySeries | FloatSeries;

/** The windows of a series: window i starts at row i * stride + shift and has `length` rows. */
export interface WindowLayout {
  readonly stride: number;
  readonly shift: number;
  readonly length: number;
}

/** The windows at `indices` as an array of `shape`. */
export function gatherWindows(
  series: Series,
  { stride, shift, length }: WindowLayout,
  indices: ArrayLike<number>,
  shape: readonly number[],
): NumericArray {
  const starts = Float64Array.from(indices, (index) => index * stride + shift);
  return gather(series, starts, () => length, length, shape);
}

/** Rows of a series at `offsets` from each start, as an array of `shape`. */
export function gatherRows(
  series: Series,
  starts: ArrayLike<number>,
  offsets: readonly number[],
  shape: readonly number[],
): NumericArray {
  const isWindow = offsets.every((offset, index) => index === 0 || offset === (offsets[index - 1] ?? 0) + 1);
  const [shift = 0] = offsets;
  if (isWindow) return gatherWindows(series, { stride: 1, shift, length: offsets.length }, starts, shape);
  const rows = Float64Array.from({ length: starts.length * offsets.length }, (_, index) => {
    const example = Math.floor(index / offsets.length);
    return (starts[example] ?? 0) + (offsets[index - example * offsets.length] ?? 0);
  });
  return gather(series, rows, () => 1, 1, shape);
}

/** Sequences at `indices`, sequence i from `starts[i]` to `starts[i + 1]`, zero-padded to `length` rows. */
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

/** The lengths of sequences. */
export function gatherLengths(starts: ArrayLike<number>, indices: ArrayLike<number>): NumericArray {
  const data = new BigInt64Array(indices.length);
  for (let row = 0; row < indices.length; row++) {
    const index = indices[row] ?? 0;
    data[row] = BigInt((starts[index + 1] ?? 0) - (starts[index] ?? 0));
  }
  return { dtype: "int64", shape: [indices.length], data };
}

/** A batch has thousands of short windows, so no object is allocated per window. */
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

/** Up to this length a loop is faster than allocating a view. */
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
