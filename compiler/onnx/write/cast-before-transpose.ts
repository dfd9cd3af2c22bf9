/** Casts in front of transposes: Transpose → Cast → MatMul is written as Cast → Transpose → MatMul. */
import { rewrite } from "../../graph/rewrite.js";
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { DType, Graph, Node, Value } from "../../ir/types.js";

/**
 * MatmulTransposeFusion of ONNX Runtime 1.30 swaps the Transpose and the Cast before it compares the ranks of the
 * product's operands. If they differ, it leaves nodes without kernels: on CUDA the session is refused ("Failed to find
 * kernel for Cast(-1)"), and on the CPU the process crashes. The graph is the same one where nothing matches.
 */
export function castBeforeTranspose(graph: Graph): Graph {
  const multiplied = multipliedCasts(graph);
  if (multiplied.size === 0) return graph;
  const rewritten = rewrite(graph, (node, { b, inputs, producer }) => {
    if (node.op !== "Cast" || !multiplied.has(node)) return undefined;
    const x = at(inputs, 0);
    return producer(x)?.op === "Transpose" ? [castSource(b, x, node.attributes.to, producer)] : undefined;
  });
  return rewritten === graph ? graph : withoutUnreadTransposes(rewritten);
}

function castSource(b: Builder, x: Value, to: DType, producer: (value: Value) => Node | undefined): Value {
  const node = producer(x);
  return node?.op === "Transpose"
    ? b.transpose(castSource(b, at(node.inputs, 0), to, producer), node.attributes.perm)
    : b.cast(x, to);
}

/** True for operations that ONNX Runtime may fuse into the product that reads them, or remove. */
function isFused({ op, inputs }: Node): boolean {
  if (op === "Cast" || op === "Identity") return true;
  return (op === "Mul" || op === "Div") && inputs.some(({ type }) => type.shape.length === 0);
}

/** The casts whose results are factors of a product, in loop bodies too. */
function multipliedCasts(graph: Graph): ReadonlySet<Node> {
  const casts = new Set<Node>();
  const factors = new Set<Value>();
  for (const node of graph.nodes.toReversed()) {
    const isFactor = node.outputs.some((output) => factors.has(output));
    if (node.op === "MatMul" || node.op === "Gemm" || (isFactor && isFused(node)))
      for (const input of node.inputs) factors.add(input);
    if (node.op === "Cast" && isFactor) casts.add(node);
    if (node.op === "Scan") for (const cast of multipliedCasts(node.attributes.body)) casts.add(cast);
  }
  return casts;
}

function withoutUnreadTransposes(graph: Graph): Graph {
  const read = new Set(graph.outputs);
  const nodes: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (node.op === "Transpose" && !node.outputs.some((output) => read.has(output))) continue;
    for (const input of node.inputs) read.add(input);
    nodes.push(
      node.op === "Scan"
        ? { ...node, attributes: { ...node.attributes, body: withoutUnreadTransposes(node.attributes.body) } }
        : node,
    );
  }
  return { ...graph, nodes: nodes.reverse() };
}
