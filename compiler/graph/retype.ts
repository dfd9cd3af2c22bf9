/** Retyping: a copy of a graph on inputs of other types, node by node, loop bodies included. */
import type { Builder } from "../ir/builder.js";
import type { Graph, Node, NodeOf, Type, Value } from "../ir/types.js";
import { copyGraph } from "./copy-graph.js";

export interface Retyping {
  readonly type: (type: Type) => Type;
  /** Appends the new node to the builder. The body of a loop is retyped already. */
  readonly node: (b: Builder, node: Node, inputs: readonly Value[]) => readonly Value[];
}

export function retype(graph: Graph, retyping: Retyping): Graph {
  return copyGraph(
    graph,
    (node, b, map) => {
      const retypedNode = node.op === "Scan" ? withBody(node, retyping) : node;
      return retyping.node(b, retypedNode, node.inputs.map(map.get));
    },
    { inputType: ({ type }) => retyping.type(type) },
  );
}

function withBody(node: NodeOf<"Scan">, retyping: Retyping): NodeOf<"Scan"> {
  return { ...node, attributes: { ...node.attributes, body: retype(node.attributes.body, retyping) } };
}
