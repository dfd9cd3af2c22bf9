/** momentum: a ← momentum a + g, p ← p - rate a; with nesterov p ← p - rate (g + momentum a). */
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import type { OptimizerDefinition } from "./optimizer.js";

export const momentum: OptimizerDefinition<Extract<NormalOptimizer, { type: "momentum" }>, "a"> = {
  slots: () => ({ a: 0 }),
  update({ nesterov }, { add, sub, mul }, { parameter, gradient, slots, rate, momentum: decay }) {
    const a = add(mul(slots.a, decay), gradient);
    const direction = nesterov ? add(gradient, mul(a, decay)) : a;
    return { parameter: sub(parameter, mul(rate, direction)), slots: { a } };
  },
};
