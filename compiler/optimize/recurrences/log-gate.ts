/** The logarithm of a gate by its own formula: log exp(z) = z, log sigmoid(z) = -softplus(-z). Nothing underflows. */
import { graphBuilder } from "../../graph/builder.js";
import { splatValue } from "../../graph/def-use.js";
import { withSameInputs } from "../../graph/value-map.js";
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Graph, Node, Value } from "../../ir/types.js";

/** True for the values of a graph whose logarithms have formulas. */
export function hasLogarithms(graph: Graph, values: readonly Value[]): boolean {
  const b = graphBuilder("logarithms");
  const map = withSameInputs(b, graph.inputs);
  for (const node of graph.nodes) map.record(node, b.copy(node, node.inputs.map(map.get)));
  const logOf = logarithms(b);
  return values.every((value) => logOf(map.get(value)) !== undefined);
}

/** A function from values of a builder to their logarithms; undefined where the formula of a value has none. */
export function logarithms(b: Builder): (value: Value) => Value | undefined {
  const producers = new Map<Value, Node>();
  let indexed = 0;
  const producerOf = (value: Value) => {
    for (; indexed < b.nodes.length; indexed++) {
      const node = at(b.nodes, indexed);
      for (const output of node.outputs) producers.set(output, node);
    }
    return producers.get(value);
  };
  const logOf = (value: Value): Value | undefined => {
    const number = splatValue(value, producerOf);
    if (number !== undefined)
      return number > 0 ? b.expand(b.scalar(Math.log(number), value.type.dtype), value.type.shape) : undefined;
    const node = producerOf(value);
    if (node === undefined) return undefined;
    const operand = (index: number) => logOf(at(node.inputs, index));
    const both = (join: (x: Value, y: Value) => Value, first = 0): Value | undefined => {
      const x = operand(first);
      const y = x && operand(first + 1);
      return x && y && join(x, y);
    };
    switch (node.op) {
      case "Exp":
        return at(node.inputs, 0);
      case "Sigmoid":
        return b.neg(b.softplus(b.neg(at(node.inputs, 0))));
      case "Sub": {
        const sigmoid = producerOf(at(node.inputs, 1));
        const isComplement = splatValue(at(node.inputs, 0), producerOf) === 1 && sigmoid?.op === "Sigmoid";
        return isComplement ? b.neg(b.softplus(at(sigmoid.inputs, 0))) : undefined;
      }
      case "Mul":
        return both(b.add);
      case "Div":
        return both(b.sub);
      case "Where":
        return both((x, y) => b.where(at(node.inputs, 0), x, y), 1);
      case "Identity":
      case "Reshape":
      case "Transpose":
      case "Unsqueeze":
      case "Squeeze":
      case "Expand":
      case "Slice": {
        const x = operand(0);
        return x && at(b.copy(node, [x]), 0);
      }
      case "Split": {
        const x = operand(0);
        return x && at(b.copy(node, [x]), node.outputs.indexOf(value));
      }
      default:
        return undefined;
    }
  };
  return logOf;
}
