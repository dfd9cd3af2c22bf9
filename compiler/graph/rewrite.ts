/** Rewriting: a copy of a graph with some nodes replaced. Every pass that looks at single nodes is a `RewriteRule`. */
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import type { Graph, Node, NodeOf, ScanAttributes, Tensor, Value } from "../ir/types.js";
import { graphBuilder } from "./builder.js";
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

/** Applies a rule to every node, in loop bodies first. Returns the same graph where nothing was replaced. */
export function rewrite(graph: Graph, replace: RewriteRule): Graph {
  const b = graphBuilder(graph.name);
  const valueMap = withSameInputs(b, graph.inputs);
  const producers = new Map<Value, Node>();
  let indexedCount = 0;
  const producer = (value: Value): Node | undefined => {
    for (; indexedCount < b.nodes.length; indexedCount++) {
      const newNode = at(b.nodes, indexedCount);
      for (const output of newNode.outputs) producers.set(output, newNode);
    }
    return producers.get(value);
  };
  const constant = (value: Value): Tensor | undefined => {
    const node = producer(value);
    return node?.op === "Constant" ? node.attributes.value : undefined;
  };
  let changed = false;
  for (const original of graph.nodes) {
    const node = original.op === "Scan" ? withBody(original, rewrite(original.attributes.body, replace)) : original;
    const inputs = node.inputs.map(valueMap.get);
    const replacement = replace(node, { b, inputs, producer, constant });
    changed ||= replacement !== undefined || node !== original;
    valueMap.record(node, replacement ?? b.copy(node, inputs));
  }
  return changed ? b.finish(graph.outputs.map(valueMap.get)) : graph;
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
