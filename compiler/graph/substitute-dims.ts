/** Dim substitution: a copy of a graph with numbers in place of size symbols. */
import { substituteSymbols } from "../ir/dims.js";
import type { Dim, Graph, Node, OpAttributes, OpName, Type } from "../ir/types.js";
import { retype } from "./retype.js";

/** Symbols without a size stay symbols. */
export function substituteDims(graph: Graph, sizes: ReadonlyMap<string, Dim>): Graph {
  const dim = (size: Dim): Dim => substituteSymbols(size, sizes);
  const type = ({ dtype, shape }: Type): Type => ({ dtype, shape: shape.map(dim) });
  return retype(graph, {
    type,
    node: (b, node, inputs) => b.apply<OpName>(node.op, inputs, substitutedAttributes(node, dim)),
  });
}

function substitutedAttributes(node: Node, dim: (size: Dim) => Dim): OpAttributes[OpName] {
  switch (node.op) {
    case "Reshape":
    case "Expand":
      return { shape: node.attributes.shape.map(dim) };
    case "Range":
      return { limit: dim(node.attributes.limit) };
    case "Slice":
      return { ...node.attributes, start: dim(node.attributes.start), end: dim(node.attributes.end) };
    case "Split":
      return { ...node.attributes, sizes: node.attributes.sizes.map(dim) };
    case "Pad":
      return { ...node.attributes, before: dim(node.attributes.before), after: dim(node.attributes.after) };
    case "OneHot":
      return { ...node.attributes, depth: dim(node.attributes.depth) };
    case "Scan":
      return { ...node.attributes, length: dim(node.attributes.length) };
    default:
      return node.attributes;
  }
}
