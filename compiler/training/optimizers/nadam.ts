/**
 * nadam: Adam with Nesterov momentum (T. Dozat, 2016). mu(t) = beta1 (1 - 0.96^(t momentum_decay) / 2), q its running
 * product. Variants differ in the default of momentum_decay.
 */
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import { movingAverage, type OptimizerDefinition, oneMinusPower } from "./optimizer.js";

export const nadam: OptimizerDefinition<Extract<NormalOptimizer, { type: "nadam" }>, "m" | "v" | "q"> = {
  // The product of mu is the same for every entry; a slot of the parameter's shape is carried like the others.
  slots: () => ({ m: 0, v: 0, q: 1 }),
  update(options, b, { parameter, gradient, slots, rate, momentum, t }) {
    const { add, sub, mul, div, sqrt, pow } = b;
    const { beta2, epsilon, momentum_decay } = options;
    const mu = (n: typeof t) => mul(sub(1, mul(pow(0.96, mul(n, momentum_decay)), 0.5)), momentum);
    const muNow = mu(t);
    const muNext = mu(add(t, 1));
    const q = mul(slots.q, muNow);
    const m = movingAverage(b, momentum, slots.m, gradient);
    const v = movingAverage(b, beta2, slots.v, mul(gradient, gradient));
    const momentumTerm = div(mul(muNext, m), sub(1, mul(q, muNext)));
    const gradientTerm = div(mul(sub(1, muNow), gradient), sub(1, q));
    const root = add(sqrt(div(v, oneMinusPower(b, beta2, t))), epsilon);
    return { parameter: sub(parameter, div(mul(rate, add(momentumTerm, gradientTerm)), root)), slots: { m, v, q } };
  },
};
