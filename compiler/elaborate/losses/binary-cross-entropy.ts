/**
 * binary_cross_entropy: the equations of its file, and a check of the weights of outputs. In code, because it takes
 * logits in place of probabilities where a layer has them.
 */
import type { NormalLoss } from "../../../schema/normal/index.js";
import { logitsFor, outputVector } from "./class-targets.js";
import { equationLoss } from "./equations.js";
import type { LossDefinition } from "./loss.js";

export const binaryCrossEntropy: LossDefinition<Extract<NormalLoss, { type: "binary_cross_entropy" }>> = {
  elaborate(loss, operands, context) {
    const { positive_weight: weights } = loss;
    if (typeof weights === "number") return equationLoss.elaborate(loss, operands, context);
    const logits = logitsFor(loss, "sigmoid", operands, context);
    const vector = logits && outputVector(loss, "positive_weight", weights, logits, context);
    return vector && equationLoss.elaborate(loss, operands, context);
  },
};
