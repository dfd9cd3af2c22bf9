/** Operators that the opset of a model lacks, as older ones. */
import { rewrite } from "../../graph/rewrite.js";
import { at } from "../../ir/expect.js";
import type { Graph } from "../../ir/types.js";
import { decomposeLayerNormalization } from "../../ops/normalization.js";

/** The first opset with each operator. */
const firstOpset = { LayerNormalization: 17, Gelu: 20 } as const;

/** The graph is the same one where nothing is lowered. */
export function lowerOperators(graph: Graph, opset: number): Graph {
  if (opset >= firstOpset.Gelu) return graph;
  return rewrite(graph, (node, { b, inputs }) => {
    if (node.op === "LayerNormalization" && opset < firstOpset.LayerNormalization)
      return decomposeLayerNormalization(b, inputs, node.attributes.epsilon);
    if (node.op !== "Gelu" || node.attributes.approximate !== "none") return undefined;
    // Of the forms of one value, ONNX Runtime 1.30 runs this one as a single kernel.
    const x = at(inputs, 0);
    return [b.mul(b.mul(x, b.add(b.erf(b.div(x, Math.SQRT2)), 1)), 0.5)];
  });
}
