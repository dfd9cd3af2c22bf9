/** Restriction: the subgraph that some values depend on. */
import type { Graph, Value } from "../ir/types.js";

/** The graph with other outputs and only the nodes that they depend on; `live` are the values that they depend on. */
export function restrictGraph(
  graph: Graph,
  outputs: readonly Value[],
): { readonly graph: Graph; readonly live: ReadonlySet<Value> } {
  const live = new Set(outputs);
  const nodes = graph.nodes.toReversed().filter((node) => {
    const isLive = node.outputs.some((output) => live.has(output));
    if (isLive) for (const input of node.inputs) live.add(input);
    return isLive;
  });
  return { graph: { ...graph, nodes: nodes.toReversed(), outputs }, live };
}
