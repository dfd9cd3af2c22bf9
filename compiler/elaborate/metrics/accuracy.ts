/**
 * accuracy: the fraction of valid entries whose largest output is the target class. In code, because equations would
 * add an axis of size 1 to its model.
 */
import type { NormalMetric } from "../../../schema/normal/index.js";
import { maskedSum } from "../masked-sum.js";
import { classOperands } from "./class-operands.js";
import { type MetricDefinition, meanAccumulators } from "./metric.js";

export const accuracy: MetricDefinition<Extract<NormalMetric, { type: "accuracy" }>> = {
  finalizer: "mean",
  elaborate(metric, operands, context) {
    const { b } = context;
    const comparison = classOperands(metric, operands, context);
    if (comparison === undefined) return undefined;
    const isCorrect = b.equal(b.argmax(comparison.scores, -1), comparison.targetIds);
    return meanAccumulators(b, maskedSum(b, b.cast(isCorrect, "float32"), operands.mask));
  },
};
