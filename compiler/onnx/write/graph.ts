/** One graph, main or body, as a GraphProto. */

import type { Graph, Value } from "../../ir/types.js";
import type { GraphProto, ValueInfoProto } from "./messages.js";
import { valueInfo } from "./proto.js";
import { appendNode, nameOf, type Scope } from "./scope.js";

/**
 * Writes a graph whose inputs are declared in `scope`.
 *
 * @param inputs that the GraphProto declares.
 * @param outputNames by position; further outputs keep their own names.
 */
export function writeGraph(
  graph: Graph,
  scope: Scope,
  inputs: readonly ValueInfoProto[],
  outputNames: readonly string[],
): GraphProto {
  // Assigned before the nodes are written, so that a node's result gets its public name directly.
  const nodeOutputs = new Set(graph.nodes.flatMap((node) => (node.op === "Constant" ? [] : node.outputs)));
  const namedOutputs = new Set<Value>();
  const isDirect = graph.outputs.map((output, index) => {
    if (!nodeOutputs.has(output) || namedOutputs.has(output)) return false;
    namedOutputs.add(output);
    const name = outputNames[index];
    if (name !== undefined) scope.names.set(output, name);
    return true;
  });
  for (const value of [...graph.outputs, ...graph.nodes.flatMap((node) => node.inputs)]) scope.read.add(value);
  scope.model.writeNodes(graph, scope);
  const output = graph.outputs.map((value, index) => {
    if (isDirect[index]) return valueInfo(nameOf(scope, value), value.type);
    // An output must be the result of a node, and a node result can be one output only.
    const name = outputNames[index] ?? scope.model.freshName(value.name ?? "output");
    appendNode(scope, "Identity", [nameOf(scope, value)], [name]);
    return valueInfo(name, value.type);
  });
  return { name: graph.name, node: scope.nodes, input: [...inputs], output };
}
