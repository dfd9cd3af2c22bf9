/** The invariants of a graph, checked after every stage. A violation is an error in the compiler. */
import { printShape, sameShape } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import type { Graph, Node, Value } from "../ir/types.js";
import { hasInferredTypes, inferTypes } from "./builder.js";

/**
 * Throws unless the graph is closed, in topological order and in single assignment, and every output has its inferred
 * type, in the graph and in every loop body. Returns the graph.
 *
 * @param stage the stage that produced the graph, for the message.
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
      if (!defined.has(input)) fail(`${node.op} reads ${input.name ?? "a value"} before it is defined`);
    }
    if (!hasInferredTypes(node)) verifyTypes(node, fail);
    for (const output of node.outputs) define(output, node.op);
    if (node.op === "Scan") verify(node.attributes.body, stage);
  }
  for (const output of graph.outputs) {
    if (!defined.has(output)) fail(`output ${output.name ?? "·"} is never defined`);
  }
  return graph;
}

function verifyTypes(node: Node, fail: (message: string) => never): void {
  const types = inferTypes(node.op, node.inputs, node.attributes);
  if (types.length !== node.outputs.length) fail(`${node.op} has ${types.length} outputs, not ${node.outputs.length}`);
  node.outputs.forEach(({ type }, index) => {
    const { dtype, shape } = at(types, index);
    if (type.dtype !== dtype || !sameShape(type.shape, shape))
      fail(`${node.op} gives ${dtype}${printShape(shape)}, not ${type.dtype}${printShape(type.shape)}`);
  });
}
