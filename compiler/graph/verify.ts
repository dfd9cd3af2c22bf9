/** The invariants of a graph, checked after every stage: a graph that breaks one is the compiler's fault. */
import { printShape, sameShape } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Graph, Node, NodeOf, OpName, Value } from "../ir/types.js";
import { hasInferredTypes, inferTypes } from "./builder.js";

/**
 * Throws unless the graph is closed, in order, in single assignment, and every type is the one that its node infers, in
 * the graph and in every loop body.
 *
 * @param stage what made the graph, for the message.
 */
export function verify(graph: Graph, stage: string): Graph {
  const fail = (message: string): never => {
    throw new Error(`after ${stage}, in ${graph.name}: ${message}`);
  };
  const defined = new Set<Value>();
  const define = (value: Value, where: string) => {
    if (defined.has(value)) fail(`${value.name ?? "a value"} is defined twice (${where})`);
    defined.add(value);
  };
  for (const input of graph.inputs) define(input, "as an input");
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (!defined.has(input)) fail(`${node.op} reads ${input.name ?? "a value"} before it is made`);
    }
    if (!hasInferredTypes(node)) verifyTypes(node, fail);
    for (const output of node.outputs) define(output, node.op);
    if (node.op === "Scan") verify(node.attributes.body, stage);
  }
  for (const output of graph.outputs) {
    if (!defined.has(output)) fail(`output ${output.name ?? "·"} is never made`);
  }
  return graph;
}

function verifyTypes(node: Node, fail: (message: string) => never): void {
  const types = inferTypes(node.op, node.inputs, (node as NodeOf<OpName>).attributes);
  if (types.length !== node.outputs.length) fail(`${node.op} makes ${types.length} values, not ${node.outputs.length}`);
  node.outputs.forEach(({ type }, index) => {
    const { dtype, shape } = at(types, index);
    if (type.dtype !== dtype || !sameShape(type.shape, shape))
      fail(`${node.op} makes ${dtype}${printShape(shape)}, not ${type.dtype}${printShape(type.shape)}`);
  });
}
