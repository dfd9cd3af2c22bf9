/**
 * Regroup: in a loop's body, chains of sums and of products are put in another order, so that their state-free terms meet
 * first and hoist can take them out together. Equal but for rounding.
 */
import type { Builder } from "../ir/builder.js";
import type { NodeOf, Value } from "../ir/types.js";
import { chainsOf, joinTerms, type Term } from "./chain.js";
import { rewriteBody, rewriteLoops, stateFree } from "./loop-body.js";
import type { Pass } from "./pass.js";

function regroupScan(b: Builder, node: NodeOf<"Scan">, operands: readonly Value[]): readonly Value[] | undefined {
  const free = stateFree(node);
  const { kindOf, termsOf } = chainsOf(node.attributes.body);
  return rewriteBody(b, node, operands, (step, { b: inner, here }) => {
    const kind = kindOf(step);
    if (kind === undefined) return undefined;
    const terms = termsOf(step);
    const renew = ({ value, negative }: Term): Term => ({ value: here(value), negative });
    const stateFreeTerms = terms.filter(({ value }) => free.has(value)).map(renew);
    const others = terms.filter(({ value }) => !free.has(value)).map(renew);
    if (stateFreeTerms.length < 2 || others.length === 0) return undefined;
    const together = joinTerms(inner, kind, stateFreeTerms);
    return [joinTerms(inner, kind, [...others, together]).value];
  });
}

export const regroup: Pass = {
  name: "regroup",
  description: "Sums and products in loops are ordered so that state-free terms meet: (x + h) + b → h + (x + b).",
  run: (graph) => rewriteLoops(graph, regroupScan),
};
