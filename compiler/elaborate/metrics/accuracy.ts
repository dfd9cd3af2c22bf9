/** accuracy: the share of entries whose largest output is the target class. */
import { overLive } from "../entries.js";
import type { MetricDefinition } from "./metric.js";

export const accuracy: MetricDefinition = {
  finish: "identity",
  elaborate(operands, _, { b }) {
    const { wire, targets } = operands;
    const given = b.argmax((wire.logits ?? wire).value, -1);
    const wanted = targets.type.dtype === "float32" ? b.argmax(targets, -1) : b.cast(targets, "int64");
    return overLive(b, b.cast(b.equal(given, wanted), "float32"), operands.live);
  },
};
