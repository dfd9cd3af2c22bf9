/**
 * Reassociation: in a loop body, chains of sums and of products are reordered so that their state-independent terms
 * form one subexpression, which hoist moves out of the loop. Rounding differs.
 */
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";
import { chainsOf, joinTerms, type Term } from "./chains.js";
import { type Loop, rewriteBody, rewriteLoops, stateIndependent } from "./rewrite-loop.js";

function reassociateScan(b: Builder, loop: Loop, operands: readonly Value[]): readonly Value[] | undefined {
  const independent = stateIndependent(loop);
  const { kindOf, termsByOperand } = chainsOf(loop.attributes.body);
  return rewriteBody(b, loop, operands, (node, { b: inner, lookup }) => {
    const kind = kindOf(node);
    if (kind === undefined) return undefined;
    const operands = termsByOperand(node);
    const isIndependent = ({ value }: Term) => independent.has(value);
    const independentTerms = operands.flat().filter(isIndependent);
    const dependentTerms = operands.flat().filter((term) => !isIndependent(term));
    if (independentTerms.length < 2 || dependentTerms.length === 0) return undefined;
    const isGrouped = operands.some((terms) => terms.length === independentTerms.length && terms.every(isIndependent));
    if (isGrouped) return undefined;
    const lookupTerm = ({ value, negative }: Term): Term => ({ value: lookup(value), negative });
    const combined = joinTerms(inner, kind, independentTerms.map(lookupTerm));
    return [joinTerms(inner, kind, [...dependentTerms.map(lookupTerm), combined]).value];
  });
}

export const reassociate: Pass = {
  name: "reassociate",
  description: "Groups the state-independent terms of sums and products in loops: (x + h) + b → h + (x + b).",
  run: (graph) => rewriteLoops(graph, reassociateScan),
};
