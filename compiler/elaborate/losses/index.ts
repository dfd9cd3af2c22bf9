/** The losses, by their type in specs. */
import type { NormalLoss } from "../../../schema/normal/index.js";
import { absoluteError } from "./absolute-error.js";
import { binaryCrossEntropy } from "./binary-cross-entropy.js";
import { crossEntropy } from "./cross-entropy.js";
import { ctc } from "./ctc.js";
import { huber } from "./huber.js";
import type { LossDefinition } from "./loss.js";
import { sampledSoftmax } from "./sampled-softmax.js";
import { sequenceLoss } from "./sequence-loss.js";
import { squaredError } from "./squared-error.js";

export const losses: { readonly [K in NormalLoss["type"]]: LossDefinition<Extract<NormalLoss, { type: K }>> } = {
  sequence_loss: sequenceLoss,
  cross_entropy: crossEntropy,
  sampled_softmax: sampledSoftmax,
  binary_cross_entropy: binaryCrossEntropy,
  squared_error: squaredError,
  absolute_error: absoluteError,
  huber,
  ctc,
};
