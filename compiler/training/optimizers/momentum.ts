/** momentum: a ← momentum a + g, p ← p - rate a; with nesterov p ← p - rate (g + momentum a). */
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import type { OptimizerDefinition } from "./optimizer.js";

export const momentum: OptimizerDefinition<Extract<NormalOptimizer, { type: "momentum" }>, "a"> = {
  slots: () => ({ a: 0 }),
  update(options, { add, sub, mul }, { parameter, gradient, slots, rate }) {
    const a = add(mul(slots.a, options.momentum), gradient);
    const direction = options.nesterov ? add(gradient, mul(a, options.momentum)) : a;
    return { parameter: sub(parameter, mul(rate, direction)), slots: { a } };
  },
};
