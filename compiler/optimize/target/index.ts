/** Targets, and the sizes that a pass compares with their bounds. */
import { elementCount, evaluateDim } from "../../ir/dims.js";
import type { Dim, Shape } from "../../ir/types.js";
import type { PassContext } from "../pass.js";
import { cpu } from "./cpu.js";
import { cuda } from "./cuda.js";
import type { Target } from "./target.js";
import { webgpu } from "./webgpu.js";

export { cpu } from "./cpu.js";
export { cuda } from "./cuda.js";
export type { Target } from "./target.js";
export { webgpu } from "./webgpu.js";

/** Devices that train models of fixed sizes without loops. */
export const staticTargets = { cuda, webgpu } as const;
export type StaticTarget = keyof typeof staticTargets;

export function targetOf({ target = cpu }: PassContext): Target {
  return target;
}

/** The expected value of a dim; `fallback` when a symbol of it has no expected value. */
export function expectedSize(dim: Dim, { expected }: PassContext, fallback: number): number {
  return evaluateDim(dim, expected) ?? fallback;
}

/**
 * True when one step's slice is so wide that a kernel call per step costs less than a pass over all steps at once: a
 * slice is still in the cache when the next operation reads it, and all steps together are not. Unknown sizes count as
 * narrow.
 */
export function isWide(slice: Shape, context: PassContext): boolean {
  return expectedSize(elementCount(slice), context, 0) >= targetOf(context).wideSliceElements;
}
