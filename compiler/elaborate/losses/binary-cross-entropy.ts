/** binary_cross_entropy: log(1 + eˣ) - x t of each entry, x being logits. */
import type { NormalLoss } from "../../../schema/normal.js";
import { logitsFor } from "./classes.js";
import { type LossDefinition, numberTargets, reduceEntries } from "./loss.js";

export const binaryCrossEntropy: LossDefinition<Extract<NormalLoss, { type: "binary_cross_entropy" }>> = {
  metrics: ["binary_accuracy"],
  elaborate(loss, operands, context) {
    const { b } = context;
    const logits = logitsFor(loss, "sigmoid", operands, context);
    const targets = logits && numberTargets(loss, operands, context);
    if (logits === undefined || targets === undefined) return undefined;
    const each = b.sub(b.softplus(logits), b.mul(logits, targets));
    return reduceEntries(b, each, operands, loss.reduction);
  },
};
