/** absolute_error: |x - t| of each entry. */
import type { NormalLoss } from "../../../schema/normal.js";
import { type LossDefinition, numberTargets, reduceEntries } from "./loss.js";

export const absoluteError: LossDefinition<Extract<NormalLoss, { type: "absolute_error" }>> = {
  answers: "number",
  metrics: [{ type: "mae" }],
  elaborate(loss, operands, context) {
    const { b } = context;
    const targets = numberTargets(loss, operands, context);
    return targets && reduceEntries(b, b.abs(b.sub(operands.wire.value, targets)), operands, loss.reduction);
  },
};
