/** Retyping: a copy of a graph on inputs of other types, node by node, loop bodies included. */
import type { Builder } from "../ir/builder.js";
import type { Graph, Node, NodeOf, Type, Value } from "../ir/types.js";
import { graphBuilder } from "./builder.js";
import { createValueMap } from "./value-map.js";

export interface Retyping {
  readonly type: (type: Type) => Type;
  /** Appends the new node to the builder. The body of a loop is retyped already. */
  readonly node: (b: Builder, node: Node, inputs: readonly Value[]) => readonly Value[];
}

export function retype(graph: Graph, retyping: Retyping): Graph {
  const b = graphBuilder(graph.name);
  const valueMap = createValueMap(b);
  for (const input of graph.inputs) valueMap.set(input, b.input(input.name, retyping.type(input.type)));
  for (const node of graph.nodes) {
    const retypedNode = node.op === "Scan" ? withBody(node, retyping) : node;
    valueMap.record(node, retyping.node(b, retypedNode, node.inputs.map(valueMap.get)));
  }
  return b.finish(graph.outputs.map(valueMap.get));
}

function withBody(node: NodeOf<"Scan">, retyping: Retyping): NodeOf<"Scan"> {
  return { ...node, attributes: { ...node.attributes, body: retype(node.attributes.body, retyping) } };
}
