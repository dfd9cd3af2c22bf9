/**
 * Small tensors as one vector. An update is the same arithmetic on every entry of every parameter, and for a small tensor
 * calling a kernel costs more than its arithmetic; so small parameters are updated, and carried from step to step, together.
 */
import type { Builder } from "../ir/builder.js";
import { elementCount } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Value } from "../ir/types.js";

/** Entries up to which a tensor is small: moving more costs as much as the calls that are saved. */
const SMALL_TENSOR = 2 ** 14;

function sizeOf({ type }: Value): number {
  return Number(elementCount(type.shape));
}

/** The places of the tensors that lie together; none where there are not several. */
export function smallTensorIndices(tensors: readonly Value[]): readonly number[] {
  const indices = tensors.flatMap((tensor, index) => (sizeOf(tensor) <= SMALL_TENSOR ? [index] : []));
  return indices.length > 1 ? indices : [];
}

/** The entries of some tensors, one after the other. */
export function flatten(b: Builder, tensors: readonly Value[]): Value {
  const vectors = tensors.map((tensor) => b.reshape(tensor, [elementCount(tensor.type.shape)]));
  return b.concat(vectors, 0);
}

/** Tensors of the shapes of others, from the vector of their entries. */
export function unflatten(b: Builder, vector: Value, like: readonly Value[]): readonly Value[] {
  return b.split(vector, like.map(sizeOf), 0).map((entries, index) => b.reshape(entries, at(like, index).type.shape));
}
