/** binary_cross_entropy: -p t log σ(x) - (1 - t) log(1 - σ(x)) of each entry, x being logits, p the positive weight. */
import type { NormalLoss } from "../../../schema/normal.js";
import { logitsFor, perOutput } from "./classes.js";
import { type LossDefinition, numberTargets, reduceEntries } from "./loss.js";

export const binaryCrossEntropy: LossDefinition<Extract<NormalLoss, { type: "binary_cross_entropy" }>> = {
  answers: "yes_or_no",
  metrics: [{ type: "binary_accuracy" }],
  elaborate(loss, operands, context) {
    const { b } = context;
    const logits = logitsFor(loss, "sigmoid", operands, context);
    const targets = logits && numberTargets(loss, operands, context);
    if (logits === undefined || targets === undefined) return undefined;
    const { positive_weight: given } = loss;
    const weight = typeof given === "number" ? given : perOutput(loss, "positive_weight", given, logits, context);
    if (weight === undefined) return undefined;
    // With log σ(x) = x - log(1 + eˣ) it is (1 + (p - 1) t) log(1 + eˣ) - p t x.
    const either = b.softplus(logits);
    const each =
      weight === 1
        ? b.sub(either, b.mul(logits, targets))
        : b.sub(b.mul(either, b.add(b.mul(targets, b.sub(weight, 1)), 1)), b.mul(b.mul(logits, targets), weight));
    return reduceEntries(b, each, operands, loss.reduction);
  },
};
