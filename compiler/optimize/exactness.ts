/**
 * Bit-exactness of batching over the steps of a call: the results of a training do not depend on the number of steps
 * per call, so a node may leave the loop over the steps only when its batched result is bit-identical to the results
 * per step.
 */
import { elementCount } from "../ir/dims.js";
import type { Node } from "../ir/types.js";
import { traitsOf } from "../ops/index.js";
import type { PassContext } from "./pass.js";
import { expectedSize, targetOf } from "./target/index.js";

/** True when a batched result has the bits of the single ones at any size. */
export function isExact(node: Node): boolean {
  return traitsOf(node).bitExact === "yes";
}

/**
 * A function of scalars that MLAS rounds alike only on full vectors: it computes the tail of an array by other code.
 */
export function isInexactScalar(node: Node): boolean {
  return traitsOf(node).bitExact === "full-vectors" && node.outputs.every(({ type }) => type.shape.length === 0);
}

/** True when storing the results for all steps of a call is cheap. */
export function isSmall({ outputs }: Node, context: PassContext): boolean {
  const { smallResultElements } = targetOf(context);
  return outputs.every(
    ({ type }) => expectedSize(elementCount(type.shape), context, Number.POSITIVE_INFINITY) <= smallResultElements,
  );
}
