/**
 * top_k: the share of live entries whose target class is among the k largest outputs. Classes that tie with the k-th count
 * as among them, as in TensorFlow's in_top_k.
 */
import type { NormalMetric } from "../../../schema/normal.js";
import { overLive } from "../entries.js";
import { classOperands } from "./classes.js";
import { type MetricDefinition, meanTallies } from "./metric.js";

export const topK: MetricDefinition<Extract<NormalMetric, { type: "top_k" }>> = {
  name: ({ k }) => `top_${k}_accuracy`,
  finish: "mean",
  elaborate(metric, operands, context) {
    const { b, problem } = context;
    const read = classOperands(metric, operands, context);
    if (read === undefined) return undefined;
    const { scores, wanted, classes } = read;
    if (typeof classes === "number" && metric.k >= classes)
      return problem({
        part: metric,
        key: "k",
        code: "metric-classes",
        message: `The largest ${metric.k} of ${classes} outputs are all of them, so this is always 1.`,
        hint: `Write a k below ${classes}.`,
      });
    const axis = wanted.type.shape.length;
    const own = b.gatherElements(scores, b.unsqueeze(wanted, [axis]), axis);
    const above = b.sum(b.cast(b.greater(scores, own), "float32"), [axis]);
    return meanTallies(b, overLive(b, b.cast(b.less(above, metric.k), "float32"), operands.live));
  },
};
