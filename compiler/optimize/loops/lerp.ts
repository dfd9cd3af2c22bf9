/** Blend: in a loop's body, (1 - z) * a + z * b → a + z * (b - a), one operation less per step. Equal but for rounding. */
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { NodeOf, Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";
import { countReaders, producersOf, rewriteBody, rewriteLoops, stateIndependent } from "./rewrite-loop.js";

function lerpScan(b: Builder, loop: NodeOf<"Scan">, operands: readonly Value[]): readonly Value[] | undefined {
  const { body } = loop.attributes;
  const independent = stateIndependent(loop);
  const readers = countReaders(body);
  const producers = producersOf(body);

  const isOne = (value: Value) => {
    const producer = producers.get(value);
    return producer?.op === "Constant" && producer.attributes.value.data.every((entry) => entry === 1);
  };
  /** z of 1 - z. */
  const complement = (value: Value): Value | undefined => {
    const producer = producers.get(value);
    return producer?.op === "Sub" && isOne(at(producer.inputs, 0)) ? producer.inputs[1] : undefined;
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
          // A state-free z has its products with what is state-free made outside: better than a difference within.
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
  description: "A weighted mean in a loop takes one product: (1 - z) * a + z * b → a + z * (b - a).",
  run: (graph) => rewriteLoops(graph, lerpScan),
};
