/**
 * Distribution: in a loop body, a state-independent factor of a sum moves into the terms, when each term has a
 * state-independent factor to multiply it with: one multiplication fewer per step. Rounding differs.
 */
import { countReaders, producersOf } from "../../graph/def-use.js";
import type { Builder } from "../../ir/builder.js";
import { sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";
import { type BodySite, type Loop, rewriteBody, rewriteLoops, stateIndependent } from "./rewrite-loop.js";

function distributeScan(b: Builder, loop: Loop, operands: readonly Value[]): readonly Value[] | undefined {
  const { body } = loop.attributes;
  const independent = stateIndependent(loop);
  const readers = countReaders(body);
  const producers = producersOf(body);

  /** The value times `k` without a further state-dependent multiplication; undefined when it needs one. */
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
  description: "Moves a state-independent factor into a sum: (s * a + t * b) * k → s * (a * k) + t * (b * k).",
  run: (graph) => rewriteLoops(graph, distributeScan),
};
