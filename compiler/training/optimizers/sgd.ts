/** sgd: p ← p - rate g. */
import type { NormalOptimizer } from "../../../schema/normal/index.js";
import type { OptimizerDefinition } from "./optimizer.js";

export const sgd: OptimizerDefinition<Extract<NormalOptimizer, { type: "sgd" }>, never> = {
  slots: () => ({}),
  update: (_, { sub, mul }, { parameter, gradient, rate }) => ({
    parameter: sub(parameter, mul(rate, gradient)),
    slots: {},
  }),
};
