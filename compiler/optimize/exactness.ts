/** What may be done for many steps at once and still give the very numbers of each step by itself: the numbers of a run do not depend on the steps in a call. */
import { elementCount } from "../ir/dims.js";
import type { Node } from "../ir/types.js";
import { traitsOf } from "../ops/index.js";
import type { PassContext } from "./pass.js";
import { expectedSize, targetOf } from "./target/index.js";

export function isExact(node: Node): boolean {
  return traitsOf(node).bitExact === "yes";
}

/** An operation on numbers, which is exact where each number stands in the middle of a vector. */
export function isInexactScalar(node: Node): boolean {
  return traitsOf(node).bitExact === "full-vectors" && node.outputs.every(({ type }) => type.shape.length === 0);
}

export function isSmall({ outputs }: Node, context: PassContext): boolean {
  const { smallResultElements } = targetOf(context);
  return outputs.every(
    ({ type }) => expectedSize(elementCount(type.shape), context, Number.POSITIVE_INFINITY) <= smallResultElements,
  );
}
