/** perplexity: e to the mean cross-entropy. */
import type { MetricDefinition } from "./metric.js";

export const perplexity: MetricDefinition = {
  finish: "exp",
  elaborate: (operands, loss) =>
    operands.wire.sequence && loss.perEntry ? { total: loss.total, count: loss.count } : undefined,
};
