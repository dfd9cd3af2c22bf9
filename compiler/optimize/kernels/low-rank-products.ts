/**
 * Products with a matrix plus a low-rank product: x @ (W + s · A @ B) = x @ W + s · (x @ A) @ B. The gradient of A and B
 * then needs no gradient of the whole matrix. E. Hu et al., LoRA, ICLR 2022, equation 3.
 */
import { type RewriteRule, type RewriteSite, rewrite } from "../../graph/rewrite.js";
import { at } from "../../ir/expect.js";
import { staticShape } from "../../ir/tensor.js";
import type { Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";

interface LowRank {
  readonly matrix: Value;
  readonly left: Value;
  readonly right: Value;
  /** Null for 1. */
  readonly scale: Value | null;
}

/** The terms of a sum of an input of the graph and a product of two narrow matrices. */
function lowRankOf(value: Value, producer: RewriteSite["producer"]): LowRank | undefined {
  const sum = producer(value);
  if (sum?.op !== "Add") return undefined;
  const [first, second] = [at(sum.inputs, 0), at(sum.inputs, 1)];
  for (const [matrix, term] of [
    [first, second],
    [second, first],
  ] as const) {
    const node = producer(term);
    const isScaled = node?.op === "Mul" && node.inputs.some(({ type }) => type.shape.length === 0);
    const scale = isScaled ? (node.inputs.find(({ type }) => type.shape.length === 0) ?? null) : null;
    const product = isScaled ? producer(at(node.inputs, scale === node.inputs[0] ? 1 : 0)) : node;
    if (product?.op !== "MatMul" || producer(matrix) !== undefined) continue;
    const [left, right] = [at(product.inputs, 0), at(product.inputs, 1)];
    const [rows = 0, columns = 0] = staticShape(matrix.type.shape) ?? [];
    const [, rank = 0] = staticShape(left.type.shape) ?? [];
    const isMatrix = [matrix, left, right].every(({ type }) => type.shape.length === 2);
    // Multiply-adds for each row of x.
    if (isMatrix && rank > 0 && rank * (rows + columns) < rows * columns) return { matrix, left, right, scale };
  }
  return undefined;
}

const rule: RewriteRule = (node, { b, inputs, producer }) => {
  const [x, weight] = inputs;
  if (node.op !== "MatMul" || x === undefined || weight?.type.shape.length !== 2) return undefined;
  const source = producer(weight);
  const isTransposed = source?.op === "Transpose";
  const terms = lowRankOf(isTransposed ? at(source.inputs, 0) : weight, producer);
  if (terms === undefined) return undefined;
  const { matrix, left, right, scale } = terms;
  const transposed = (value: Value) => (isTransposed ? b.transpose(value, [1, 0]) : value);
  const [inner, outer] = isTransposed ? [right, left] : [left, right];
  const low = b.matmul(b.matmul(x, transposed(inner)), transposed(outer));
  return [b.add(b.matmul(x, transposed(matrix)), scale === null ? low : b.mul(low, scale))];
};

export const lowRankProducts: Pass = {
  name: "low-rank-products",
  description: "Multiplies by the factors of a low-rank sum: x @ (W + s · A @ B) → x @ W + s · (x @ A) @ B.",
  run: (graph) => rewrite(graph, rule),
};
