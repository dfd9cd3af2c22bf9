/**
 * Peephole for the gradient of tanh: when p = x * y exists, x * (1 - y²) becomes x - p * y, one multiplication fewer.
 * It matches the form of Tanh's vjp. Speedup of a step: 1.01 for hihello.
 */
import { type ProducerOf, producersOf, readersOf, splatValue } from "../../graph/def-use.js";
import { rewrite } from "../../graph/rewrite.js";
import { sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Graph, Node, Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";
import { findEquivalentNode, outputsOfLoop } from "./loop-values.js";

/** The y of a value 1 - y * y, the form of Tanh's vjp. */
export function matchTanhGradient(value: Value, producer: ProducerOf): Value | undefined {
  const difference = producer(value);
  if (difference?.op !== "Sub") return undefined;
  if (splatValue(at(difference.inputs, 0), producer) !== 1) return undefined;
  const ySquared = producer(at(difference.inputs, 1));
  return ySquared?.op === "Mul" && ySquared.inputs[0] === ySquared.inputs[1] ? ySquared.inputs[0] : undefined;
}

/** The products x * (1 - y * y) of a graph and its loop bodies for which x * y exists. */
function matches(graph: Graph): readonly Node[] {
  const readers = readersOf(graph);
  const producers = producersOf(graph);
  const loopOutputs = new Map(graph.nodes.flatMap((node) => (node.op === "Scan" ? outputsOfLoop(node) : [])));
  const isReadOnce = (value: Value) => readers.get(value)?.length === 1 && !graph.outputs.includes(value);
  const hasProduct = (product: Node, x: Value, y: Value): boolean => {
    const operands = [x, y];
    const isProduct = ({ op, inputs }: Node) => op === "Mul" && operands.every((operand) => inputs.includes(operand));
    if (readers.get(x)?.some(isProduct)) return true;
    const [first, second] = [loopOutputs.get(x), loopOutputs.get(y)];
    if (first === undefined || first.loop !== second?.loop) return false;
    return findEquivalentNode(product, [first.inner, second.inner], first.loop.attributes.body) !== undefined;
  };
  return graph.nodes.flatMap((node): readonly Node[] => {
    if (node.op === "Scan") return matches(node.attributes.body);
    if (node.op !== "Mul") return [];
    const isMatch = node.inputs.some((gradient, index) => {
      const x = at(node.inputs, 1 - index);
      const y = matchTanhGradient(gradient, (value) => producers.get(value));
      const ySquared = producers.get(gradient)?.inputs[1];
      if (y === undefined || ySquared === undefined || !sameShape(x.type.shape, y.type.shape)) return false;
      return isReadOnce(gradient) && isReadOnce(ySquared) && hasProduct(node, x, y);
    });
    return isMatch ? [node] : [];
  });
}

export const tanhGradient: Pass = {
  name: "tanh-gradient",
  description: "Computes the gradient of tanh from an existing product: with p = x * y, x * (1 - y * y) → x - p * y.",
  run: (graph) => {
    const products = new Set(matches(graph));
    if (products.size === 0) return graph;
    return rewrite(graph, (node, { b, inputs, producer }) => {
      if (!products.has(node)) return undefined;
      for (const [index, gradient] of inputs.entries()) {
        const y = matchTanhGradient(gradient, producer);
        const x = at(inputs, 1 - index);
        if (y !== undefined) return [b.sub(x, b.mul(b.mul(x, y), y))];
      }
      return undefined;
    });
  },
};
