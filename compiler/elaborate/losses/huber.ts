/** huber: e²/2 where |e| ≤ delta, else delta (|e| - delta/2), e = x - t (P. J. Huber, 1964). */
import type { NormalLoss } from "../../../schema/normal.js";
import { type LossDefinition, numberTargets, reduceEntries } from "./loss.js";

export const huber: LossDefinition<Extract<NormalLoss, { type: "huber" }>> = {
  answers: "number",
  metrics: [{ type: "mae" }],
  elaborate(loss, operands, context) {
    const { b } = context;
    const targets = numberTargets(loss, operands, context);
    if (targets === undefined) return undefined;
    const size = b.abs(b.sub(operands.wire.value, targets));
    // With the part of |e| up to delta called m, both branches are m (|e| - m/2).
    const within = b.min(size, loss.delta);
    const each = b.mul(within, b.sub(size, b.mul(within, 0.5)));
    return reduceEntries(b, each, operands, loss.reduction);
  },
};
