/** Copies of a graph, node by node, with some nodes replaced or dropped. */
import type { Builder } from "../ir/builder.js";
import type { Graph, Node, Type, Value } from "../ir/types.js";
import { graphBuilder } from "./builder.js";
import { createValueMap, type ValueMap } from "./value-map.js";

export interface CopyOptions {
  /** The nodes to copy, in order; those of the graph by default. */
  readonly nodes?: readonly Node[];
  /** The type of an input of the copy; that of the original by default. */
  readonly inputType?: (input: Value) => Type;
  /** The name of an input of the copy; that of the original by default. */
  readonly inputName?: (input: Value) => string | undefined;
  /** The value in place of one that no copied node computes; an error by default. */
  readonly fallback?: (old: Value) => Value;
}

/** Values for the outputs of a node, undefined to copy the node, or null to drop it. */
export type Replace = (node: Node, b: Builder, map: ValueMap) => readonly Value[] | undefined | null;

export function copyGraph(
  graph: Graph,
  replace: Replace,
  { nodes = graph.nodes, inputType = ({ type }) => type, inputName = ({ name }) => name, fallback }: CopyOptions = {},
): Graph {
  const b = graphBuilder(graph.name);
  const map = createValueMap(b, fallback);
  for (const input of graph.inputs) map.set(input, b.input(inputName(input), inputType(input)));
  for (const node of nodes) {
    const outputs = replace(node, b, map);
    if (outputs !== null) map.record(node, outputs ?? b.copy(node, node.inputs.map(map.get)));
  }
  return b.finish(graph.outputs.map(map.get));
}
