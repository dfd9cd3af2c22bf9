/**
 * Small tensors as one vector. An update is the same arithmetic on every entry of every parameter, and for a small tensor
 * calling a kernel costs more than its arithmetic; so small parameters are updated, and carried from step to step, together.
 */
import type { Builder } from "../ir/builder.js";
import { elements } from "../ir/dims.js";
import { at } from "../ir/present.js";
import type { Value } from "../ir/types.js";

/** Entries up to which a tensor is small: moving more costs as much as the calls that are saved. */
const SMALL = 2 ** 14;

function sizeOf({ type }: Value): number {
  return Number(elements(type.shape));
}

/** The places of the tensors that lie together; none where there are not several. */
export function smallOnes(tensors: readonly Value[]): readonly number[] {
  const places = tensors.flatMap((tensor, place) => (sizeOf(tensor) <= SMALL ? [place] : []));
  return places.length > 1 ? places : [];
}

/** The entries of some tensors, one after the other. */
export function pack(b: Builder, tensors: readonly Value[]): Value {
  const flat = tensors.map((tensor) => b.reshape(tensor, [elements(tensor.type.shape)]));
  return b.concat(flat, 0);
}

/** Tensors of the shapes of others, from the vector of their entries. */
export function unpack(b: Builder, vector: Value, like: readonly Value[]): readonly Value[] {
  return b.split(vector, like.map(sizeOf), 0).map((part, index) => b.reshape(part, at(like, index).type.shape));
}
