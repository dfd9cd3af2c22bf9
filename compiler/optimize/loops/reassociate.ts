/**
 * Regroup: in a loop's body, chains of sums and of products are put in another order, so that their state-free terms meet
 * first and hoist can take them out together. Equal but for rounding.
 */
import type { Builder } from "../../ir/builder.js";
import type { NodeOf, Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";
import { chainsOf, joinTerms, type Term } from "./chains.js";
import { rewriteBody, rewriteLoops, stateIndependent } from "./rewrite-loop.js";

function reassociateScan(b: Builder, loop: NodeOf<"Scan">, operands: readonly Value[]): readonly Value[] | undefined {
  const independent = stateIndependent(loop);
  const { kindOf, termsOf } = chainsOf(loop.attributes.body);
  return rewriteBody(b, loop, operands, (node, { b: inner, lookup }) => {
    const kind = kindOf(node);
    if (kind === undefined) return undefined;
    const terms = termsOf(node);
    const lookupTerm = ({ value, negative }: Term): Term => ({ value: lookup(value), negative });
    const independentTerms = terms.filter(({ value }) => independent.has(value)).map(lookupTerm);
    const dependentTerms = terms.filter(({ value }) => !independent.has(value)).map(lookupTerm);
    if (independentTerms.length < 2 || dependentTerms.length === 0) return undefined;
    const combined = joinTerms(inner, kind, independentTerms);
    return [joinTerms(inner, kind, [...dependentTerms, combined]).value];
  });
}

export const reassociate: Pass = {
  name: "regroup",
  description: "Sums and products in loops are ordered so that state-free terms meet: (x + h) + b → h + (x + b).",
  run: (graph) => rewriteLoops(graph, reassociateScan),
};
