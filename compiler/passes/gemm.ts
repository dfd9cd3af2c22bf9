/** Gemm: a product of matrices with a turned factor or a term to add is one node. */
import { rewrite } from "../graph/rewrite.js";
import { broadcastShapes, sameShape } from "../ir/dims.js";
import type { Graph, Node, Value } from "../ir/types.js";
import { at } from "../ops/rule.js";
import { countReaders } from "./loop-body.js";
import type { Pass } from "./pass.js";

const isMatrix = (value: Value) => value.type.shape.length === 2;

/** x @ yᵀ → Gemm with the turn inside. */
function turned(graph: Graph): Graph {
  return rewrite(graph, (node, { b, inputs, producer }) => {
    if (node.op !== "MatMul" || !inputs.every(isMatrix)) return undefined;
    const parts = inputs.map((input) => {
      const made: Node | undefined = producer(input);
      return made?.op === "Transpose" ? { value: at(made.inputs, 0), turn: true } : { value: input, turn: false };
    });
    const [x, y] = [at(parts, 0), at(parts, 1)];
    return x.turn || y.turn ? [b.gemm(x.value, y.value, undefined, x.turn, y.turn)] : undefined;
  });
}

/** x @ y + c → Gemm, where the product is read by that sum alone. */
function withTerm(graph: Graph): Graph {
  const readers = new Map<Value, number>();
  const count = (part: Graph) => {
    for (const [value, times] of countReaders(part)) readers.set(value, times);
    for (const node of part.nodes) if (node.op === "Scan") count(node.attributes.body);
  };
  count(graph);
  return rewrite(graph, (node, { b, inputs, producer }) => {
    if (node.op !== "Add") return undefined;
    for (const index of [0, 1]) {
      const product = producer(at(inputs, index));
      const c = at(inputs, 1 - index);
      if (product === undefined || readers.get(at(node.inputs, index)) !== 1) continue;
      const isProduct = product.op === "MatMul" ? product.inputs.every(isMatrix) : product.op === "Gemm";
      if (!isProduct || product.inputs.length !== 2) continue;
      const shape = at(product.outputs, 0).type.shape;
      if (!sameShape(broadcastShapes(shape, c.type.shape) ?? [], shape)) continue;
      const { transA, transB } = product.op === "Gemm" ? product.attributes : { transA: false, transB: false };
      return [b.gemm(at(product.inputs, 0), at(product.inputs, 1), c, transA, transB)];
    }
    return undefined;
  });
}

export const gemm: Pass = {
  name: "gemm",
  description: "A product of matrices with a turned factor or an added term is one Gemm: x @ y + c → Gemm(x, y, c).",
  run: (graph) => withTerm(turned(graph)),
};
