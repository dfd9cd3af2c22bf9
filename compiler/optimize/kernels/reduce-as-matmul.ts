/** Tally: the sum of many long rows is a product with ones, which threads share and whose kernel passes over memory once. */
import { type RewriteRule, rewrite } from "../../graph/rewrite.js";
import { elementCount } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import { expectedSize, type Pass, type PassContext } from "../pass.js";

/** Entries from which the product is quicker than the kernel of ReduceSum. */
const MIN_ELEMENTS = 2 ** 20;

/** Columns, below which a thread's share of them is short. */
const MIN_COLUMNS = 256;

function ruleFor(context: PassContext): RewriteRule {
  const { cached = true } = context;
  return (node, { b, inputs }) => {
    if (node.op !== "ReduceSum" || !cached) return undefined;
    const x = at(inputs, 0);
    const { shape, dtype } = x.type;
    const columns = shape.at(-1);
    const { axes } = node.attributes;
    const keepsLastAxis = axes.length === shape.length - 1 && axes.every((axis, index) => axis === index);
    if (columns === undefined || axes.length === 0 || !keepsLastAxis || dtype !== "float32") return undefined;
    if (expectedSize(elementCount(shape), context, 0) < MIN_ELEMENTS || expectedSize(columns, context, 0) < MIN_COLUMNS)
      return undefined;
    const rows = elementCount(shape.slice(0, -1));
    const sum = b.matmul(b.expand(b.scalar(1, dtype), [1, rows]), b.reshape(x, [rows, columns]));
    return [b.reshape(sum, at(node.outputs, 0).type.shape)];
  };
}

export const reduceAsMatmul: Pass = {
  name: "tally",
  description: "The sum of many long rows is a product with ones: ReduceSum(x, axis 0) → ones @ x.",
  run: (graph, context) => rewrite(graph, ruleFor(context)),
};
