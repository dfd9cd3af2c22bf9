/** mae: the mean absolute error of live entries. */
import type { NormalMetric } from "../../../schema/normal.js";
import { overLive } from "../entries.js";
import { type MetricDefinition, meanTallies } from "./metric.js";
import { errorOf } from "./number.js";

export const mae: MetricDefinition<Extract<NormalMetric, { type: "mae" }>> = {
  name: () => "mae",
  finish: "mean",
  elaborate(metric, operands, context) {
    const { b } = context;
    const error = errorOf(metric, operands, context);
    return error && meanTallies(b, overLive(b, b.abs(error), operands.live));
  },
};
