/** Blend: in a loop's body, (1 - z) * a + z * b → a + z * (b - a), one operation less per step. Equal but for rounding. */
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/present.js";
import type { NodeOf, Value } from "../ir/types.js";
import { countReaders, producersOf, rewriteBody, rewriteLoops, stateFree } from "./loop-body.js";
import type { Pass } from "./pass.js";

function blendScan(b: Builder, node: NodeOf<"Scan">, operands: readonly Value[]): readonly Value[] | undefined {
  const { body } = node.attributes;
  const free = stateFree(node);
  const readers = countReaders(body);
  const producers = producersOf(body);

  const isOne = (value: Value) => {
    const made = producers.get(value);
    return made?.op === "Constant" && made.attributes.value.data.every((entry) => entry === 1);
  };
  /** z of 1 - z. */
  const complement = (value: Value): Value | undefined => {
    const made = producers.get(value);
    return made?.op === "Sub" && isOne(at(made.inputs, 0)) ? made.inputs[1] : undefined;
  };
  /** The operands of a product that is read once, in both orders. */
  const factors = (value: Value): readonly (readonly [Value, Value])[] => {
    const made = producers.get(value);
    if (made?.op !== "Mul" || readers.get(value) !== 1) return [];
    const [x, y] = [at(made.inputs, 0), at(made.inputs, 1)];
    return [
      [x, y],
      [y, x],
    ];
  };

  return rewriteBody(b, node, operands, (step, { b: inner, here }) => {
    if (step.op !== "Add") return undefined;
    const [left, right] = [at(step.inputs, 0), at(step.inputs, 1)];
    for (const [first, second] of [
      [left, right],
      [right, left],
    ] as const) {
      for (const [rest, x] of factors(first)) {
        for (const [z, y] of factors(second)) {
          // A state-free z has its products with what is state-free made outside: better than a difference within.
          if (complement(rest) !== z || free.has(z)) continue;
          const [a, c] = [here(x), here(y)];
          return [inner.add(a, inner.mul(here(z), inner.sub(c, a)))];
        }
      }
    }
    return undefined;
  });
}

export const blend: Pass = {
  name: "blend",
  description: "A weighted mean in a loop takes one product: (1 - z) * a + z * b → a + z * (b - a).",
  run: (graph) => rewriteLoops(graph, blendScan),
};
