/** Definitions and uses of the values of one graph, its loop bodies aside, and matches on the definitions. */
import type { Graph, Node, Tensor, Value } from "../ir/types.js";

export function producersOf(graph: Graph): ReadonlyMap<Value, Node> {
  return new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
}

/** The nodes that read each value, once for each operand that it is. */
export function readersOf(graph: Graph): ReadonlyMap<Value, readonly Node[]> {
  const readers = new Map<Value, Node[]>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      const nodes = readers.get(input);
      if (nodes === undefined) readers.set(input, [node]);
      else nodes.push(node);
    }
  }
  return readers;
}

/** The number of operands and graph outputs that each live value is; a value that is missing is dead. */
export function countReaders(graph: Graph): ReadonlyMap<Value, number> {
  const readers = new Map<Value, number>();
  const read = (value: Value) => readers.set(value, (readers.get(value) ?? 0) + 1);
  graph.outputs.forEach(read);
  for (const node of graph.nodes.toReversed()) {
    if (node.outputs.some((output) => readers.has(output))) node.inputs.forEach(read);
  }
  return readers;
}

/** The node that computes a value; undefined for an input of the graph. */
export type ProducerOf = (value: Value) => Node | undefined;

/** The tensor of a constant; undefined for any other value. */
export function constantOf(value: Value, producerOf: ProducerOf): Tensor | undefined {
  const producer = producerOf(value);
  return producer?.op === "Constant" ? producer.attributes.value : undefined;
}

/** The number that every element of a constant is, also of one that is expanded or unsqueezed. */
export function splatValue(value: Value, producerOf: ProducerOf): number | undefined {
  const producer = producerOf(value);
  const [source] = producer?.op === "Expand" || producer?.op === "Unsqueeze" ? producer.inputs : [];
  if (source !== undefined) return splatValue(source, producerOf);
  const data = constantOf(value, producerOf)?.data;
  const first = data?.[0];
  return first !== undefined && data?.every((element) => element === first) ? first : undefined;
}

/** The x of a value `Transpose(x, permutation)`. */
export function transposedOperand(
  value: Value,
  permutation: readonly number[],
  producerOf: ProducerOf,
): Value | undefined {
  const producer = producerOf(value);
  if (producer?.op !== "Transpose") return undefined;
  const { perm } = producer.attributes;
  return perm.length === permutation.length && perm.every((axis, index) => axis === permutation[index])
    ? producer.inputs[0]
    : undefined;
}
