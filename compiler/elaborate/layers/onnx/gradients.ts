/** The values of a model that the gradient of its output reaches. */
import { ruleOf } from "../../../graph/builder.js";
import type { Graph, OpName, Value } from "../../../ir/types.js";

/** Values with a path to the output on which every primitive has a derivative. */
export function differentiableValues(graph: Graph, output: Value): ReadonlySet<Value> {
  const reached = new Set([output]);
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((value) => reached.has(value)) || ruleOf<OpName>(node.op).vjp === "none") continue;
    for (const input of node.inputs) if (input.type.dtype === "float32") reached.add(input);
  }
  return reached;
}
