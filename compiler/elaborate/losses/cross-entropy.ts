/** cross_entropy: -Σ q log softmax(x), q from class ids or rows of probabilities, smoothed towards uniform. */
import type { NormalLoss } from "../../../schema/normal.js";
import { sameSizes } from "../sizes.js";
import { crossEntropyOf, idTargets, logitsFor } from "./classes.js";
import { type LossDefinition, reduceEntries } from "./loss.js";

export const crossEntropy: LossDefinition<Extract<NormalLoss, { type: "cross_entropy" }>> = {
  metrics: ["accuracy"],
  elaborate(loss, operands, context) {
    const { b } = context;
    const logits = logitsFor(loss, "softmax", operands, context);
    if (logits === undefined) return undefined;
    const logProbabilities = b.logSoftmax(logits);
    const rows = operands.targets.type.dtype === "float32" && sameSizes(operands.targets.type.shape, logits.type.shape);
    if (rows === undefined) return undefined;
    let each = rows ? b.neg(b.sum(b.mul(operands.targets, logProbabilities), [-1])) : undefined;
    if (each === undefined) {
      const ids = idTargets(loss, logits, operands, context);
      if (ids === undefined) return undefined;
      each = crossEntropyOf(b, logProbabilities, ids);
    }
    const smoothing = loss.label_smoothing;
    if (smoothing > 0) {
      // q = (1 - s) p + s / classes
      const uniform = b.neg(b.mean(logProbabilities, [-1]));
      each = b.add(b.mul(each, 1 - smoothing), b.mul(uniform, smoothing));
    }
    return reduceEntries(b, each, operands, loss.reduction);
  },
};
