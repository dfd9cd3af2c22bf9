/** Windows over a series: runs of consecutive rows, gathered into batches. */
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
  { dtype, width, data }: Series,
  { stride, shift, length }: Windows,
  indices: ArrayLike<number>,
  shape: readonly number[],
): NumericArray {
  const size = length * width;
  const copy = (target: Float32Array | Int32Array) => {
    for (let row = 0; row < indices.length; row++) {
      const start = ((indices[row] ?? 0) * stride + shift) * width;
      target.set(data.subarray(start, start + size), row * size);
    }
  };
  if (dtype === "float32") {
    const gathered = new Float32Array(indices.length * size);
    copy(gathered);
    return { dtype, shape, data: gathered };
  }
  const gathered = new Int32Array(indices.length * size);
  copy(gathered);
  return { dtype, shape, data: gathered };
}
