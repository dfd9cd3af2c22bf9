/** Rewriting: a graph copied node by node, some nodes replaced. How every pass that works on single nodes is written. */
import type { Builder } from "../ir/builder.js";
import type { ScanAttributes } from "../ir/operators.js";
import { at } from "../ir/present.js";
import type { Graph, Node, NodeOf, Tensor, Value } from "../ir/types.js";
import { graphBuilder } from "./build.js";
import { counterparts, sameInputs } from "./counterparts.js";

export interface Site {
  readonly b: Builder;
  /** The node's inputs in the new graph. */
  readonly inputs: readonly Value[];
  /** The node of the new graph that made a value; undefined for the graph's inputs. */
  producer(value: Value): Node | undefined;
  /** The tensor behind a constant value. */
  constant(value: Value): Tensor | undefined;
}

/** Values for the node's outputs, or undefined to keep the node as it is. */
export type Replacement = (node: Node, site: Site) => readonly Value[] | undefined;

/** Applies a replacement to every node, inside loop bodies first. Returns the same graph when nothing was replaced. */
export function rewrite(graph: Graph, replace: Replacement): Graph {
  const b = graphBuilder(graph.name);
  const here = sameInputs(b, graph.inputs);
  const producers = new Map<Value, Node>();
  let seen = 0;
  const producer = (value: Value): Node | undefined => {
    for (; seen < b.nodes.length; seen++) {
      const made = at(b.nodes, seen);
      for (const output of made.outputs) producers.set(output, made);
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
    const inputs = node.inputs.map(here.of);
    const replaced = replace(node, { b, inputs, producer, constant });
    changed ||= replaced !== undefined || node !== original;
    here.take(node, replaced ?? copyNode(b, node, inputs));
  }
  return changed ? b.finish(graph.outputs.map(here.of)) : graph;
}

function withBody(node: NodeOf<"Scan">, body: Graph): NodeOf<"Scan"> {
  return body === node.attributes.body ? node : { ...node, attributes: { ...node.attributes, body } };
}

/** Makes the node again on other inputs. */
export function copyNode(b: Builder, node: Node, inputs: readonly Value[]): readonly Value[] {
  return b.copy(node, inputs);
}

/** Puts a graph's nodes into another graph, on `operands` in place of its inputs; gives the values of its outputs. */
export function inline(b: Builder, graph: Graph, operands: readonly Value[]): readonly Value[] {
  const here = counterparts(b);
  for (const [index, input] of graph.inputs.entries()) here.set(input, at(operands, index));
  for (const node of graph.nodes) here.take(node, copyNode(b, node, node.inputs.map(here.of)));
  return graph.outputs.map(here.of);
}

/** The operands of a Scan by what they are to its body. */
export function scanOperands(node: { readonly inputs: readonly Value[]; readonly attributes: ScanAttributes }) {
  const { states, scans, body } = node.attributes;
  const parts = (values: readonly Value[]) => ({
    states: values.slice(0, states),
    scans: values.slice(states, states + scans),
    captures: values.slice(states + scans),
  });
  return { outer: parts(node.inputs), inner: parts(body.inputs) };
}
