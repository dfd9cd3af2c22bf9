/** Rows of arrays: gathered, sliced, and converted to nested lists. */
import { elementCount, type NumericArray } from "./array.js";

/** The rows at `indices` of the first axis, as a new array. */
export function gatherRows(array: NumericArray, indices: ArrayLike<number>): NumericArray {
  const rest = array.shape.slice(1);
  const width = elementCount(rest);
  const shape = [indices.length, ...rest];
  const length = indices.length * width;
  switch (array.dtype) {
    case "float32":
      return { dtype: "float32", shape, data: copyRows(array.data, indices, width, new Float32Array(length)) };
    case "int32":
      return { dtype: "int32", shape, data: copyRows(array.data, indices, width, new Int32Array(length)) };
    case "int64":
      return { dtype: "int64", shape, data: copyRows(array.data, indices, width, new BigInt64Array(length)) };
  }
}

/** A view of the first rows. */
export function firstRows(array: NumericArray, rows: number): NumericArray {
  const [total = 0, ...rest] = array.shape;
  const shape = [rows, ...rest];
  const length = (array.data.length / total) * rows;
  switch (array.dtype) {
    case "float32":
      return { dtype: "float32", shape, data: array.data.subarray(0, length) };
    case "int32":
      return { dtype: "int32", shape, data: array.data.subarray(0, length) };
    case "int64":
      return { dtype: "int64", shape, data: array.data.subarray(0, length) };
  }
}

interface Elements<T> extends ArrayLike<T> {
  subarray(start: number, end: number): ArrayLike<T>;
}

function copyRows<T, D extends { set(source: ArrayLike<T>, offset: number): void }>(
  source: Elements<T>,
  indices: ArrayLike<number>,
  width: number,
  target: D,
): D {
  for (let row = 0; row < indices.length; row++) {
    const start = (indices[row] ?? 0) * width;
    target.set(source.subarray(start, start + width), row * width);
  }
  return target;
}

/** Nested lists of numbers, one per row of the first axis. */
export function nestedRows(array: { readonly shape: readonly number[]; readonly data: Numbers }): readonly unknown[] {
  const values = decimalsOf(array.data);
  const nest = (axis: number, start: number): unknown => {
    const size = array.shape[axis];
    if (size === undefined) return values[start];
    const width = elementCount(array.shape.slice(axis + 1));
    return Array.from({ length: size }, (_, index) => nest(axis + 1, start + index * width));
  };
  const rows = nest(0, 0);
  return Array.isArray(rows) ? rows : [rows];
}

type Numbers = NumericArray["data"] | Float64Array;

/** Numbers as they are printed: those of float32 with the digits that float32 has. */
export function decimalsOf(data: Numbers): number[] {
  return data instanceof Float32Array ? Array.from(data, shortestDecimal) : Array.from(data, Number);
}

/** The shortest decimal that rounds to the same float32: 0.3, not 0.30000001192092896. */
export function shortestDecimal(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return Number(value.toPrecision(9));
}
