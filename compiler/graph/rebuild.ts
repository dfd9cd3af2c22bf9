/** Rebuilding: a graph made again on inputs of other types, node by node, loop bodies too. */
import type { Builder } from "../ir/builder.js";
import type { Graph, Node, NodeOf, Type, Value } from "../ir/types.js";
import { at } from "../ops/rule.js";
import { graphBuilder } from "./build.js";

export interface Retyping {
  readonly type: (type: Type) => Type;
  /** Makes a node again on its new inputs; a loop's body has been made again already. */
  readonly node: (b: Builder, node: Node, inputs: readonly Value[]) => readonly Value[];
}

export function rebuild(graph: Graph, retyping: Retyping): Graph {
  const b = graphBuilder(graph.name);
  const map = new Map<Value, Value>();
  for (const input of graph.inputs) map.set(input, b.input(input.name, retyping.type(input.type)));
  const here = (value: Value): Value => {
    const found = map.get(value);
    if (found === undefined) throw new Error(`${value.name ?? "a value"} is read before it is made`);
    return found;
  };
  for (const node of graph.nodes) {
    const made = retyping.node(b, node.op === "Scan" ? withBody(node, retyping) : node, node.inputs.map(here));
    node.outputs.forEach((output, index) => {
      const value = at(made, index);
      if (output.name !== undefined) b.named(value, output.name);
      map.set(output, value);
    });
  }
  return b.finish(graph.outputs.map(here));
}

function withBody(node: NodeOf<"Scan">, retyping: Retyping): NodeOf<"Scan"> {
  return { ...node, attributes: { ...node.attributes, body: rebuild(node.attributes.body, retyping) } };
}
