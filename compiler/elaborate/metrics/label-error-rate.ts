/** label_error_rate: edits that turn what a ctc model spells into the labels, for each label that there is. */
import type { NormalMetric } from "../../../schema/normal.js";
import { fitting, type MetricDefinition, meanTallies } from "./metric.js";
import { spelling } from "./spelling.js";

export const labelErrorRate: MetricDefinition<Extract<NormalMetric, { type: "label_error_rate" }>> = {
  name: () => "label_error_rate",
  finish: "mean",
  elaborate(metric, operands, context) {
    const { b, problem } = context;
    if (operands.answers !== "labels")
      return problem({
        part: metric,
        key: "type",
        code: "metric-targets",
        message: `label_error_rate counts edits of what ctc spells, and the loss is ${operands.loss.type}.`,
        hint: fitting[operands.answers],
      });
    const spelled = spelling(operands, context);
    return meanTallies(b, { total: b.sum(spelled.edits), count: b.sum(spelled.count) });
  },
};
