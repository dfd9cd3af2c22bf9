/** Names of a training's tensors in the model that it travels with: plain data, for those who read such files. */
import type { Role } from "../artifact.js";

/** No layer's name begins so. */
export const trainingPrefix = "/training/";

/** Weights have the names that they have in the model; all else is the training's own. */
export function trainingName({ name, role }: { readonly name: string; readonly role: Role }): string {
  return role === "parameter" || role === "frozen" ? name : trainingPrefix + name;
}

/** Random operators have kernels up to the last opset, and adding at equal indices came with the first. */
export const trainingOpsets = { first: 16, last: 21 } as const;
