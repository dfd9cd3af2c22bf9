/** cross_entropy: -Σ w q log softmax(x), q from class ids or rows of probabilities, smoothed towards uniform; w per class. */
import type { NormalLoss } from "../../../schema/normal.js";
import { sameSizes } from "../sizes.js";
import { crossEntropyOf, crossEntropyOfRows, idTargets, logitsFor, perOutput } from "./classes.js";
import { type LossDefinition, reduceEntries } from "./loss.js";

export const crossEntropy: LossDefinition<Extract<NormalLoss, { type: "cross_entropy" }>> = {
  answers: "class",
  metrics: [{ type: "accuracy" }],
  elaborate(loss, operands, context) {
    const { b } = context;
    const { targets } = operands;
    const logits = logitsFor(loss, "softmax", operands, context);
    if (logits === undefined) return undefined;
    const plain = b.logSoftmax(logits);
    const weights = loss.class_weights && perOutput(loss, "class_weights", loss.class_weights, logits, context);
    if (weights === undefined) return undefined;
    const logProbabilities = weights === null ? plain : b.mul(plain, weights);
    const rows = targets.type.dtype === "float32" && sameSizes(targets.type.shape, logits.type.shape);
    if (rows === undefined) return undefined;
    const ids = rows ? null : idTargets(loss, logits, operands, context);
    if (ids === undefined) return undefined;
    const each =
      ids === null ? crossEntropyOfRows(b, logProbabilities, targets) : crossEntropyOf(b, logProbabilities, ids);
    const smoothing = loss.label_smoothing;
    if (smoothing === 0) return reduceEntries(b, each, operands, loss.reduction);
    // q = (1 - s) p + s / classes
    const uniform = b.neg(b.mean(logProbabilities, [-1]));
    const smoothed = b.add(b.mul(each, 1 - smoothing), b.mul(uniform, smoothing));
    return reduceEntries(b, smoothed, operands, loss.reduction);
  },
};
