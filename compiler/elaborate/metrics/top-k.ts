/**
 * top_k: the fraction of valid entries whose target class is among the k largest outputs. Classes that tie with the
 * k-th are included, as in TensorFlow's in_top_k. In code, because its number of classes is an option that selects
 * entries.
 */
import { formatInteger } from "../../../schema/counts.js";
import type { NormalMetric } from "../../../schema/normal/index.js";
import { maskedSum } from "../masked-sum.js";
import { classOperands } from "./class-operands.js";
import { type MetricDefinition, meanAccumulators } from "./metric.js";

export const topK: MetricDefinition<Extract<NormalMetric, { type: "top_k" }>> = {
  finalizer: "mean",
  elaborate(metric, operands, context) {
    const { b, problem } = context;
    const comparison = classOperands(metric, operands, context);
    if (comparison === undefined) return undefined;
    const { scores, targetIds, classes } = comparison;
    if (typeof classes === "number" && metric.k >= classes)
      return problem({
        part: metric,
        key: "k",
        code: "metric-classes",
        message: `"k" is ${metric.k}, but the model has ${formatInteger(classes)} classes: top_k would always be 1.`,
        hint: `Write at most ${classes - 1}.`,
      });
    const axis = targetIds.type.shape.length;
    const targetScore = b.gatherElements(scores, b.unsqueeze(targetIds, [axis]), axis);
    const countAbove = b.sum(b.cast(b.greater(scores, targetScore), "float32"), [axis]);
    return meanAccumulators(b, maskedSum(b, b.cast(b.less(countAbove, metric.k), "float32"), operands.mask));
  },
};
