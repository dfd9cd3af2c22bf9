/** Sizes that must meet: a size that only the data knows may turn out right, so it is no problem yet. */
import { symbolsOf } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Dim, Shape } from "../ir/types.js";

/** Axes that vary from run to run: these symbols are sizes of their own, and differ from every other. */
const runtimeSymbols: readonly string[] = ["batch", "time", "target_time"];

/** Whether two sizes are the same; undefined when only the data can tell. */
export function sizesAgree(a: Dim, b: Dim): boolean | undefined {
  if (a === b) return true;
  const isUnknown = [a, b].flatMap(symbolsOf).some((symbol) => !runtimeSymbols.includes(symbol));
  return isUnknown ? undefined : false;
}

/** Whether two shapes are the same; undefined when only the data can tell. */
export function shapesAgree(a: Shape, b: Shape): boolean | undefined {
  if (a.length !== b.length) return false;
  const agreements = a.map((size, axis) => sizesAgree(size, at(b, axis)));
  return agreements.includes(false) ? false : agreements.includes(undefined) ? undefined : true;
}
