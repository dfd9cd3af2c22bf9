/** What may be done for many steps at once and still give the very numbers of each step by itself: the numbers of a run do not depend on the steps in a call. */
import { elementCount } from "../ir/dims.js";
import type { Node } from "../ir/types.js";
import { elementwise } from "../ops/elementwise.js";
import { movement } from "../ops/movement.js";
import { expectedSize, type PassContext } from "./pass.js";

/** Entries up to which a result is small: there are as many of it as there are steps in a call. */
const MAX_SMALL_ELEMENTS = 2 ** 9;

/** Operations that may round one way in the middle of a vector and another way at its end. */
const inexact: ReadonlySet<string> = new Set(["Exp", "Log", "Cos", "Tanh", "Sigmoid", "Softplus", "Pow"]);

export function isExact({ op }: Node): boolean {
  return (op in elementwise && !inexact.has(op)) || op in movement || ["OneHot", "Gather", "Size"].includes(op);
}

/** An operation on numbers, which is exact where each number stands in the middle of a vector. */
export function isInexactScalar({ op, outputs }: Node): boolean {
  return inexact.has(op) && outputs.every(({ type }) => type.shape.length === 0);
}

export function isSmall({ outputs }: Node, context: PassContext): boolean {
  return outputs.every(
    ({ type }) => expectedSize(elementCount(type.shape), context, Number.POSITIVE_INFINITY) <= MAX_SMALL_ELEMENTS,
  );
}
