/** Rules of simplify for casts to and from float16: what can be made in its type at once is not turned afterwards. */
import type { RewriteRule } from "../../../graph/rewrite.js";
import { elementCount } from "../../../ir/dims.js";
import { at } from "../../../ir/expect.js";

export const castRules: readonly RewriteRule[] = [
  (node, { b, inputs, producer }) => {
    if (node.op !== "Cast") return undefined;
    const { to } = node.attributes;
    const x = at(inputs, 0);
    const inner = producer(x);
    if (inner === undefined || (to !== "float16" && x.type.dtype !== "float16")) return undefined;
    const source = inner.inputs[0];
    if (inner.op === "OneHot") return [b.oneHot(at(inner.inputs, 0), inner.attributes.depth, to)];
    // Flags are 0 and 1 in any type, and float32 holds every float16.
    if (inner.op === "Cast" && source !== undefined) {
      if (source.type.dtype === "bool" || (source.type.dtype === "float16" && x.type.dtype === "float32"))
        return [b.cast(source, to)];
      return undefined;
    }
    if (inner.op === "Expand" && source !== undefined && elementCount(source.type.shape) !== elementCount(x.type.shape))
      return [b.expand(b.cast(source, to), inner.attributes.shape)];
    return undefined;
  },
];
