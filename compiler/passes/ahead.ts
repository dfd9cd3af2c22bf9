/** Ahead: what the steps of a call need of their batches alone is made for all of them at once, where calling a kernel is what it costs. */
import { copyNode } from "../graph/rewrite.js";
import type { Node, Value } from "../ir/types.js";
import { isExact, isOfNumbers, isSmall } from "./exact.js";
import { hoistScan } from "./hoist.js";
import { batchNode, rewriteLoops } from "./loop-body.js";
import type { Pass } from "./pass.js";

/** How often a number is repeated so that a vector of the processor holds nothing else. */
const VECTOR = 16;

/** An operation on numbers, for all steps: on a vector of each number's repetitions. */
const onVectors: typeof batchNode = (b, step, inputs, batched, length) => {
  if (!isOfNumbers(step)) return batchNode(b, step, inputs, batched, length);
  const repeated = (numbers: Value) => b.expand(b.unsqueeze(numbers, [1]), [length, VECTOR]);
  const operands = inputs.map((input, index) => (batched[index] ? repeated(input) : input));
  return copyNode(b, step, operands).map((rows) => b.squeeze(b.slice(rows, 1, 0, 1), [1]));
};

export const ahead: Pass = {
  name: "ahead",
  description:
    "Small work on the batches of a call's steps is done for all of them at once, before the loop over the steps.",
  run: (graph, context) =>
    rewriteLoops(graph, (b, node, operands) => {
      const isAlike = (step: Node) => isExact(step) || (context.cached !== false && isOfNumbers(step));
      return hoistScan(b, node, operands, (step) => isAlike(step) && isSmall(step, context), onVectors);
    }),
};
