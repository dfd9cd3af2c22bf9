/** Names of training tensors in a model with `training_info`: plain data, for readers of such files. */
import { holdsWeights, type Role } from "../artifact.js";

/** No layer name can start with this prefix. */
export const trainingPrefix = "/training/";

/** Weights have their names in the model; other tensors get the prefix. */
export function trainingName({ name, role }: { readonly name: string; readonly role: Role }): string {
  return holdsWeights({ role }) ? name : trainingPrefix + name;
}

/** The first opset with reductions in scatters, and the last with kernels for random operators in ONNX Runtime 1.30. */
export const trainingOpsets = { first: 16, last: 21 } as const;
