/** Windows and runs of consecutive rows of a series, gathered into batches. */
import type { NumericArray } from "./source.js";

/** A series of rows, each of `width` numbers. */
export type Series =
  | { readonly dtype: "float32"; readonly width: number; readonly data: Float32Array }
  | { readonly dtype: "int32"; readonly width: number; readonly data: Int32Array };

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
  const copy = (target: Float32Array | Int32Array) => {
    for (const [row, place] of places.entries()) {
      const run = data.subarray(place.start * width, (place.start + place.length) * width);
      target.set(run, row * length * width);
    }
  };
  const size = places.length * length * width;
  if (dtype === "float32") {
    const gathered = new Float32Array(size);
    copy(gathered);
    return { dtype, shape, data: gathered };
  }
  const gathered = new Int32Array(size);
  copy(gathered);
  return { dtype, shape, data: gathered };
}
