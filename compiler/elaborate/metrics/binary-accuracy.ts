/** binary_accuracy: the share of live entries on the target's side of one half. */
import type { NormalMetric } from "../../../schema/normal.js";
import { overLive } from "../entries.js";
import { fitting, type MetricDefinition, meanTallies } from "./metric.js";
import { comparedTargets } from "./number.js";

export const binaryAccuracy: MetricDefinition<Extract<NormalMetric, { type: "binary_accuracy" }>> = {
  name: () => "binary_accuracy",
  finish: "mean",
  elaborate(metric, operands, context) {
    const { b, problem } = context;
    if (operands.answers !== "yes_or_no")
      return problem({
        part: metric,
        key: "type",
        code: "metric-targets",
        message: `binary_accuracy compares yes or no for each output, which ${operands.loss.type} does not ask for.`,
        hint: fitting[operands.answers],
      });
    const targets = comparedTargets(metric, operands, context);
    const side = b.cast(b.greater((operands.wire.logits ?? operands.wire).value, 0), "float32");
    const wanted = b.cast(b.greater(targets, 0.5), "float32");
    return meanTallies(b, overLive(b, b.cast(b.equal(side, wanted), "float32"), operands.live));
  },
};
