/** adagrad: v ← v + g², p ← p - rate g / √(v + ε); for `torch` √v + ε (J. Duchi et al., 2011). */
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import type { OptimizerDefinition } from "./optimizer.js";

export const adagrad: OptimizerDefinition<Extract<NormalOptimizer, { type: "adagrad" }>, "v"> = {
  slots: (options) => ({ v: options.initial_accumulator_value }),
  update({ epsilon, variant }, { add, sub, mul, div, sqrt }, { parameter, gradient, slots, rate }) {
    const v = add(slots.v, mul(gradient, gradient));
    const root = variant === "torch" ? add(sqrt(v), epsilon) : sqrt(add(v, epsilon));
    return { parameter: sub(parameter, div(mul(rate, gradient), root)), slots: { v } };
  },
};
