/**
 * MatMul before Gather: a table with fewer rows than are gathered is multiplied first. Before differentiation the gradient
 * counts too: it adds the gathered rows into the table, so that a table with more columns costs more.
 */
import { type RewriteRule, rewrite } from "../../graph/rewrite.js";
import { elementCount } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import { ONE_HOT_ROWS } from "../../ops/indexing.js";
import type { Pass, PassContext } from "../pass.js";
import { expectedSize, targetOf } from "../target/index.js";

/** Of a product and its gradient. */
const PRODUCTS = 3;

/**
 * True where product and gradient cost less on the gathered rows than on the table, by more than a kernel call. An element
 * is added into a table in the time of as many multiply-adds as the table has rows, or ONE_HOT_ROWS.
 */
function isCheaperGathered(table: Value, indices: Value, weight: Value, context: PassContext): boolean {
  const size = (dim: Dim) => expectedSize(dim, context, 0);
  const [rows, inner] = table.type.shape.map(size) as [number, number];
  const columns = size(at(weight.type.shape, 1));
  const gathered = size(elementCount(indices.type.shape));
  const moreInProducts = PRODUCTS * (gathered - rows) * inner * columns;
  const lessInSums = Math.min(rows, ONE_HOT_ROWS) * gathered * (columns - inner);
  const { multiplyAddMicroseconds, kernelCallMicroseconds } = targetOf(context);
  return (lessInSums - moreInProducts) * multiplyAddMicroseconds > kernelCallMicroseconds;
}

function ruleFor(context: PassContext): RewriteRule {
  const count = (dim: Dim) => expectedSize(dim, context, Number.POSITIVE_INFINITY);
  return (node, { b, inputs, producer }) => {
    const [x, y] = inputs;
    if (x === undefined || y === undefined) return undefined;
    const source = producer(x);
    if (node.op === "MatMul" && y.type.shape.length === 2) {
      // onehot(i) @ W → the rows i of W.
      if (source?.op === "OneHot") return [b.gather(y, at(source.inputs, 0), 0)];
      if (source?.op !== "Gather" || source.attributes.axis !== 0) return undefined;
      const [table, indices] = [at(source.inputs, 0), at(source.inputs, 1)];
      if (table.type.shape.length !== 2 || indices.type.shape.length === 0) return undefined;
      if (count(at(table.type.shape, 0)) >= count(elementCount(indices.type.shape))) return undefined;
      if (context.precedesGradient && isCheaperGathered(table, indices, y, context)) return undefined;
      return [b.gather(b.matmul(table, y), indices, 0)];
    }
    // A vector is added to the rows of the table instead of the gathered rows.
    if (node.op === "Add") {
      const [gather, vector] = source?.op === "Gather" ? [source, y] : [producer(y), x];
      if (gather?.op !== "Gather" || gather.attributes.axis !== 0 || vector.type.shape.length !== 1) return undefined;
      const [table, indices] = [at(gather.inputs, 0), at(gather.inputs, 1)];
      if (table.type.shape.length !== 2 || table.type.shape[1] !== vector.type.shape[0]) return undefined;
      if (count(at(table.type.shape, 0)) >= count(elementCount(indices.type.shape))) return undefined;
      return [b.gather(b.add(table, vector), indices, 0)];
    }
    return undefined;
  };
}

export const matmulBeforeGather: Pass = {
  name: "matmul-before-gather",
  description:
    "Multiplies a short table before it is gathered: Gather(E, x) @ W → Gather(E @ W, x); onehot(x) @ W → Gather(W, x).",
  run: (graph, context) => rewrite(graph, ruleFor(context)),
};
