/** Rebuilding: a graph made again on inputs of other types, node by node, loop bodies too. */
import type { Builder } from "../ir/builder.js";
import type { Graph, Node, NodeOf, Type, Value } from "../ir/types.js";
import { graphBuilder } from "./build.js";
import { counterparts } from "./counterparts.js";

export interface Retyping {
  readonly type: (type: Type) => Type;
  /** Makes a node again on its new inputs; a loop's body has been made again already. */
  readonly node: (b: Builder, node: Node, inputs: readonly Value[]) => readonly Value[];
}

export function rebuild(graph: Graph, retyping: Retyping): Graph {
  const b = graphBuilder(graph.name);
  const here = counterparts(b);
  for (const input of graph.inputs) here.set(input, b.input(input.name, retyping.type(input.type)));
  for (const node of graph.nodes) {
    const own = node.op === "Scan" ? withBody(node, retyping) : node;
    here.take(node, retyping.node(b, own, node.inputs.map(here.of)));
  }
  return b.finish(graph.outputs.map(here.of));
}

function withBody(node: NodeOf<"Scan">, retyping: Retyping): NodeOf<"Scan"> {
  return { ...node, attributes: { ...node.attributes, body: rebuild(node.attributes.body, retyping) } };
}
