/**
 * Factor: in a loop's body, products that share what depends on the state are taken together, so that one multiplication
 * per step is left and the rest is state-free. Equal but for rounding.
 */
import type { Builder } from "../ir/builder.js";
import { sameShape } from "../ir/dims.js";
import { at } from "../ir/present.js";
import type { NodeOf, Value } from "../ir/types.js";
import { chainsOf, joinTerms, type Term } from "./chain.js";
import { countReaders, producersOf, rewriteBody, rewriteLoops, stateFree } from "./loop-body.js";
import type { Pass, PassContext } from "./pass.js";
import { isWide } from "./width.js";

/** What depends on the state, times something that does not; times one where that is undefined. */
interface Product {
  readonly dependent: Value;
  readonly free: Value | undefined;
}

/** A term of a sum, with its state-free factor. */
interface Part extends Term {
  readonly free: Value | undefined;
}

function factorScan(
  b: Builder,
  node: NodeOf<"Scan">,
  operands: readonly Value[],
  context: PassContext,
): readonly Value[] | undefined {
  const { body } = node.attributes;
  const free = stateFree(node);
  const readers = countReaders(body);
  const { kindOf, termsOf } = chainsOf(body);
  const producers = producersOf(body);

  const productOf = (value: Value): Product => {
    const made = producers.get(value);
    const [x, y] = made?.op === "Mul" ? made.inputs : [];
    if (x === undefined || y === undefined || free.has(x) === free.has(y)) return { dependent: value, free: undefined };
    const product = free.has(x) ? { dependent: y, free: x } : { dependent: x, free: y };
    return sameShape(product.dependent.type.shape, value.type.shape) ? product : { dependent: value, free: undefined };
  };
  /** A sum's terms by their dependent factors; undefined when there is nothing to share. */
  const groupsOf = (terms: readonly Term[]): ReadonlyMap<Value, readonly Part[]> | undefined => {
    const groups = new Map<Value, readonly Part[]>();
    for (const term of terms) {
      const { dependent, free } = productOf(term.value);
      groups.set(dependent, [...(groups.get(dependent) ?? []), { ...term, free }]);
    }
    const isShared = (parts: readonly Part[]) => parts.length > 1 && parts.some((part) => part.free !== undefined);
    return [...groups.values()].some(isShared) ? groups : undefined;
  };

  return rewriteBody(b, node, operands, (step, { b: inner, here }) => {
    if (step.op === "Concat") {
      // Laying a wide factor together costs as much as it saves.
      if (isWide(at(step.outputs, 0).type.shape, context)) return undefined;
      // A product that others read too would stay: nothing is gained.
      const products = step.inputs.flatMap((input) => {
        const { dependent, free } = productOf(input);
        const whole = free !== undefined && sameShape(free.type.shape, input.type.shape);
        return whole && readers.get(input) === 1 ? [{ dependent: here(dependent), free: here(free) }] : [];
      });
      if (products.length < step.inputs.length) return undefined;
      const side = (key: "dependent" | "free") =>
        inner.concat(
          products.map((product) => product[key]),
          step.attributes.axis,
        );
      return [inner.mul(side("dependent"), side("free"))];
    }
    const groups = kindOf(step) === "sum" ? groupsOf(termsOf(step)) : undefined;
    if (groups === undefined) return undefined;
    const terms = [...groups].map(([dependent, parts]): Term => {
      const [only, ...others] = parts;
      if (only !== undefined && others.length === 0) return { ...only, value: here(only.value) };
      const factors = parts.map(
        (part): Term => ({
          ...part,
          value: part.free === undefined ? inner.scalar(1, dependent.type.dtype) : here(part.free),
        }),
      );
      const { value, negative } = joinTerms(inner, "sum", factors);
      return { value: inner.mul(here(dependent), value), negative };
    });
    return [joinTerms(inner, "sum", terms).value];
  });
}

export const factor: Pass = {
  name: "factor",
  description:
    "Products in loops share their state-dependent factor: s * a - s * b → s * (a - b); [s * a, t * b] → [s, t] * [a, b].",
  run: (graph, context) => rewriteLoops(graph, (b, node, operands) => factorScan(b, node, operands, context)),
};
