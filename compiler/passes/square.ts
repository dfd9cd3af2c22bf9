/** Square: the slope of tanh, where a value times the tanh is made already, is made of that product. */
import { rewrite } from "../graph/rewrite.js";
import { sameShape } from "../ir/dims.js";
import { at } from "../ir/present.js";
import type { Graph, Node, Value } from "../ir/types.js";
import { producersOf, readersOf } from "./loop-body.js";
import type { Pass } from "./pass.js";
import { sameStep, stacksOfLoop } from "./recall.js";

/** The y of a value 1 - y * y. */
function slopeOf(value: Value, producer: (value: Value) => Node | undefined): Value | undefined {
  const difference = producer(value);
  if (difference?.op !== "Sub") return undefined;
  const one = producer(at(difference.inputs, 0));
  if (one?.op !== "Constant" || !one.attributes.value.data.every((entry) => entry === 1)) return undefined;
  const square = producer(at(difference.inputs, 1));
  return square?.op === "Mul" && square.inputs[0] === square.inputs[1] ? square.inputs[0] : undefined;
}

/** The products x * (1 - y * y) of a graph, and in its loops, whose x * y there is. */
function found(graph: Graph): readonly Node[] {
  const readers = readersOf(graph);
  const producers = producersOf(graph);
  const stacks = new Map(graph.nodes.flatMap((node) => (node.op === "Scan" ? stacksOfLoop(node) : [])));
  const isReadOnce = (value: Value) => readers.get(value)?.length === 1 && !graph.outputs.includes(value);
  const isMade = (product: Node, x: Value, y: Value): boolean => {
    const operands = [x, y];
    const isProduct = ({ op, inputs }: Node) => op === "Mul" && operands.every((operand) => inputs.includes(operand));
    if (readers.get(x)?.some(isProduct)) return true;
    const [first, second] = [stacks.get(x), stacks.get(y)];
    if (first === undefined || first.loop !== second?.loop) return false;
    return sameStep(product, [first.inner, second.inner], first.loop.attributes.body) !== undefined;
  };
  return graph.nodes.flatMap((node): readonly Node[] => {
    if (node.op === "Scan") return found(node.attributes.body);
    if (node.op !== "Mul") return [];
    const isFound = node.inputs.some((slope, index) => {
      const x = at(node.inputs, 1 - index);
      const y = slopeOf(slope, (value) => producers.get(value));
      const square = producers.get(slope)?.inputs[1];
      if (y === undefined || square === undefined || !sameShape(x.type.shape, y.type.shape)) return false;
      return isReadOnce(slope) && isReadOnce(square) && isMade(node, x, y);
    });
    return isFound ? [node] : [];
  });
}

export const square: Pass = {
  name: "square",
  description: "The slope of tanh is made of a product that there is: with p = x * y, x * (1 - y * y) → x - p * y.",
  run: (graph) => {
    const products = new Set(found(graph));
    if (products.size === 0) return graph;
    return rewrite(graph, (node, { b, inputs, producer }) => {
      if (!products.has(node)) return undefined;
      for (const [index, slope] of inputs.entries()) {
        const y = slopeOf(slope, producer);
        const x = at(inputs, 1 - index);
        if (y !== undefined) return [b.sub(x, b.mul(b.mul(x, y), y))];
      }
      return undefined;
    });
  },
};
