/**
 * label_error_rate: the edit distance of a ctc model's greedy decoding from the labels, per label. In code, because it
 * decodes a sequence.
 */
import { lossName } from "../../../schema/kinds/losses.js";
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
        message: `label_error_rate needs the loss ctc, but the loss is ${lossName(operands.loss)}.`,
        hint: alternativeHint(operands),
      });
    const distance = editDistance(operands, context);
    return meanAccumulators(b, { total: b.sum(distance.edits), count: b.sum(distance.count) });
  },
};
