/** absolute_error: |x - t| of each entry. */
import type { NormalLoss } from "../../../schema/normal/index.js";
import { type LossDefinition, reduceEntries, regressionTargets } from "./loss.js";

export const absoluteError: LossDefinition<Extract<NormalLoss, { type: "absolute_error" }>> = {
  elaborate(loss, operands, context) {
    const { b } = context;
    const targets = regressionTargets(loss, operands, context);
    return targets && reduceEntries(b, b.abs(b.sub(operands.wire.value, targets)), operands, loss.reduction);
  },
};
