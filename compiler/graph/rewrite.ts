/** Rewriting: a copy of a graph with some nodes replaced. Every pass that looks at single nodes is a `RewriteRule`. */
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import type { Graph, Node, NodeOf, ScanAttributes, Tensor, Value } from "../ir/types.js";
import { bodyBuilder, graphBuilder } from "./builder.js";
import { createValueMap, withSameInputs } from "./value-map.js";

export interface RewriteSite {
  readonly b: Builder;
  /** The node's inputs in the new graph. */
  readonly inputs: readonly Value[];
  /** The node of the new graph whose output a value is; undefined for the graph's inputs. */
  producer(value: Value): Node | undefined;
  /** The tensor of a constant; undefined for any other value. */
  constant(value: Value): Tensor | undefined;
}

/** New values for the node's outputs, or undefined to copy the node. */
export type RewriteRule = (node: Node, site: RewriteSite) => readonly Value[] | undefined;

/**
 * Applies a rule to every node, in loop bodies first. Returns the same graph where nothing was replaced. A rule may run
 * twice on a node: only a graph with a match is copied.
 */
export function rewrite(graph: Graph, replace: RewriteRule): Graph {
  const bodies = new Map<Graph, Graph>();
  const withNewBody = (node: Node): Node => {
    if (node.op !== "Scan") return node;
    const { body } = node.attributes;
    const newBody = bodies.get(body) ?? rewrite(body, replace);
    bodies.set(body, newBody);
    return withBody(node, newBody);
  };
  return hasMatch(graph, replace, withNewBody) ? rewrittenCopy(graph, replace, withNewBody) : graph;
}

function hasMatch(graph: Graph, replace: RewriteRule, withNewBody: (node: Node) => Node): boolean {
  // Reads the values of the graph itself.
  const b = bodyBuilder(graph.name, (own) => ({ own }));
  const lookup = nodeLookup(graph.nodes, b.nodes);
  return graph.nodes.some((original) => {
    const node = withNewBody(original);
    return node !== original || replace(node, { b, inputs: node.inputs, ...lookup }) !== undefined;
  });
}

function rewrittenCopy(graph: Graph, replace: RewriteRule, withNewBody: (node: Node) => Node): Graph {
  const b = graphBuilder(graph.name);
  const valueMap = withSameInputs(b, graph.inputs);
  const lookup = nodeLookup(b.nodes);
  for (const original of graph.nodes) {
    const node = withNewBody(original);
    const inputs = node.inputs.map(valueMap.get);
    valueMap.record(node, replace(node, { b, inputs, ...lookup }) ?? b.copy(node, inputs));
  }
  return b.finish(graph.outputs.map(valueMap.get));
}

/** Producers among nodes of lists that grow. */
function nodeLookup(...lists: readonly (readonly Node[])[]): Pick<RewriteSite, "producer" | "constant"> {
  const producers = new Map<Value, Node>();
  const indexedCounts = lists.map(() => 0);
  const producer = (value: Value): Node | undefined => {
    for (const [index, nodes] of lists.entries()) {
      for (let count = at(indexedCounts, index); count < nodes.length; count++) {
        const node = at(nodes, count);
        for (const output of node.outputs) producers.set(output, node);
      }
      indexedCounts[index] = nodes.length;
    }
    return producers.get(value);
  };
  const constant = (value: Value): Tensor | undefined => {
    const node = producer(value);
    return node?.op === "Constant" ? node.attributes.value : undefined;
  };
  return { producer, constant };
}

function withBody(node: NodeOf<"Scan">, body: Graph): NodeOf<"Scan"> {
  return body === node.attributes.body ? node : { ...node, attributes: { ...node.attributes, body } };
}

/** Copies a graph's nodes into `b`, with `operands` in place of its inputs. Returns the values of its outputs. */
export function inline(b: Builder, graph: Graph, operands: readonly Value[]): readonly Value[] {
  const valueMap = createValueMap(b);
  for (const [index, input] of graph.inputs.entries()) valueMap.set(input, at(operands, index));
  for (const node of graph.nodes) valueMap.record(node, b.copy(node, node.inputs.map(valueMap.get)));
  return graph.outputs.map(valueMap.get);
}

/** The operands of a Scan and the inputs of its body by kind: states, scanned inputs or slices, captured values. */
export function scanOperands(node: { readonly inputs: readonly Value[]; readonly attributes: ScanAttributes }) {
  const { stateCount, scanCount, body } = node.attributes;
  const partition = (values: readonly Value[]) => ({
    states: values.slice(0, stateCount),
    scans: values.slice(stateCount, stateCount + scanCount),
    captures: values.slice(stateCount + scanCount),
  });
  return { outer: partition(node.inputs), inner: partition(body.inputs) };
}
