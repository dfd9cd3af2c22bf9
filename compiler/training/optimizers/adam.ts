/**
 * adam: moving averages m of g and v of g², with bias correction (D. Kingma and J. Ba, 2015). adamw also decays every
 * parameter by rate * weight_decay (I. Loshchilov and F. Hutter, 2019). `torch` adds epsilon to the corrected root;
 * `tensorflow` applies the correction to the rate and adds epsilon to the uncorrected root ("epsilon hat").
 */
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import { decayedWeights, movingAverage, type OptimizerDefinition, oneMinusPower } from "./optimizer.js";

export const adam: OptimizerDefinition<Extract<NormalOptimizer, { type: "adam" | "adamw" }>, "m" | "v"> = {
  slots: () => ({ m: 0, v: 0 }),
  update(options, b, { parameter, gradient, slots, rate, momentum, t }) {
    const { add, sub, mul, div, sqrt } = b;
    const { beta2, epsilon, weight_decay } = options;
    const decayed = decayedWeights(b, weight_decay, rate, parameter);
    const m = movingAverage(b, momentum, slots.m, gradient);
    const v = movingAverage(b, beta2, slots.v, mul(gradient, gradient));
    const correction1 = oneMinusPower(b, momentum, t);
    const correction2 = oneMinusPower(b, beta2, t);
    const root = sqrt(correction2);
    // rate / c₁ · m / (√(v / c₂) + ε) = rate √c₂ / c₁ · m / (√v + ε √c₂): the corrections are scalars.
    const offset = options.variant === "torch" ? mul(root, epsilon) : epsilon;
    const step = div(mul(div(mul(rate, root), correction1), m), add(sqrt(v), offset));
    return { parameter: sub(decayed, step), slots: { m, v } };
  },
};
