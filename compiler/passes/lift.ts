/**
 * Lift: in a loop's body, state-free terms added to the parts of a split are added before it, all in one, so that they join
 * the terms of the whole: split(h @ U) with x_i added to part i → split(h @ U + [x_1, x_2, …]).
 */
import type { Builder } from "../ir/builder.js";
import { sameShape } from "../ir/dims.js";
import { at } from "../ir/present.js";
import type { Node, NodeOf, Value } from "../ir/types.js";
import { countReaders, rewriteBody, rewriteLoops, stateFree } from "./loop-body.js";
import type { Pass } from "./pass.js";

/** A part of a split and the state-free term that its one reader adds to it. */
interface Lifted {
  readonly part: Value;
  readonly term: Value;
  readonly addition: Node;
}

function liftScan(b: Builder, node: NodeOf<"Scan">, operands: readonly Value[]): readonly Value[] | undefined {
  const { body } = node.attributes;
  const free = stateFree(node);
  const readers = countReaders(body);
  const liftedPart = (part: Value): Lifted | undefined => {
    const isReader = ({ inputs, outputs }: Node) => inputs.includes(part) && outputs.some((made) => readers.has(made));
    const addition = body.nodes.find((step) => step.op === "Add" && isReader(step));
    const term = addition?.inputs.find((input) => input !== part);
    if (addition === undefined || term === undefined || readers.get(part) !== 1 || !free.has(term)) return undefined;
    return sameShape(at(addition.outputs, 0).type.shape, part.type.shape) ? { part, term, addition } : undefined;
  };
  const lifts = new Map<Node, readonly (Lifted | undefined)[]>();
  const absorbed = new Map<Node, Value>();
  for (const step of body.nodes) {
    if (step.op !== "Split" || free.has(at(step.outputs, 0))) continue;
    const parts = step.outputs.map(liftedPart);
    const columns = step.attributes.sizes.reduce((sum, size, index) => (parts[index] ? sum + size : sum), 0);
    // Parts without a term are given zeros, which are moved about too.
    const whole = step.attributes.sizes.reduce((sum, size) => sum + size, 0);
    if (parts.filter(Boolean).length < 2 || 2 * columns < whole) continue;
    lifts.set(step, parts);
    for (const lifted of parts) if (lifted) absorbed.set(lifted.addition, lifted.part);
  }
  return rewriteBody(b, node, operands, (step, { b: inner, here }) => {
    const part = absorbed.get(step);
    if (part !== undefined) return [here(part)];
    const parts = lifts.get(step);
    if (step.op !== "Split" || parts === undefined) return undefined;
    const { axis, sizes } = step.attributes;
    const terms = step.outputs.map((output, index) => {
      const term = parts[index]?.term;
      return inner.expand(term === undefined ? inner.scalar(0, output.type.dtype) : here(term), output.type.shape);
    });
    return inner.split(inner.add(here(at(step.inputs, 0)), inner.concat(terms, axis)), sizes, axis);
  });
}

export const lift: Pass = {
  name: "lift",
  description: "State-free terms of a split's parts are added before it, in one: p + x, q + y → [p, q] + [x, y].",
  run: (graph) => rewriteLoops(graph, liftScan),
};
