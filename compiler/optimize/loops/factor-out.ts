/**
 * Common-factor extraction: in a loop body, products that share a state-dependent factor become one product, whose
 * other factor is state-independent. Rounding differs.
 */
import { countReaders, producersOf } from "../../graph/def-use.js";
import type { Builder } from "../../ir/builder.js";
import { sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import type { Pass, PassContext } from "../pass.js";
import { isWide } from "../target/index.js";
import { chainsOf, joinTerms, type Term } from "./chains.js";
import { type Loop, rewriteBody, rewriteLoops, stateIndependent } from "./rewrite-loop.js";

/** A state-dependent value times a state-independent one, or times 1 when that is undefined. */
interface Product {
  readonly dependent: Value;
  readonly independent: Value | undefined;
}

/** A term of a sum with its state-independent factor, or 1. */
interface FactoredTerm extends Term {
  readonly independent: Value | undefined;
}

function factorOutScan(
  b: Builder,
  loop: Loop,
  operands: readonly Value[],
  context: PassContext,
): readonly Value[] | undefined {
  const { body } = loop.attributes;
  const independent = stateIndependent(loop);
  const readers = countReaders(body);
  const { kindOf, termsByOperand } = chainsOf(body);
  const producers = producersOf(body);

  const productOf = (value: Value): Product => {
    const producer = producers.get(value);
    const [x, y] = producer?.op === "Mul" ? producer.inputs : [];
    if (x === undefined || y === undefined || independent.has(x) === independent.has(y))
      return { dependent: value, independent: undefined };
    const product = independent.has(x) ? { dependent: y, independent: x } : { dependent: x, independent: y };
    return sameShape(product.dependent.type.shape, value.type.shape)
      ? product
      : { dependent: value, independent: undefined };
  };
  /** The terms of a sum by their state-dependent factors; undefined when no factor is shared. */
  const groupsOf = (terms: readonly Term[]): ReadonlyMap<Value, readonly FactoredTerm[]> | undefined => {
    const groups = new Map<Value, readonly FactoredTerm[]>();
    for (const term of terms) {
      const { dependent, independent } = productOf(term.value);
      groups.set(dependent, [...(groups.get(dependent) ?? []), { ...term, independent }]);
    }
    const isShared = (group: readonly FactoredTerm[]) =>
      group.length > 1 && group.some((term) => term.independent !== undefined);
    return [...groups.values()].some(isShared) ? groups : undefined;
  };

  return rewriteBody(b, loop, operands, (node, { b: inner, lookup }) => {
    if (node.op === "Concat") {
      // Concatenating wide factors costs as much as it saves.
      if (isWide(at(node.outputs, 0).type.shape, context)) return undefined;
      // A product with another reader would stay: no gain.
      const products = node.inputs.flatMap((input) => {
        const { dependent, independent } = productOf(input);
        const hasSameShape = independent !== undefined && sameShape(independent.type.shape, input.type.shape);
        return hasSameShape && readers.get(input) === 1
          ? [{ dependent: lookup(dependent), independent: lookup(independent) }]
          : [];
      });
      if (products.length < node.inputs.length) return undefined;
      const concatFactors = (key: "dependent" | "independent") =>
        inner.concat(
          products.map((product) => product[key]),
          node.attributes.axis,
        );
      return [inner.mul(concatFactors("dependent"), concatFactors("independent"))];
    }
    const groups = kindOf(node) === "sum" ? groupsOf(termsByOperand(node).flat()) : undefined;
    if (groups === undefined) return undefined;
    const terms = [...groups].map(([dependent, group]): Term => {
      const [first, ...rest] = group;
      if (first !== undefined && rest.length === 0) return { ...first, value: lookup(first.value) };
      const factors = group.map(
        (term): Term => ({
          ...term,
          value: term.independent === undefined ? inner.scalar(1, dependent.type.dtype) : lookup(term.independent),
        }),
      );
      const { value, negative } = joinTerms(inner, "sum", factors);
      return { value: inner.mul(lookup(dependent), value), negative };
    });
    return [joinTerms(inner, "sum", terms).value];
  });
}

export const factorOut: Pass = {
  name: "factor-out",
  description:
    "Extracts a common state-dependent factor in loops: s * a - s * b → s * (a - b); [s * a, t * b] → [s, t] * [a, b].",
  run: (graph, context) => rewriteLoops(graph, (b, loop, operands) => factorOutScan(b, loop, operands, context)),
};
