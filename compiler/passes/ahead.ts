/** Ahead: what the steps of a call need of their batches alone is made for all of them at once, where calling a kernel is what it costs. */
import { elements } from "../ir/dims.js";
import type { Node } from "../ir/types.js";
import { elementwise } from "../ops/elementwise.js";
import { movement } from "../ops/movement.js";
import { hoistScan } from "./hoist.js";
import { rewriteLoops } from "./loop-body.js";
import { expectedSize, type Pass } from "./pass.js";

/** Entries up to which a result is small: there are as many of it as there are steps in a call. */
const SMALL = 2 ** 9;

/** Operations that may round one way in the middle of a vector and another way at its end. The numbers of a run do not depend on the steps in a call. */
const inexact: ReadonlySet<string> = new Set(["Exp", "Log", "Cos", "Tanh", "Sigmoid", "Softplus", "Pow"]);

function isExact({ op }: Node): boolean {
  return (op in elementwise && !inexact.has(op)) || op in movement || ["OneHot", "Gather", "Size"].includes(op);
}

export const ahead: Pass = {
  name: "ahead",
  description:
    "Small work on the batches of a call's steps is done for all of them at once, before the loop over the steps.",
  run: (graph, context) => {
    const isSmall = (node: Node) =>
      node.outputs.every(({ type }) => expectedSize(elements(type.shape), context, Number.POSITIVE_INFINITY) <= SMALL);
    return rewriteLoops(graph, (b, node, operands) =>
      hoistScan(b, node, operands, (step) => isExact(step) && isSmall(step)),
    );
  },
};
