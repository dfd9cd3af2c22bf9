/** accuracy: the share of live entries whose largest output is the target class. */
import type { NormalMetric } from "../../../schema/normal.js";
import { overLive } from "../entries.js";
import { classOperands } from "./classes.js";
import { type MetricDefinition, meanTallies } from "./metric.js";

export const accuracy: MetricDefinition<Extract<NormalMetric, { type: "accuracy" }>> = {
  name: () => "accuracy",
  finish: "mean",
  elaborate(metric, operands, context) {
    const { b } = context;
    const read = classOperands(metric, operands, context);
    if (read === undefined) return undefined;
    const right = b.equal(b.argmax(read.scores, -1), read.wanted);
    return meanTallies(b, overLive(b, b.cast(right, "float32"), operands.live));
  },
};
