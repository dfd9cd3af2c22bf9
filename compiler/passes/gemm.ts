/** Gemm: a product of matrices with a turned factor or a term to add is one node. */
import { rewrite, type Site } from "../graph/rewrite.js";
import { broadcastShapes, sameShape } from "../ir/dims.js";
import type { Graph, Node, NodeOf, Value } from "../ir/types.js";
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
      return made?.op === "Transpose" && made.attributes.perm.join() === "1,0"
        ? { value: at(made.inputs, 0), turn: true }
        : { value: input, turn: false };
    });
    const [x, y] = [at(parts, 0), at(parts, 1)];
    return x.turn || y.turn ? [b.gemm(x.value, y.value, undefined, x.turn, y.turn)] : undefined;
  });
}

function productOf(node: Node | undefined): NodeOf<"MatMul"> | NodeOf<"Gemm"> | undefined {
  return node?.op === "Gemm" || (node?.op === "MatMul" && node.inputs.every(isMatrix)) ? node : undefined;
}

/** Whether a product has no term yet, or one that is such a product itself. */
function takesTerm(value: Value, producer: Site["producer"]): boolean {
  const product = productOf(producer(value));
  if (product === undefined) return false;
  const term = product.inputs[2];
  return term === undefined || (sameShape(term.type.shape, value.type.shape) && takesTerm(term, producer));
}

/** x @ y + c → Gemm, where the product is read by that sum alone. A term of its own takes the sum: (x @ y + p) + c → x @ y + (p + c). */
function withTerm(graph: Graph): Graph {
  const readers = new Map<Value, number>();
  const count = (part: Graph) => {
    for (const [value, times] of countReaders(part)) readers.set(value, times);
    for (const node of part.nodes) if (node.op === "Scan") count(node.attributes.body);
  };
  count(graph);
  return rewrite(graph, (node, { b, inputs, producer }) => {
    if (node.op !== "Add") return undefined;
    const [left, right] = [at(inputs, 0), at(inputs, 1)];
    for (const [index, value, other] of [
      [0, left, right],
      [1, right, left],
    ] as const) {
      const product = productOf(producer(value));
      if (product === undefined || readers.get(at(node.inputs, index)) !== 1 || !takesTerm(value, producer)) continue;
      const { shape } = value.type;
      if (!sameShape(broadcastShapes(shape, other.type.shape) ?? [], shape)) continue;
      const [x, y, term] = product.inputs;
      if (x === undefined || y === undefined) continue;
      const { transA, transB } = product.op === "Gemm" ? product.attributes : { transA: false, transB: false };
      return [b.gemm(x, y, term === undefined ? other : b.add(term, other), transA, transB)];
    }
    return undefined;
  });
}

export const gemm: Pass = {
  name: "gemm",
  description: "A product of matrices with a turned factor or an added term is one Gemm: x @ y + c → Gemm(x, y, c).",
  run: (graph) => {
    let current = turned(graph);
    for (let next = withTerm(current); next !== current; next = withTerm(next)) current = next;
    return current;
  },
};
