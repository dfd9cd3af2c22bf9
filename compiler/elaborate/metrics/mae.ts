/** mae: the mean absolute error of valid entries. */
import type { NormalMetric } from "../../../schema/normal/index.js";
import { maskedSum } from "../masked-sum.js";
import { type MetricDefinition, meanAccumulators } from "./metric.js";
import { errorOf } from "./regression.js";

export const mae: MetricDefinition<Extract<NormalMetric, { type: "mae" }>> = {
  finalizer: "mean",
  elaborate(metric, operands, context) {
    const { b } = context;
    const error = errorOf(metric, operands, context);
    return error && meanAccumulators(b, maskedSum(b, b.abs(error), operands.mask));
  },
};
