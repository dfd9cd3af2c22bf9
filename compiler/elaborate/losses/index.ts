/** The losses, by their type in specs: those in code, and equations. */
import { builtInLosses } from "../../../schema/built-in.js";
import type { NormalLoss } from "../../../schema/normal/index.js";
import { binaryCrossEntropy } from "./binary-cross-entropy.js";
import { crossEntropy } from "./cross-entropy.js";
import { ctc } from "./ctc.js";
import { equationLoss } from "./equations.js";
import type { LossDefinition } from "./loss.js";
import { sampledSoftmax } from "./sampled-softmax.js";
import { sequenceLoss } from "./sequence-loss.js";

/** The losses that equations alone do not define. */
const coded: { readonly [K in NormalLoss["type"]]?: LossDefinition<Extract<NormalLoss, { type: K }>> } = {
  sequence_loss: sequenceLoss,
  cross_entropy: crossEntropy,
  sampled_softmax: sampledSoftmax,
  binary_cross_entropy: binaryCrossEntropy,
  ctc,
};

export function lossDefinition(type: NormalLoss["type"]): LossDefinition<NormalLoss> {
  return (coded[type] as LossDefinition<NormalLoss> | undefined) ?? equationLoss;
}

/** True for a loss that is equations alone. */
export function isOfEquations(type: NormalLoss["type"]): boolean {
  return type === "custom" || (coded[type] === undefined && builtInLosses().includes(type));
}
