/** Operators that the opset of a model lacks, as older ones. */
import { rewrite } from "../../graph/rewrite.js";
import type { Graph } from "../../ir/types.js";
import { decomposeLayerNormalization } from "../../ops/normalization.js";

/** The first opset with LayerNormalization. */
const LAYER_NORMALIZATION = 17;

/** The graph is the same one where nothing is lowered. */
export function lowerOperators(graph: Graph, opset: number): Graph {
  if (opset >= LAYER_NORMALIZATION) return graph;
  return rewrite(graph, (node, { b, inputs }) =>
    node.op === "LayerNormalization" ? decomposeLayerNormalization(b, inputs, node.attributes.epsilon) : undefined,
  );
}
