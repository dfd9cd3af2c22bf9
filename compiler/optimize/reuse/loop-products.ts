/**
 * Products in the order of a loop's: (g * h) * a, of a state h that a loop stacks and multiplies by a, is g * (h * a), so
 * that `reuse-loop-values` stacks the product in place of the state, which would be a copy.
 */
import { countReaders, producersOf } from "../../graph/def-use.js";
import { rewrite, scanOperands } from "../../graph/rewrite.js";
import { sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Graph, Value } from "../../ir/types.js";
import { transformRecursively } from "../loops/rewrite-loop.js";
import type { Pass } from "../pass.js";
import { outputsOfLoop } from "./loop-values.js";

/** Stacked states, each with the scanned inputs that its loop multiplies it by. */
function factorsOfStates(graph: Graph): ReadonlyMap<Value, ReadonlySet<Value>> {
  const factors = new Map<Value, ReadonlySet<Value>>();
  for (const node of graph.nodes) {
    if (node.op !== "Scan") continue;
    const { outer, inner } = scanOperands(node);
    for (const [output, { inner: state }] of outputsOfLoop(node)) {
      if (!inner.states.includes(state)) continue;
      const products = node.attributes.body.nodes.filter(({ op, inputs }) => op === "Mul" && inputs.includes(state));
      const scanned = products.flatMap(({ inputs }) => inputs.map((input) => outer.scans[inner.scans.indexOf(input)]));
      factors.set(output, new Set(scanned.filter((value) => value !== undefined)));
    }
  }
  return factors;
}

function reorderTop(graph: Graph): Graph {
  const factors = factorsOfStates(graph);
  if (factors.size === 0) return graph;
  const readers = countReaders(graph);
  const producers = producersOf(graph);
  return rewrite(graph, (node, { b, inputs, producer }) => {
    if (node.op !== "Mul") return undefined;
    for (const [index, product] of node.inputs.entries()) {
      const inner = producers.get(product);
      const copy = producer(at(inputs, index));
      const factor = at(node.inputs, 1 - index);
      if (inner?.op !== "Mul" || copy?.op !== "Mul" || readers.get(product) !== 1) continue;
      const position = inner.inputs.findIndex((input) => readers.get(input) === 1 && factors.get(input)?.has(factor));
      const state = inner.inputs[position];
      if (state === undefined || !sameShape(state.type.shape, at(node.outputs, 0).type.shape)) continue;
      return [b.mul(at(copy.inputs, 1 - position), b.mul(at(copy.inputs, position), at(inputs, 1 - index)))];
    }
    return undefined;
  });
}

export const reorderLoopProducts: Pass = {
  name: "reorder-loop-products",
  description: "Multiplies in the order of a loop: (g * h) * a → g * (h * a), where the loop computes h_t * a_t.",
  run: (graph) => transformRecursively(graph, reorderTop),
};
