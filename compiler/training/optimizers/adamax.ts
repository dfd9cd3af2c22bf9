/**
 * adamax: Adam with the infinity norm in place of the root mean square: u ← max(beta2 u, |g| + epsilon), p ← p - rate /
 * (1 - beta1^t) m / u (D. Kingma and J. Ba, 2015, section 7.1; epsilon as in PyTorch). Weight decay is decoupled.
 */
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import { decayedWeights, movingAverage, type OptimizerDefinition, oneMinusPower } from "./optimizer.js";

export const adamax: OptimizerDefinition<Extract<NormalOptimizer, { type: "adamax" }>, "m" | "u"> = {
  slots: () => ({ m: 0, u: 0 }),
  update({ beta2, epsilon, weight_decay }, b, { parameter, gradient, slots, rate, momentum, t }) {
    const { abs, add, sub, mul, div, max } = b;
    const m = movingAverage(b, momentum, slots.m, gradient);
    const u = max(mul(slots.u, beta2), add(abs(gradient), epsilon));
    const step = div(mul(div(rate, oneMinusPower(b, momentum, t)), m), u);
    return { parameter: sub(decayedWeights(b, weight_decay, rate, parameter), step), slots: { m, u } };
  },
};
