/** Which parameters are trained: those of layers and cells that are not frozen. */
import type { NormalLayer } from "../../schema/normal/index.js";

/** Public names begin with their layer's name, and in an rnn layer with the index of their cell. */
export function isTrained(name: string, model: readonly NormalLayer[]): boolean {
  return !model.some((layer) => frozenPrefixes(layer).some((prefix) => name.startsWith(prefix)));
}

function frozenPrefixes(layer: NormalLayer): readonly string[] {
  if (layer.layer === "rnn")
    return layer.cells.flatMap(({ trainable }, index) => (trainable ? [] : [`${layer.name}/${index}/`]));
  return "trainable" in layer && !layer.trainable ? [`${layer.name}/`] : [];
}
