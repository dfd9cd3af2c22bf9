/**
 * Normalization fusion: the operations of a layer normalization become the operator, which takes the gain and the shift
 * of the features after it.
 */
import { countReaders, splatValue } from "../../graph/def-use.js";
import { type RewriteRule, type RewriteSite, rewrite } from "../../graph/rewrite.js";
import { sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Graph, Node, Value } from "../../ir/types.js";
import { transformRecursively } from "../loops/rewrite-loop.js";
import type { Pass } from "../pass.js";

type ProducerOf = RewriteSite["producer"];

/** The operand of a mean over the last axis, which stays. */
function meanOperand(value: Value, producer: ProducerOf): Value | undefined {
  const node = producer(value);
  if (node?.op !== "ReduceMean" || !node.attributes.keep) return undefined;
  const x = at(node.inputs, 0);
  return node.attributes.axes.join() === `${x.type.shape.length - 1}` ? x : undefined;
}

/** The c and ε of c / √(mean(c * c) + ε) along the last axis. */
export function matchRootMeanSquare(
  node: Node,
  inputs: readonly Value[],
  producer: ProducerOf,
): { readonly c: Value; readonly epsilon: number } | undefined {
  if (node.op !== "Div") return undefined;
  const c = at(inputs, 0);
  const root = producer(at(inputs, 1));
  const sum = root?.op === "Sqrt" ? producer(at(root.inputs, 0)) : undefined;
  const epsilon = sum?.op === "Add" ? splatValue(at(sum.inputs, 1), producer) : undefined;
  const square = sum && meanOperand(at(sum.inputs, 0), producer);
  const product = square && producer(square);
  const isMatch = product?.op === "Mul" && product.inputs.every((input) => input === c);
  return isMatch && epsilon !== undefined ? { c, epsilon } : undefined;
}

/** (x - mean(x)) / √(variance + ε) → LayerNormalization(x, 1). */
const recognize: RewriteRule = (node, { b, inputs, producer }) => {
  const match = matchRootMeanSquare(node, inputs, producer);
  const difference = match && producer(match.c);
  const x = difference?.op === "Sub" ? at(difference.inputs, 0) : undefined;
  if (x === undefined || meanOperand(at(difference?.inputs ?? [], 1), producer) !== x) return undefined;
  return match && [b.layerNormalization(x, 1, undefined, match.epsilon)];
};

/** LN(x) * gain → LN(x, gain), and LN(x, gain) + shift → LN(x, gain, shift), where nothing else reads the operand. */
function absorb(graph: Graph): Graph {
  const readers = countReaders(graph);
  return rewrite(graph, (node, { b, inputs, producer }) => {
    if (node.op !== "Mul" && node.op !== "Add") return undefined;
    for (const [index, operand] of inputs.entries()) {
      const features = at(inputs, 1 - index);
      const normalization = producer(operand);
      if (normalization?.op !== "LayerNormalization" || readers.get(at(node.inputs, index)) !== 1) continue;
      const [x, scale] = [at(normalization.inputs, 0), at(normalization.inputs, 1)];
      if (!sameShape(features.type.shape, scale.type.shape) || normalization.inputs.length > 2) continue;
      const { epsilon } = normalization.attributes;
      if (node.op === "Add") return [b.layerNormalization(x, scale, features, epsilon)];
      if (splatValue(scale, producer) === 1) return [b.layerNormalization(x, features, undefined, epsilon)];
    }
    return undefined;
  });
}

export const fuseNormalization: Pass = {
  name: "fuse-normalization",
  description:
    "Fuses a normalization, gain and shift: (x - mean) / √(variance + ε) * g + s → LayerNormalization(x, g, s).",
  run: (graph) => transformRecursively(rewrite(graph, recognize), absorb),
};
