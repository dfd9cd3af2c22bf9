/**
 * rmsprop: v ← decay v + (1 - decay) g², the step divided by the root of v (G. Hinton, 2012). The variants `tensorflow`
 * (version 1), `keras` and `torch` differ in the initial v, in epsilon (inside the root or added to it), and in
 * momentum (over steps with or without the rate).
 */
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import { movingAverage, type OptimizerDefinition } from "./optimizer.js";

export const rmsprop: OptimizerDefinition<Extract<NormalOptimizer, { type: "rmsprop" }>, "v" | "a"> = {
  slots: ({ variant }) => ({ v: variant === "tensorflow" ? 1 : 0, a: 0 }),
  update(options, b, { parameter, gradient, slots, rate, momentum }) {
    const { add, sub, mul, div, sqrt } = b;
    const { decay, epsilon, variant } = options;
    const v = movingAverage(b, decay, slots.v, mul(gradient, gradient));
    const velocity = mul(slots.a, momentum);
    if (variant === "torch") {
      const a = add(velocity, div(gradient, add(sqrt(v), epsilon)));
      return { parameter: sub(parameter, mul(rate, a)), slots: { v, a } };
    }
    const a = add(velocity, div(mul(rate, gradient), sqrt(add(v, epsilon))));
    return { parameter: sub(parameter, a), slots: { v, a } };
  },
};
