/** label_error_rate: edits that turn what a ctc model spells into the labels, for each label that there is. */
import type { NormalMetric } from "../../../schema/normal/index.js";
import { editDistance } from "./ctc-edit-distance.js";
import { alternativeHint, type MetricDefinition, meanAccumulators } from "./metric.js";

export const labelErrorRate: MetricDefinition<Extract<NormalMetric, { type: "label_error_rate" }>> = {
  finalizer: "mean",
  elaborate(metric, operands, context) {
    const { b, problem } = context;
    if (operands.targetKind !== "labels")
      return problem({
        part: metric,
        key: "type",
        code: "metric-targets",
        message: `label_error_rate counts edits of what ctc spells, and the loss is ${operands.loss.type}.`,
        hint: alternativeHint[operands.targetKind],
      });
    const distance = editDistance(operands, context);
    return meanAccumulators(b, { total: b.sum(distance.edits), count: b.sum(distance.count) });
  },
};
