/** Turn: a matrix that a loop multiplies by at every step is laid out once, before the loop, as its kernel reads it best. */
import { graphBuilder } from "../../graph/builder.js";
import { rewrite, scanOperands } from "../../graph/rewrite.js";
import { createValueMap } from "../../graph/value-map.js";
import type { Builder } from "../../ir/builder.js";
import { elementCount } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Graph, Node, NodeOf, Value } from "../../ir/types.js";
import type { Pass, PassContext } from "../pass.js";
import { expectedSize, targetOf } from "../target/index.js";

/** The multiplication by a value of the body as it stands: x @ w, or x @ w + c. */
function productWith(node: Node, matrix: Value): NodeOf<"MatMul"> | NodeOf<"Gemm"> | undefined {
  if (node.op !== "MatMul" && (node.op !== "Gemm" || node.attributes.transB)) return undefined;
  const [left, right, bias] = node.inputs;
  return right === matrix && left !== matrix && bias !== matrix && left?.type.shape.length === 2 ? node : undefined;
}

/** Whether a captured matrix is read by products alone, of more than one row. */
function canPrepack(matrix: Value, body: Graph, context: PassContext): boolean {
  const { shape } = matrix.type;
  const { minElements } = targetOf(context).prepackWeights;
  if (shape.length !== 2 || expectedSize(elementCount(shape), context, 0) < minElements) return false;
  const readers = body.nodes.filter((node) => node.inputs.includes(matrix));
  const isOne = (dim: Dim | undefined) => dim !== undefined && expectedSize(dim, context, 0) === 1;
  const isProduct = (node: Node) => productWith(node, matrix) && !isOne(node.inputs[0]?.type.shape[0]);
  return !body.outputs.includes(matrix) && readers.length > 0 && readers.every(isProduct);
}

/** x @ w + c from wᵀ. */
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

/** The body with some of its captured matrices turned. */
function withPrepacked(body: Graph, prepacked: ReadonlySet<Value>, context: PassContext): Graph {
  const b = graphBuilder(body.name);
  const map = createValueMap(b);
  for (const input of body.inputs) {
    const shape = prepacked.has(input) ? input.type.shape.toReversed() : input.type.shape;
    map.set(input, b.input(input.name, { dtype: input.type.dtype, shape }));
  }
  for (const node of body.nodes) {
    const operands = node.inputs.map(map.get);
    const matrix = node.inputs[1];
    const product = matrix !== undefined && prepacked.has(matrix) ? productWith(node, matrix) : undefined;
    map.record(
      node,
      product === undefined ? b.copy(node, operands) : [productWithTransposed(b, product, operands, context)],
    );
  }
  return b.finish(body.outputs.map(map.get));
}

export const prepackWeights: Pass = {
  name: "prepack-weights",
  after: ["fuse-gemm"],
  description:
    "In a loop, x @ W → Gemm(x, Wᵀ, transB), or for few rows (Wᵀ @ xᵀ)ᵀ, with Wᵀ made before it: the kernel reads it lies.",
  run: (graph, context) =>
    rewrite(graph, (node, { b, inputs, producer }) => {
      const { minTimeSteps } = targetOf(context).prepackWeights;
      if (node.op !== "Scan" || expectedSize(node.attributes.length, context, minTimeSteps) < minTimeSteps)
        return undefined;
      const { body } = node.attributes;
      const { captures } = scanOperands(node).inner;
      const prepacked = new Set(captures.filter((matrix) => canPrepack(matrix, body, context)));
      if (prepacked.size === 0) return undefined;
      const prepack = (operand: Value): Value => {
        const source = producer(operand);
        const isTransposed = source?.op === "Transpose" && source.attributes.perm.join() === "1,0";
        return isTransposed ? at(source.inputs, 0) : b.transpose(operand, [1, 0]);
      };
      const operands = inputs.map((operand, index) =>
        prepacked.has(at(body.inputs, index)) ? prepack(operand) : operand,
      );
      return b.apply("Scan", operands, { ...node.attributes, body: withPrepacked(body, prepacked, context) });
    }),
};
