/**
 * Row sums of the gradient of a softmax P whose product with V exists: Σ ((A Vᵀ) * P) = Σ (A * (P V)), which sums
 * over the columns of V in place of its rows (FlashAttention, T. Dao et al., 2022). Rounding differs.
 */
import { copyGraph } from "../../graph/copy-graph.js";
import { type ProducerOf, producersOf, readersOf } from "../../graph/def-use.js";
import { sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Graph, Node, NodeOf, Value } from "../../ir/types.js";
import { transformRecursively } from "../loops/rewrite-loop.js";
import type { Pass, PassContext } from "../pass.js";
import { expectedSize, targetOf } from "../target/index.js";

/** A value as a permutation of the axes of another, which is no transpose. */
function transposed(value: Value, producer: ProducerOf): { readonly base: Value; readonly perm: readonly number[] } {
  const node = producer(value);
  return node?.op === "Transpose"
    ? { base: at(node.inputs, 0), perm: node.attributes.perm }
    : { base: value, perm: value.type.shape.map((_, axis) => axis) };
}

/** True if one value is the transpose of the other in the last two axes. */
function areTransposes(x: Value, y: Value, producer: ProducerOf): boolean {
  const [first, second] = [transposed(x, producer), transposed(y, producer)];
  const rank = first.perm.length;
  const swapped = first.perm.map((_, axis) => at(first.perm, axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  return first.base === second.base && swapped.join() === second.perm.join();
}

/** The factor A and the product P V of each such sum of the graph. */
function matches(graph: Graph, context: PassContext): ReadonlyMap<Node, readonly [Value, Value]> {
  const producers = producersOf(graph);
  const readers = readersOf(graph);
  const order = new Map(graph.nodes.map((node, index) => [node, index]));
  const producer: ProducerOf = (value) => producers.get(value);
  const { softmaxGradientRatio } = targetOf(context);
  const isShorter = (result: Value, weights: Value) =>
    expectedSize(at(weights.type.shape, weights.type.shape.length - 1), context, 0) >=
    softmaxGradientRatio * expectedSize(at(result.type.shape, result.type.shape.length - 1), context, 1);
  const found = new Map<Node, readonly [Value, Value]>();
  for (const node of graph.nodes) {
    const product = node.op === "ReduceSum" ? producer(at(node.inputs, 0)) : undefined;
    if (node.op !== "ReduceSum" || product?.op !== "Mul" || !sumsLastAxis(node)) continue;
    for (const [index, weights] of product.inputs.entries()) {
      const gradient = producer(at(product.inputs, 1 - index));
      if (producer(weights)?.op !== "Softmax" || gradient?.op !== "MatMul") continue;
      const [a, values] = [at(gradient.inputs, 0), at(gradient.inputs, 1)];
      const forward = readers
        .get(weights)
        ?.find(
          (reader) =>
            reader.op === "MatMul" &&
            reader.inputs[0] === weights &&
            areTransposes(at(reader.inputs, 1), values, producer) &&
            (order.get(reader) ?? 0) < (order.get(node) ?? 0),
        );
      const result = forward?.outputs[0];
      if (result !== undefined && sameShape(result.type.shape, a.type.shape) && isShorter(result, weights))
        found.set(node, [a, result]);
    }
  }
  return found;
}

function sumsLastAxis({ attributes: { axes }, inputs }: NodeOf<"ReduceSum">): boolean {
  return axes.join() === `${at(inputs, 0).type.shape.length - 1}`;
}

function rewriteSums(graph: Graph, context: PassContext): Graph {
  const found = matches(graph, context);
  if (found.size === 0) return graph;
  return copyGraph(graph, (node, b, { get: lookup }) => {
    const factors = found.get(node);
    if (factors === undefined || node.op !== "ReduceSum") return undefined;
    const [a, result] = factors;
    return [b.sum(b.mul(lookup(a), lookup(result)), node.attributes.axes, node.attributes.keep)];
  });
}

export const softmaxGradient: Pass = {
  name: "softmax-gradient",
  description: "Sums the gradient of attention weights P over shorter rows: Σ ((A Vᵀ) * P) → Σ (A * (P V)).",
  run: (graph, context) => transformRecursively(graph, (subgraph) => rewriteSums(subgraph, context)),
};
