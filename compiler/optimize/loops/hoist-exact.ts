/** Ahead: what the steps of a call need of their batches alone is made for all of them at once, where calling a kernel is what it costs. */
import { copyNode } from "../../graph/rewrite.js";
import type { Node, Value } from "../../ir/types.js";
import { isExact, isInexactScalar, isSmall } from "../exactness.js";
import type { Pass } from "../pass.js";
import { hoistScan } from "./hoist.js";
import { batchNode, rewriteLoops } from "./rewrite-loop.js";

/** How often a number is repeated so that a vector of the processor holds nothing else. */
const VECTOR_WIDTH = 16;

/** An operation on numbers, for all steps: on a vector of each number's repetitions. */
const replicateScalars: typeof batchNode = (b, node, inputs, batched, length) => {
  if (!isInexactScalar(node)) return batchNode(b, node, inputs, batched, length);
  const replicate = (scalars: Value) => b.expand(b.unsqueeze(scalars, [1]), [length, VECTOR_WIDTH]);
  const operands = inputs.map((input, index) => (batched[index] ? replicate(input) : input));
  return copyNode(b, node, operands).map((rows) => b.squeeze(b.slice(rows, 1, 0, 1), [1]));
};

export const hoistExact: Pass = {
  name: "ahead",
  description:
    "Small work on the batches of a call's steps is done for all of them at once, before the loop over the steps.",
  run: (graph, context) =>
    rewriteLoops(graph, (b, loop, operands) => {
      const isReproducible = (node: Node) => isExact(node) || (context.cached !== false && isInexactScalar(node));
      return hoistScan(b, loop, operands, (node) => isReproducible(node) && isSmall(node, context), replicateScalars);
    }),
};
