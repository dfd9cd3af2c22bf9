/** Rules of simplify for casts to and from float16: what can be made in its type at once is not turned afterwards. */
import type { Replacement } from "../graph/rewrite.js";
import { elements } from "../ir/dims.js";
import { at } from "../ir/present.js";

export const castRules: readonly Replacement[] = [
  (node, { b, inputs, producer }) => {
    if (node.op !== "Cast") return undefined;
    const { to } = node.attributes;
    const x = at(inputs, 0);
    const made = producer(x);
    if (made === undefined || (to !== "float16" && x.type.dtype !== "float16")) return undefined;
    const source = made.inputs[0];
    if (made.op === "OneHot") return [b.oneHot(at(made.inputs, 0), made.attributes.depth, to)];
    // Flags are 0 and 1 in any type, and float32 holds every float16.
    if (made.op === "Cast" && source !== undefined) {
      if (source.type.dtype === "bool" || (source.type.dtype === "float16" && x.type.dtype === "float32"))
        return [b.cast(source, to)];
      return undefined;
    }
    if (made.op === "Expand" && source !== undefined && elements(source.type.shape) !== elements(x.type.shape))
      return [b.expand(b.cast(source, to), made.attributes.shape)];
    return undefined;
  },
];
