/** Rules for casts to and from float16: a value is computed in its final dtype where that is exact. */
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
    // A bool is 0 or 1 in any dtype, and float32 represents every float16.
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
