/** Lerp form in loop bodies: (1 - z) * a + z * b → a + z * (b - a), one operation fewer per step. Rounding differs. */
import { countReaders, producersOf, splatValue } from "../../graph/def-use.js";
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";
import { type Loop, rewriteBody, rewriteLoops, stateIndependent } from "./rewrite-loop.js";

function lerpScan(b: Builder, loop: Loop, operands: readonly Value[]): readonly Value[] | undefined {
  const { body } = loop.attributes;
  const independent = stateIndependent(loop);
  const readers = countReaders(body);
  const producers = producersOf(body);

  /** The z of a value 1 - z. */
  const complement = (value: Value): Value | undefined => {
    const producer = producers.get(value);
    if (producer?.op !== "Sub") return undefined;
    return splatValue(at(producer.inputs, 0), (operand) => producers.get(operand)) === 1
      ? producer.inputs[1]
      : undefined;
  };
  /** The operands of a product that is read once, in both orders. */
  const factorPairs = (value: Value): readonly (readonly [Value, Value])[] => {
    const producer = producers.get(value);
    if (producer?.op !== "Mul" || readers.get(value) !== 1) return [];
    const [x, y] = [at(producer.inputs, 0), at(producer.inputs, 1)];
    return [
      [x, y],
      [y, x],
    ];
  };

  return rewriteBody(b, loop, operands, (node, { b: inner, lookup }) => {
    if (node.op !== "Add") return undefined;
    const [left, right] = [at(node.inputs, 0), at(node.inputs, 1)];
    for (const [first, second] of [
      [left, right],
      [right, left],
    ] as const) {
      for (const [oneMinusZ, x] of factorPairs(first)) {
        for (const [z, y] of factorPairs(second)) {
          // Products of a state-independent z may leave the loop, and a difference would not.
          if (complement(oneMinusZ) !== z || independent.has(z)) continue;
          const [a, c] = [lookup(x), lookup(y)];
          return [inner.add(a, inner.mul(lookup(z), inner.sub(c, a)))];
        }
      }
    }
    return undefined;
  });
}

export const lerp: Pass = {
  name: "lerp",
  description: "Writes an interpolation in a loop with one product: (1 - z) * a + z * b → a + z * (b - a).",
  run: (graph) => rewriteLoops(graph, lerpScan),
};
