/** binary_accuracy: the share of entries on the target's side of one half. */
import { overLive } from "../entries.js";
import type { MetricDefinition } from "./metric.js";

export const binaryAccuracy: MetricDefinition = {
  finish: "identity",
  elaborate(operands, _, { b }) {
    const { wire, targets } = operands;
    const side = b.greater((wire.logits ?? wire).value, 0);
    const wanted = b.greater(b.reshape(b.cast(targets, "float32"), wire.value.type.shape), 0.5);
    return overLive(b, b.cast(b.equal(b.cast(side, "float32"), b.cast(wanted, "float32")), "float32"), operands.live);
  },
};
