/** lion: the sign of an interpolation of momentum and gradient (X. Chen et al., 2023), with decoupled weight decay. */
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import { movingAverage, type OptimizerDefinition } from "./optimizer.js";

export const lion: OptimizerDefinition<Extract<NormalOptimizer, { type: "lion" }>, "m"> = {
  slots: () => ({ m: 0 }),
  update({ beta2, weight_decay }, b, { parameter, gradient, slots, rate, momentum }) {
    const { add, sub, mul, sign } = b;
    const direction = sign(movingAverage(b, momentum, slots.m, gradient));
    const step = weight_decay === 0 ? direction : add(direction, mul(parameter, weight_decay));
    return { parameter: sub(parameter, mul(rate, step)), slots: { m: movingAverage(b, beta2, slots.m, gradient) } };
  },
};
