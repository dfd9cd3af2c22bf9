/**
 * Comparison of sizes that must be equal. A size that only the data defines may still be equal, so it is no problem
 * yet.
 */
import { symbolsOf } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Dim, Shape } from "../ir/types.js";

/** Symbols of axes that vary at run time: each differs from every other size. */
const runtimeSymbols: readonly string[] = ["batch", "time", "target_time"];

/** True for equal sizes; undefined where the answer depends on the data. */
export function sizesAgree(a: Dim, b: Dim): boolean | undefined {
  if (a === b) return true;
  const isUnknown = [a, b].flatMap(symbolsOf).some((symbol) => !runtimeSymbols.includes(symbol));
  return isUnknown ? undefined : false;
}

/** True for equal shapes; undefined where the answer depends on the data. */
export function shapesAgree(a: Shape, b: Shape): boolean | undefined {
  if (a.length !== b.length) return false;
  const agreements = a.map((size, axis) => sizesAgree(size, at(b, axis)));
  return agreements.includes(false) ? false : agreements.includes(undefined) ? undefined : true;
}
