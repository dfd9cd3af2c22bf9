/** Names of values of which a later node may replace entries, such as the NaN of a softmax over nothing. */
import type { GraphProto, ModelProgram, NodeProto } from "../onnx/read/program.js";

/** Operators whose results have the entries of their first operand. */
const movements = new Set(["Cast", "CastLike", "Identity", "Reshape", "Transpose", "Squeeze", "Unsqueeze"]);

/** The values that Where chooses from or IsNaN tests, and those that they are moved entries of. */
export function replacedNames({ graph, functions }: ModelProgram): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (nodes: readonly NodeProto[]): void => {
    // Readers come after the nodes that they read.
    for (const { operator, inputs, outputs, attributes } of nodes.toReversed()) {
      for (const { graph: body } of attributes.values()) if (body !== undefined) visitGraph(body);
      const [first = "", ...others] = inputs;
      if (operator === "Where") for (const name of others) names.add(name);
      else if (operator === "IsNaN" || (movements.has(operator) && outputs.some((name) => names.has(name))))
        names.add(first);
    }
  };
  const visitGraph = (body: GraphProto): void => visit(body.nodes);
  visitGraph(graph);
  for (const { nodes } of functions.values()) visit(nodes);
  return names;
}
