/** Constant folding while a model is read: a node whose operands are all known numbers is computed at once. */
import { graphBuilder } from "../graph/builder.js";
import { evaluate } from "../graph/evaluate.js";
import { elementCount } from "../ir/dims.js";
import type { Value } from "../ir/types.js";
import type { Lowering } from "./lowering.js";
import type { ModelNode } from "./node.js";
import { computed, known, type Operand } from "./operand.js";

/** The most elements of a folded result. */
const MAX_ELEMENTS = 2 ** 20;

/**
 * The results of a node of known operands as numbers; undefined where they are too large, or where they are sizes of
 * the data.
 *
 * @param nodeIn the node with its operands in a graph of their own.
 */
export function foldConstants(
  lowering: Lowering,
  nodeIn: (b: ReturnType<typeof graphBuilder>) => ModelNode,
): readonly (Operand | undefined)[] | undefined {
  const b = graphBuilder("constant");
  const results = lowering.lower(nodeIn(b), b);
  const isSmall = ({ type }: Value) => {
    const count = elementCount(type.shape);
    return typeof count === "number" && count <= MAX_ELEMENTS;
  };
  if (!b.nodes.every((node) => node.outputs.every(isSmall))) return undefined;
  const values = results.flatMap((result) => {
    if (result === undefined) return [];
    const value = "kind" in result ? (result.kind === "computed" ? result.value : undefined) : result;
    return value === undefined ? [] : [value];
  });
  const tensors = evaluate(b.finish(values), []);
  return results.map((result) => {
    if (result === undefined || ("kind" in result && result.kind !== "computed")) return result;
    const value = "kind" in result ? result.value : result;
    const folded = tensors[values.indexOf(value)];
    return folded === undefined ? computed(value) : known(folded.dtype, folded.shape, folded.data);
  });
}
