/** Negation of a factor that no step changes: in a loop, -(x * w) is x * -w, whose negation leaves the loop. */
import { countReaders, producersOf } from "../../graph/def-use.js";
import { rewrite, scanOperands } from "../../graph/rewrite.js";
import { at } from "../../ir/expect.js";
import type { Graph, Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";
import { type Loop, rewriteLoops } from "./rewrite-loop.js";

/** The values of a body that are equal in all steps: captures, constants and functions of them. */
function invariantsOf(loop: Loop): ReadonlySet<Value> {
  const invariants = new Set(scanOperands(loop).inner.captures);
  for (const { inputs, outputs } of loop.attributes.body.nodes)
    if (inputs.every((input) => invariants.has(input))) for (const output of outputs) invariants.add(output);
  return invariants;
}

function negateInside(loop: Loop): Graph {
  const { body } = loop.attributes;
  const invariants = invariantsOf(loop);
  const producers = producersOf(body);
  const readers = countReaders(body);
  return rewrite(body, (node, { b, inputs, producer }) => {
    const old = node.op === "Neg" ? at(node.inputs, 0) : undefined;
    const product = old && producers.get(old);
    if (product?.op !== "Mul" || readers.get(at(product.outputs, 0)) !== 1) return undefined;
    const index = product.inputs.findIndex((input) => invariants.has(input));
    const copy = producer(at(inputs, 0));
    if (index < 0 || product.inputs.every((input) => invariants.has(input)) || copy?.op !== "Mul") return undefined;
    return [b.mul(at(copy.inputs, 1 - index), b.neg(at(copy.inputs, index)))];
  });
}

export const negateInvariants: Pass = {
  name: "negate-invariants",
  description: "Negates a factor that no step of a loop changes in place of the product: -(x_t * w) → x_t * (-w).",
  run: (graph) =>
    rewriteLoops(graph, (b, loop, operands) => {
      const body = negateInside(loop);
      return body === loop.attributes.body ? undefined : b.apply("Scan", operands, { ...loop.attributes, body });
    }),
};
