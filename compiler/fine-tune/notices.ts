/** Notices of the weights of another program's model that a training leaves as they are, and of inputs that it does not read. */
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

/** A notice of parameters that no path leads to from the loss. */
export function unreachedNotice(names: readonly string[], output: string): readonly string[] {
  if (names.length === 0) return [];
  return [
    `Parameters that stay as they are, because the output ${output} does not depend on them: ${listFirst(names, 5)}.`,
  ];
}

/** A notice of inputs of the model that the training step lacks. */
export function unreadInputsNotice(names: readonly string[], output: string): readonly string[] {
  if (names.length === 0) return [];
  return [
    `Inputs that training does not read, because the output ${output} does not depend on them: ${listFirst(names, 5)}.`,
  ];
}
