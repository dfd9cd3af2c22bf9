/** huber: e²/2 where |e| ≤ delta, else delta (|e| - delta/2), e = x - t (P. J. Huber, 1964). */
import type { NormalLoss } from "../../../schema/normal/index.js";
import { type LossDefinition, reduceEntries, regressionTargets } from "./loss.js";

export const huber: LossDefinition<Extract<NormalLoss, { type: "huber" }>> = {
  elaborate(loss, operands, context) {
    const { b } = context;
    const targets = regressionTargets(loss, operands, context);
    if (targets === undefined) return undefined;
    const magnitude = b.abs(b.sub(operands.wire.value, targets));
    // With m = min(|e|, delta) both branches are m (|e| - m/2).
    const clipped = b.min(magnitude, loss.delta);
    const losses = b.mul(clipped, b.sub(magnitude, b.mul(clipped, 0.5)));
    return reduceEntries(b, losses, operands, loss.reduction);
  },
};
