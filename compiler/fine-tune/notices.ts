/** Notices of the weights of another program's model that a training leaves as they are. */
import { listFirst } from "../../schema/counts.js";

/** A notice of weights that are not trained. */
export function constantWeightsNotice(names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  return [
    `Weights in Constant nodes are not trained: ${listFirst(names, 5)}. To train them, export them as initializers.`,
  ];
}

/** A notice of tensors that stay as they are. */
export function exporterConstantsNotice(names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  return [
    `Constants of PyTorch's exporter stay as they are: ${listFirst(names, 5)}. To train one, name it with --parameters.`,
  ];
}
