/** Turn: a matrix that a loop multiplies by at every step is laid out once, before the loop, as its kernel reads it best. */
import { graphBuilder } from "../graph/build.js";
import { counterparts } from "../graph/counterparts.js";
import { copyNode, rewrite, scanOperands } from "../graph/rewrite.js";
import type { Builder } from "../ir/builder.js";
import { elements } from "../ir/dims.js";
import { at } from "../ir/present.js";
import type { Dim, Graph, Node, NodeOf, Value } from "../ir/types.js";
import { expectedSize, type Pass, type PassContext } from "./pass.js";

/** Fewer steps than these do not pay for turning a matrix; and smaller matrices stay in the cache, however they lie. */
const STEPS = 8;
const ENTRIES = 2 ** 19;

/**
 * The kernel lays its right operand out anew at each call. Up to so many rows it is quicker with the matrix on the left, where it is read
 * as it lies, and the few rows turned before and after.
 */
const FEW_ROWS = 48;

/** The multiplication by a value of the body as it stands: x @ w, or x @ w + c. */
function productWith(node: Node, matrix: Value): NodeOf<"MatMul"> | NodeOf<"Gemm"> | undefined {
  if (node.op !== "MatMul" && (node.op !== "Gemm" || node.attributes.transB)) return undefined;
  const [left, right, term] = node.inputs;
  return right === matrix && left !== matrix && term !== matrix && left?.type.shape.length === 2 ? node : undefined;
}

/** Whether a captured matrix is read by products alone, of more than one row. */
function isTurnable(matrix: Value, body: Graph, context: PassContext): boolean {
  const { shape } = matrix.type;
  if (shape.length !== 2 || expectedSize(elements(shape), context, 0) < ENTRIES) return false;
  const readers = body.nodes.filter((node) => node.inputs.includes(matrix));
  const isOne = (dim: Dim | undefined) => dim !== undefined && expectedSize(dim, context, 0) === 1;
  const isProduct = (node: Node) => productWith(node, matrix) && !isOne(node.inputs[0]?.type.shape[0]);
  return !body.outputs.includes(matrix) && readers.length > 0 && readers.every(isProduct);
}

/** x @ w + c from wᵀ. */
function productFrom(
  b: Builder,
  product: NodeOf<"MatMul"> | NodeOf<"Gemm">,
  operands: readonly Value[],
  context: PassContext,
) {
  const [x, turned, term] = [at(operands, 0), at(operands, 1), operands[2]];
  const transA = product.op === "Gemm" && product.attributes.transA;
  const rows = expectedSize(at(x.type.shape, 0), context, Number.POSITIVE_INFINITY);
  if (transA || rows > FEW_ROWS) return b.gemm(x, turned, term, transA, true);
  const result = b.transpose(b.matmul(turned, b.transpose(x, [1, 0])), [1, 0]);
  return term === undefined ? result : b.add(result, term);
}

/** The body with some of its captured matrices turned. */
function withTurned(body: Graph, turned: ReadonlySet<Value>, context: PassContext): Graph {
  const b = graphBuilder(body.name);
  const here = counterparts(b);
  for (const input of body.inputs) {
    const shape = turned.has(input) ? input.type.shape.toReversed() : input.type.shape;
    here.set(input, b.input(input.name, { dtype: input.type.dtype, shape }));
  }
  for (const node of body.nodes) {
    const operands = node.inputs.map(here.of);
    const matrix = node.inputs[1];
    const product = matrix !== undefined && turned.has(matrix) ? productWith(node, matrix) : undefined;
    here.take(node, product === undefined ? copyNode(b, node, operands) : [productFrom(b, product, operands, context)]);
  }
  return b.finish(body.outputs.map(here.of));
}

export const turn: Pass = {
  name: "turn",
  description:
    "In a loop, x @ W → Gemm(x, Wᵀ, transB), or for few rows (Wᵀ @ xᵀ)ᵀ, with Wᵀ made before it: the kernel reads it as it lies.",
  run: (graph, context) =>
    rewrite(graph, (node, { b, inputs, producer }) => {
      if (node.op !== "Scan" || expectedSize(node.attributes.length, context, STEPS) < STEPS) return undefined;
      const { body } = node.attributes;
      const { captures } = scanOperands(node).inner;
      const turned = new Set(captures.filter((matrix) => isTurnable(matrix, body, context)));
      if (turned.size === 0) return undefined;
      const outer = (operand: Value): Value => {
        const made = producer(operand);
        const isTurned = made?.op === "Transpose" && made.attributes.perm.join() === "1,0";
        return isTurned ? at(made.inputs, 0) : b.transpose(operand, [1, 0]);
      };
      const operands = inputs.map((operand, index) => (turned.has(at(body.inputs, index)) ? outer(operand) : operand));
      return b.apply("Scan", operands, { ...node.attributes, body: withTurned(body, turned, context) });
    }),
};
