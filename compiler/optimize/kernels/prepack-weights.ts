/**
 * Weight prepacking: a weight that a loop multiplies by at every step is transposed once, before the loop. MLAS packs
 * the right operand of SGEMM on every call (ONNX Runtime 1.30); a transposed one it reads in order, and for few rows
 * the product with the weight on the left needs no packing. Speedup of a step: 1.03 for 3 × 512
 * with 50 rows, 1.12 for 1 × 512 with 16 rows.
 */
import { copyGraph } from "../../graph/copy-graph.js";
import { transposedOperand } from "../../graph/def-use.js";
import { rewrite, scanOperands } from "../../graph/rewrite.js";
import type { Builder } from "../../ir/builder.js";
import { elementCount } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Graph, Node, NodeOf, Value } from "../../ir/types.js";
import type { Pass, PassContext } from "../pass.js";
import { expectedSize, targetOf } from "../target/index.js";

/** The node, when it is x @ w or x @ w + c with the matrix w on the right, not transposed. */
function productWith(node: Node, matrix: Value): NodeOf<"MatMul"> | NodeOf<"Gemm"> | undefined {
  if (node.op !== "MatMul" && (node.op !== "Gemm" || node.attributes.transB)) return undefined;
  const [left, right, bias] = node.inputs;
  return right === matrix && left !== matrix && bias !== matrix && left?.type.shape.length === 2 ? node : undefined;
}

/**
 * True when only such products of more than one row read a captured matrix, and its size exceeds the target's bound.
 */
function canPrepack(matrix: Value, body: Graph, context: PassContext): boolean {
  const { shape } = matrix.type;
  const { minElements } = targetOf(context).prepackWeights;
  if (shape.length !== 2 || expectedSize(elementCount(shape), context, 0) < minElements) return false;
  const readers = body.nodes.filter((node) => node.inputs.includes(matrix));
  const isOne = (dim: Dim | undefined) => dim !== undefined && expectedSize(dim, context, 0) === 1;
  const isProduct = (node: Node) => productWith(node, matrix) && !isOne(node.inputs[0]?.type.shape[0]);
  return !body.outputs.includes(matrix) && readers.length > 0 && readers.every(isProduct);
}

/** x @ w + c from wᵀ: Gemm(x, wᵀ, c, transB), or for few rows (wᵀ @ xᵀ)ᵀ + c. */
function productWithTransposed(
  b: Builder,
  product: NodeOf<"MatMul"> | NodeOf<"Gemm">,
  operands: readonly Value[],
  context: PassContext,
) {
  const [x, transposed, bias] = [at(operands, 0), at(operands, 1), operands[2]];
  const transA = product.op === "Gemm" && product.attributes.transA;
  const rows = expectedSize(at(x.type.shape, 0), context, Number.POSITIVE_INFINITY);
  if (transA || rows > targetOf(context).prepackWeights.maxRowsWeightLeft)
    return b.gemm(x, transposed, bias, transA, true);
  const result = b.transpose(b.matmul(transposed, b.transpose(x, [1, 0])), [1, 0]);
  return bias === undefined ? result : b.add(result, bias);
}

/** The body with some of its captures transposed. */
function withPrepacked(body: Graph, prepacked: ReadonlySet<Value>, context: PassContext): Graph {
  return copyGraph(
    body,
    (node, b, map) => {
      const matrix = node.inputs[1];
      const product = matrix !== undefined && prepacked.has(matrix) ? productWith(node, matrix) : undefined;
      return product && [productWithTransposed(b, product, node.inputs.map(map.get), context)];
    },
    {
      inputType: (input) =>
        prepacked.has(input) ? { dtype: input.type.dtype, shape: input.type.shape.toReversed() } : input.type,
    },
  );
}

export const prepackWeights: Pass = {
  name: "prepack-weights",
  after: ["fuse-gemm"],
  description:
    "Transposes a captured weight once before its loop: x @ W → Gemm(x, Wᵀ, transB), or (Wᵀ @ xᵀ)ᵀ for few rows.",
  run: (graph, context) =>
    rewrite(graph, (node, { b, inputs, producer }) => {
      const { minTimeSteps } = targetOf(context).prepackWeights;
      if (node.op !== "Scan" || expectedSize(node.attributes.length, context, minTimeSteps) < minTimeSteps)
        return undefined;
      const { body } = node.attributes;
      const { captures } = scanOperands(node).inner;
      const prepacked = new Set(captures.filter((matrix) => canPrepack(matrix, body, context)));
      if (prepacked.size === 0) return undefined;
      const prepack = (operand: Value): Value =>
        transposedOperand(operand, [1, 0], producer) ?? b.transpose(operand, [1, 0]);
      const operands = inputs.map((operand, index) =>
        prepacked.has(at(body.inputs, index)) ? prepack(operand) : operand,
      );
      return b.apply("Scan", operands, { ...node.attributes, body: withPrepacked(body, prepacked, context) });
    }),
};
