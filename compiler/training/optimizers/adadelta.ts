/** adadelta: d = √(u + ε) / √(v + ε) g, with moving averages v of g² and u of d² (M. Zeiler, 2012). */
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import { movingAverage, type OptimizerDefinition } from "./optimizer.js";

export const adadelta: OptimizerDefinition<Extract<NormalOptimizer, { type: "adadelta" }>, "v" | "u"> = {
  slots: () => ({ v: 0, u: 0 }),
  update({ decay, epsilon }, b, { parameter, gradient, slots, rate }) {
    const { add, sub, mul, div, sqrt } = b;
    const v = movingAverage(b, decay, slots.v, mul(gradient, gradient));
    const d = mul(div(sqrt(add(slots.u, epsilon)), sqrt(add(v, epsilon))), gradient);
    const u = movingAverage(b, decay, slots.u, mul(d, d));
    return { parameter: sub(parameter, mul(rate, d)), slots: { v, u } };
  },
};
