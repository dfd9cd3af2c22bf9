/**
 * Distribute: in a loop's body, a state-free factor of a sum goes to the sum's terms, where each of them has a state-free
 * factor that takes it in: one multiplication per step less. Equal but for rounding.
 */
import type { Builder } from "../ir/builder.js";
import { sameShape } from "../ir/dims.js";
import { at } from "../ir/present.js";
import type { NodeOf, Value } from "../ir/types.js";
import { type BodySite, countReaders, producersOf, rewriteBody, rewriteLoops, stateFree } from "./loop-body.js";
import type { Pass } from "./pass.js";

function distributeScan(b: Builder, node: NodeOf<"Scan">, operands: readonly Value[]): readonly Value[] | undefined {
  const { body } = node.attributes;
  const free = stateFree(node);
  const readers = countReaders(body);
  const producers = producersOf(body);

  /** What a value times `k` is without multiplying anything more that depends on the state; undefined when it cannot be. */
  const times = (value: Value, k: Value): ((site: BodySite) => Value) | undefined => {
    if (free.has(value)) return ({ b: inner, here }) => inner.mul(here(value), here(k));
    const made = producers.get(value);
    const [x, y] = made?.inputs ?? [];
    if (readers.get(value) !== 1 || made === undefined || x === undefined || y === undefined) return undefined;
    if (made.op === "Mul" && free.has(x) !== free.has(y)) {
      const [own, other] = free.has(x) ? [x, y] : [y, x];
      return ({ b: inner, here }) => inner.mul(here(other), inner.mul(here(own), here(k)));
    }
    if (made.op !== "Add" && made.op !== "Sub") return undefined;
    const [left, right] = [times(x, k), times(y, k)];
    if (left === undefined || right === undefined) return undefined;
    return (site) => site.b[made.op === "Add" ? "add" : "sub"](left(site), right(site));
  };

  return rewriteBody(b, node, operands, (step, site) => {
    const [x, y] = step.inputs;
    if (step.op !== "Mul" || x === undefined || y === undefined || free.has(x) === free.has(y)) return undefined;
    const [k, sum] = free.has(x) ? [x, y] : [y, x];
    const { op } = producers.get(sum) ?? {};
    if ((op !== "Add" && op !== "Sub") || !sameShape(sum.type.shape, at(step.outputs, 0).type.shape)) return undefined;
    const product = times(sum, k)?.(site);
    return product && [product];
  });
}

export const distribute: Pass = {
  name: "distribute",
  description: "A state-free factor goes to terms with such factors: (s * a + t * b) * k → s * (a * k) + t * (b * k).",
  run: (graph) => rewriteLoops(graph, distributeScan),
};
