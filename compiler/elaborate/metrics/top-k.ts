/**
 * top_k: the share of live entries whose target class is among the k largest outputs. Classes that tie with the k-th count
 * as among them, as in TensorFlow's in_top_k.
 */
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
        message: `The largest ${metric.k} of ${classes} outputs are all of them, so this is always 1.`,
        hint: `Write a k below ${classes}.`,
      });
    const axis = targetIds.type.shape.length;
    const targetScore = b.gatherElements(scores, b.unsqueeze(targetIds, [axis]), axis);
    const countAbove = b.sum(b.cast(b.greater(scores, targetScore), "float32"), [axis]);
    return meanAccumulators(b, maskedSum(b, b.cast(b.less(countAbove, metric.k), "float32"), operands.mask));
  },
};
