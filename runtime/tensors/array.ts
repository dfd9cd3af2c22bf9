/** Row-major numeric arrays: the form in which data sources, sessions and predictions exchange numbers. */

/** The first axis of a batch is its examples. */
export type NumericArray =
  | { readonly dtype: "float32"; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: "int32"; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: "int64"; readonly shape: readonly number[]; readonly data: BigInt64Array };

/** The product of all sizes; 1 for a scalar's shape, []. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
