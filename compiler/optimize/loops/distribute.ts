/**
 * Distribute: in a loop's body, a state-free factor of a sum goes to the sum's terms, where each of them has a state-free
 * factor that takes it in: one multiplication per step less. Equal but for rounding.
 */
import type { Builder } from "../../ir/builder.js";
import { sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { NodeOf, Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";
import {
  type BodySite,
  countReaders,
  producersOf,
  rewriteBody,
  rewriteLoops,
  stateIndependent,
} from "./rewrite-loop.js";

function distributeScan(b: Builder, loop: NodeOf<"Scan">, operands: readonly Value[]): readonly Value[] | undefined {
  const { body } = loop.attributes;
  const independent = stateIndependent(loop);
  const readers = countReaders(body);
  const producers = producersOf(body);

  /** What a value times `k` is without multiplying anything more that depends on the state; undefined when it cannot be. */
  const times = (value: Value, k: Value): ((site: BodySite) => Value) | undefined => {
    if (independent.has(value)) return ({ b: inner, lookup }) => inner.mul(lookup(value), lookup(k));
    const producer = producers.get(value);
    const [x, y] = producer?.inputs ?? [];
    if (readers.get(value) !== 1 || producer === undefined || x === undefined || y === undefined) return undefined;
    if (producer.op === "Mul" && independent.has(x) !== independent.has(y)) {
      const [independentFactor, dependentFactor] = independent.has(x) ? [x, y] : [y, x];
      return ({ b: inner, lookup }) =>
        inner.mul(lookup(dependentFactor), inner.mul(lookup(independentFactor), lookup(k)));
    }
    if (producer.op !== "Add" && producer.op !== "Sub") return undefined;
    const [left, right] = [times(x, k), times(y, k)];
    if (left === undefined || right === undefined) return undefined;
    return (site) => site.b[producer.op === "Add" ? "add" : "sub"](left(site), right(site));
  };

  return rewriteBody(b, loop, operands, (node, site) => {
    const [x, y] = node.inputs;
    if (node.op !== "Mul" || x === undefined || y === undefined || independent.has(x) === independent.has(y))
      return undefined;
    const [k, sum] = independent.has(x) ? [x, y] : [y, x];
    const { op } = producers.get(sum) ?? {};
    if ((op !== "Add" && op !== "Sub") || !sameShape(sum.type.shape, at(node.outputs, 0).type.shape)) return undefined;
    const product = times(sum, k)?.(site);
    return product && [product];
  });
}

export const distribute: Pass = {
  name: "distribute",
  description: "A state-free factor goes to terms with such factors: (s * a + t * b) * k → s * (a * k) + t * (b * k).",
  run: (graph) => rewriteLoops(graph, distributeScan),
};
