/**
 * radam: Adam whose adaptive rate is rectified for the variance of v, and is off in the first updates (L. Liu et al.,
 * 2020). Weight decay is decoupled.
 */
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import type { Builder } from "../../ir/builder.js";
import type { Value } from "../../ir/types.js";
import { decayedWeights, movingAverage, type OptimizerDefinition, oneMinusPower } from "./optimizer.js";

export const radam: OptimizerDefinition<Extract<NormalOptimizer, { type: "radam" }>, "m" | "v"> = {
  slots: () => ({ m: 0, v: 0 }),
  update({ beta2, epsilon, weight_decay }, b, { parameter, gradient, slots, rate, momentum, t }) {
    const { add, sub, mul, div, sqrt, where } = b;
    const decayed = decayedWeights(b, weight_decay, rate, parameter);
    const m = movingAverage(b, momentum, slots.m, gradient);
    const v = movingAverage(b, beta2, slots.v, mul(gradient, gradient));
    const corrected = mul(div(rate, oneMinusPower(b, momentum, t)), m);
    const rectification = rectificationAt(b, beta2, t);
    if (rectification === undefined) return { parameter: sub(decayed, corrected), slots: { m, v } };
    const { isAdaptive, factor } = rectification;
    const adaptive = div(mul(factor, sqrt(oneMinusPower(b, beta2, t))), add(sqrt(v), epsilon));
    return { parameter: sub(decayed, mul(corrected, where(isAdaptive, adaptive, 1))), slots: { m, v } };
  },
};

/** The length of the average v from which its variance is tractable. */
const TRACTABLE_LENGTH = 5;

/**
 * The rectification of update t: with rho the length of the average v at t, and rho_max its limit, √((rho - 4) (rho -
 * 2) rho_max / ((rho_max - 4) (rho_max - 2) rho)), where rho > 5. Undefined where rho never is.
 */
function rectificationAt(b: Builder, beta2: number, t: Value) {
  const limit = 2 / (1 - beta2) - 1;
  if (limit <= TRACTABLE_LENGTH) return undefined;
  const { sub, mul, div, sqrt, greater } = b;
  const length = averageLength(b, beta2, t);
  const ratio = div(mul(mul(sub(length, 4), sub(length, 2)), limit / ((limit - 4) * (limit - 2))), length);
  return { isAdaptive: greater(length, TRACTABLE_LENGTH), factor: sqrt(ratio) };
}

/**
 * rho = (2 / (1 - beta2) - 1) - 2 t beta2^t / (1 - beta2^t) without cancellation, which near t = 5 would leave three
 * digits of float32. With c = -1 / ln beta2 and h = t / 2c it is (2 / (1 - beta2) - 1 - 2c) + 2c (1 + h - h / tanh h);
 * for small h Lambert's fraction gives h / tanh h - 1 = h² / (3 + h² / (5 + h² / (7 + …))).
 */
function averageLength({ add, sub, mul, div, tanh, less, where }: Builder, beta2: number, t: Value): Value {
  const c = -1 / Math.log(beta2);
  const h = mul(t, 1 / (2 * c));
  const square = mul(h, h);
  const fraction = [9, 7, 5, 3].reduce((rest: Value, odd) => div(square, add(rest, odd)), div(square, 11));
  const value = where(less(h, 1), sub(h, fraction), sub(add(h, 1), div(h, tanh(h))));
  return add(mul(value, 2 * c), 2 / (1 - beta2) - 1 - 2 * c);
}
