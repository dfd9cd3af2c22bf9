/** rmse: the root of the mean squared error of live entries. */
import type { NormalMetric } from "../../../schema/normal.js";
import { overLive } from "../entries.js";
import { type MetricDefinition, meanTallies } from "./metric.js";
import { errorOf } from "./number.js";

export const rmse: MetricDefinition<Extract<NormalMetric, { type: "rmse" }>> = {
  name: () => "rmse",
  finish: "root_mean",
  elaborate(metric, operands, context) {
    const { b } = context;
    const error = errorOf(metric, operands, context);
    return error && meanTallies(b, overLive(b, b.mul(error, error), operands.live));
  },
};
