/** squared_error: (x - t)² of each entry. */
import type { NormalLoss } from "../../../schema/normal/index.js";
import { type LossDefinition, reduceEntries, regressionTargets } from "./loss.js";

export const squaredError: LossDefinition<Extract<NormalLoss, { type: "squared_error" }>> = {
  elaborate(loss, operands, context) {
    const { b } = context;
    const targets = regressionTargets(loss, operands, context);
    if (targets === undefined) return undefined;
    const error = b.sub(operands.wire.value, targets);
    return reduceEntries(b, b.mul(error, error), operands, loss.reduction);
  },
};
