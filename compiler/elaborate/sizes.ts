/** Sizes that must meet: a size that only the data knows may turn out right, so it is no problem yet. */
import { symbolsOf } from "../ir/dims.js";
import { at } from "../ir/present.js";
import type { Dim, Shape } from "../ir/types.js";

/** Axes that vary from run to run: these symbols are sizes of their own, and differ from every other. */
const varying: readonly string[] = ["batch", "time", "target_time"];

/** Whether two sizes are the same; undefined when only the data can tell. */
export function sameSize(a: Dim, b: Dim): boolean | undefined {
  if (a === b) return true;
  const open = [a, b].flatMap(symbolsOf).some((symbol) => !varying.includes(symbol));
  return open ? undefined : false;
}

/** Whether two shapes are the same; undefined when only the data can tell. */
export function sameSizes(a: Shape, b: Shape): boolean | undefined {
  if (a.length !== b.length) return false;
  const compared = a.map((size, axis) => sameSize(size, at(b, axis)));
  return compared.includes(false) ? false : compared.includes(undefined) ? undefined : true;
}
