/** mae: the mean absolute error. */
import { overLive } from "../entries.js";
import type { MetricDefinition } from "./metric.js";

export const mae: MetricDefinition = {
  finish: "identity",
  elaborate(operands, _, { b }) {
    const { wire, targets } = operands;
    return overLive(
      b,
      b.abs(b.sub(wire.value, b.reshape(b.cast(targets, "float32"), wire.value.type.shape))),
      operands.live,
    );
  },
};
