/** binary_cross_entropy: -p t log σ(x) - (1 - t) log(1 - σ(x)) of each entry, with logits x and positive weight p. */
import type { NormalLoss } from "../../../schema/normal/index.js";
import { logitsFor, outputVector } from "./class-targets.js";
import { type LossDefinition, reduceEntries, regressionTargets } from "./loss.js";

export const binaryCrossEntropy: LossDefinition<Extract<NormalLoss, { type: "binary_cross_entropy" }>> = {
  elaborate(loss, operands, context) {
    const { b } = context;
    const logits = logitsFor(loss, "sigmoid", operands, context);
    const targets = logits && regressionTargets(loss, operands, context);
    if (logits === undefined || targets === undefined) return undefined;
    const { positive_weight: positiveWeight } = loss;
    const weight =
      typeof positiveWeight === "number"
        ? positiveWeight
        : outputVector(loss, "positive_weight", positiveWeight, logits, context);
    if (weight === undefined) return undefined;
    // log σ(x) = x - log(1 + eˣ), so the loss is (1 + (p - 1) t) log(1 + eˣ) - p t x.
    const softplus = b.softplus(logits);
    const losses =
      weight === 1
        ? b.sub(softplus, b.mul(logits, targets))
        : b.sub(b.mul(softplus, b.add(b.mul(targets, b.sub(weight, 1)), 1)), b.mul(b.mul(logits, targets), weight));
    return reduceEntries(b, losses, operands, loss.reduction);
  },
};
