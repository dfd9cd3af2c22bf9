/**
 * Additions hoisted through Split: in a loop body, state-independent terms that are added to the outputs of a Split are
 * concatenated and added to its input, where they join the terms of the sum: split(h @ U) with x_i added to output i →
 * split(h @ U + [x_1, x_2, …]).
 */
import { countReaders } from "../../graph/def-use.js";
import type { Builder } from "../../ir/builder.js";
import { sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import { staticShape } from "../../ir/tensor.js";
import type { Node, Value } from "../../ir/types.js";
import type { Pass } from "../pass.js";
import { type Loop, rewriteBody, rewriteLoops, stateIndependent } from "./rewrite-loop.js";

/** An output of a Split, and the state-independent term that its only reader adds to it. */
interface SplitTerm {
  readonly splitOutput: Value;
  readonly term: Value;
  readonly addition: Node;
}

function addBeforeSplits(b: Builder, loop: Loop, operands: readonly Value[]): readonly Value[] | undefined {
  const { body } = loop.attributes;
  const independent = stateIndependent(loop);
  const readers = countReaders(body);
  const splitTermOf = (splitOutput: Value): SplitTerm | undefined => {
    const isReader = ({ inputs, outputs }: Node) =>
      inputs.includes(splitOutput) && outputs.some((output) => readers.has(output));
    const addition = body.nodes.find((node) => node.op === "Add" && isReader(node));
    const term = addition?.inputs.find((input) => input !== splitOutput);
    if (addition === undefined || term === undefined || readers.get(splitOutput) !== 1 || !independent.has(term))
      return undefined;
    return sameShape(at(addition.outputs, 0).type.shape, splitOutput.type.shape)
      ? { splitOutput, term, addition }
      : undefined;
  };
  const termsBySplit = new Map<Node, readonly (SplitTerm | undefined)[]>();
  const removedAdditions = new Map<Node, Value>();
  for (const node of body.nodes) {
    if (node.op !== "Split" || independent.has(at(node.outputs, 0))) continue;
    const sizes = staticShape(node.attributes.sizes);
    if (sizes === undefined) continue;
    const splitTerms = node.outputs.map(splitTermOf);
    const termColumns = sizes.reduce((sum, size, index) => (splitTerms[index] ? sum + size : sum), 0);
    // Outputs without a term get zeros, which are concatenated and added too: a gain only when they are the smaller
    // half.
    const totalColumns = sizes.reduce((sum, size) => sum + size, 0);
    if (splitTerms.filter(Boolean).length < 2 || 2 * termColumns < totalColumns) continue;
    termsBySplit.set(node, splitTerms);
    for (const splitTerm of splitTerms) if (splitTerm) removedAdditions.set(splitTerm.addition, splitTerm.splitOutput);
  }
  return rewriteBody(b, loop, operands, (node, { b: inner, lookup }) => {
    const splitOutput = removedAdditions.get(node);
    if (splitOutput !== undefined) return [lookup(splitOutput)];
    const splitTerms = termsBySplit.get(node);
    if (node.op !== "Split" || splitTerms === undefined) return undefined;
    const { axis, sizes } = node.attributes;
    const terms = node.outputs.map((output, index) => {
      const term = splitTerms[index]?.term;
      return inner.expand(term === undefined ? inner.scalar(0, output.type.dtype) : lookup(term), output.type.shape);
    });
    return inner.split(inner.add(lookup(at(node.inputs, 0)), inner.concat(terms, axis)), sizes, axis);
  });
}

export const addBeforeSplit: Pass = {
  name: "add-before-split",
  description: "Adds terms to the input of a Split instead of its outputs: p + x, q + y → [p, q] + [x, y].",
  run: (graph) => rewriteLoops(graph, addBeforeSplits),
};
