/** Whether a model can run a sequence piece by piece, each piece going on from the states that the one before left. */
import type { NormalLayer } from "./normal/index.js";

/** Why a layer needs the whole sequence at once; undefined when it reads on as the steps come. */
function whyLayerNotStreamable(layer: NormalLayer): string | undefined {
  switch (layer.layer) {
    case "pool":
    case "attention":
      return `${layer.name} reads the whole sequence`;
    case "rnn":
      if (layer.cells.some(({ bidirectional }) => bidirectional !== "none")) return `${layer.name} reads it backward`;
      return layer.initial_state === "zeros" || layer.initial_state === "learned"
        ? undefined
        : `${layer.name} starts at the end of ${layer.initial_state}`;
    default:
      return undefined;
  }
}

/** Why a sequence cannot be run piece by piece, by the first layer that is in the way; undefined when it can. */
export function whyNotStreamable(model: readonly NormalLayer[]): string | undefined {
  for (const layer of model) {
    const reason = whyLayerNotStreamable(layer);
    if (reason !== undefined) return reason;
  }
  return undefined;
}
