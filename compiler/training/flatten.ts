/** Flattening of small tensors into one vector. */
import type { Builder } from "../ir/builder.js";
import { elementCount } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Value } from "../ir/types.js";

/** The largest number of entries of a small tensor: copying more costs as much as the kernel calls that are saved. */
const SMALL_TENSOR = 2 ** 14;

function sizeOf({ type }: Value): number {
  return Number(elementCount(type.shape));
}

export function isSmall(tensor: Value): boolean {
  return sizeOf(tensor) <= SMALL_TENSOR;
}

/** The entries of tensors, concatenated to one vector. */
export function flatten(b: Builder, tensors: readonly Value[]): Value {
  const vectors = tensors.map((tensor) => b.reshape(tensor, [elementCount(tensor.type.shape)]));
  return b.concat(vectors, 0);
}

/** The inverse of `flatten`: tensors with the shapes of `like`, from the vector of their entries. */
export function unflatten(b: Builder, vector: Value, like: readonly Value[]): readonly Value[] {
  return b.split(vector, like.map(sizeOf), 0).map((entries, index) => b.reshape(entries, at(like, index).type.shape));
}
