/**
 * cross_entropy: -Σ w q log softmax(x), q from class ids or rows of probabilities, smoothed towards uniform; w per
 * class. In code, because it takes logits in place of probabilities, and ids or rows of probabilities.
 */
import type { NormalLoss } from "../../../schema/normal/index.js";
import { shapesAgree } from "../compare-sizes.js";
import { classWeightsFor, crossEntropyOf, crossEntropyOfRows, idTargets, logitsFor } from "./class-targets.js";
import { type LossDefinition, reduceEntries } from "./loss.js";

export const crossEntropy: LossDefinition<Extract<NormalLoss, { type: "cross_entropy" }>> = {
  elaborate(loss, operands, context) {
    const { b } = context;
    const { targets } = operands;
    const logits = logitsFor(loss, "softmax", operands, context);
    if (logits === undefined) return undefined;
    const unweighted = b.logSoftmax(logits);
    const weights = classWeightsFor(loss, logits, context);
    if (weights === undefined) return undefined;
    const logProbabilities = weights === null ? unweighted : b.mul(unweighted, weights);
    const areRows = targets.type.dtype === "float32" && shapesAgree(targets.type.shape, logits.type.shape);
    if (areRows === undefined) return undefined;
    const ids = areRows ? null : idTargets(loss, logits, operands, context);
    if (ids === undefined) return undefined;
    const losses =
      ids === null ? crossEntropyOfRows(b, logProbabilities, targets) : crossEntropyOf(b, logProbabilities, ids);
    const smoothing = loss.label_smoothing;
    if (smoothing === 0) return reduceEntries(b, losses, operands, loss.reduction);
    // q = (1 - s) p + s / classes
    const uniformLoss = b.neg(b.mean(logProbabilities, [-1]));
    const smoothed = b.add(b.mul(losses, 1 - smoothing), b.mul(uniformLoss, smoothing));
    return reduceEntries(b, smoothed, operands, loss.reduction);
  },
};
