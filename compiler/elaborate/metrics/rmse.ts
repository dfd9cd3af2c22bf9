/** rmse: the root of the mean squared error. */
import { overLive } from "../entries.js";
import type { MetricDefinition } from "./metric.js";

export const rmse: MetricDefinition = {
  finish: "sqrt",
  elaborate(operands, _, { b }) {
    const { wire, targets } = operands;
    const error = b.sub(wire.value, b.reshape(b.cast(targets, "float32"), wire.value.type.shape));
    return overLive(b, b.mul(error, error), operands.live);
  },
};
