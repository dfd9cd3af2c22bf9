/** rmse: the root of the mean squared error of valid entries. */
import type { NormalMetric } from "../../../schema/normal/index.js";
import { maskedSum } from "../masked-sum.js";
import { type MetricDefinition, meanAccumulators } from "./metric.js";
import { errorOf } from "./regression.js";

export const rmse: MetricDefinition<Extract<NormalMetric, { type: "rmse" }>> = {
  finalizer: "root_mean",
  elaborate(metric, operands, context) {
    const { b } = context;
    const error = errorOf(metric, operands, context);
    return error && meanAccumulators(b, maskedSum(b, b.mul(error, error), operands.mask));
  },
};
