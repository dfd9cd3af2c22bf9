/** How wide a step of a loop is: the measure by which work that only passes over memory goes into loops or out of them. */
import { elementCount } from "../../ir/dims.js";
import type { Shape } from "../../ir/types.js";
import { expectedSize, type PassContext } from "../pass.js";

/**
 * Entries of one step's slice from which calling a kernel for each step costs less than passing over all steps at once: a slice is
 * still in the cache when the next operation reads it, and all steps together are not.
 */
const MIN_WIDE_ELEMENTS = 2 ** 12;

/** Whether a slice has at least so many entries as far as it is known; without caches there is nothing to be wide for. */
export function isWide(slice: Shape, context: PassContext): boolean {
  const { cached = true } = context;
  return cached && expectedSize(elementCount(slice), context, 0) >= MIN_WIDE_ELEMENTS;
}
