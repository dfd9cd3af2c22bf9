/**
 * lamb: Adam's direction with weight decay in it, u = m̂ / (√v̂ + epsilon) + weight_decay p, scaled by layer: p ← p -
 * rate ‖p‖ / ‖u‖ u (Y. You et al., 2020). The ratio is 1 where one of the norms is 0, and is not bounded.
 */
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import { movingAverage, normOf, type OptimizerDefinition, oneMinusPower } from "./optimizer.js";

export const lamb: OptimizerDefinition<Extract<NormalOptimizer, { type: "lamb" }>, "m" | "v"> = {
  isLayerwise: true,
  slots: () => ({ m: 0, v: 0 }),
  update({ beta2, epsilon, weight_decay }, b, { parameter, gradient, slots, rate, momentum, t }) {
    const { add, and, sub, mul, div, sqrt, greater, where } = b;
    const m = movingAverage(b, momentum, slots.m, gradient);
    const v = movingAverage(b, beta2, slots.v, mul(gradient, gradient));
    const root = add(sqrt(div(v, oneMinusPower(b, beta2, t))), epsilon);
    const direction = div(div(m, oneMinusPower(b, momentum, t)), root);
    const decayed = weight_decay === 0 ? direction : add(direction, mul(parameter, weight_decay));
    const [parameterNorm, stepNorm] = [normOf(b, parameter), normOf(b, decayed)];
    const hasRatio = and(greater(parameterNorm, 0), greater(stepNorm, 0));
    const ratio = where(hasRatio, div(parameterNorm, stepNorm), 1);
    return { parameter: sub(parameter, mul(mul(rate, ratio), decayed)), slots: { m, v } };
  },
};
