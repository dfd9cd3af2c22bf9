/** The metrics that a run watches: each must be one that the model is measured by. */

import { nearest } from "../../../schema/diagnostics/suggest.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import type { Context } from "../context.js";

/** Reports watched metrics that are not among `measured`. */
export function checkWatchedMetrics(
  { loss, optimizer, train }: NormalSpec,
  metricNames: readonly string[],
  { problem }: Context,
): void {
  const { early_stopping, keep_best } = train;
  // Where the spec does not say what to keep, it is what early_stopping watches.
  const keepBest = keep_best?.metric === early_stopping?.metric ? null : keep_best;
  const plateau = optimizer.schedule.type === "plateau" ? optimizer.schedule : null;
  for (const part of [early_stopping, keepBest, plateau]) {
    if (part === null || metricNames.includes(part.metric)) continue;
    const closest = nearest(part.metric, metricNames);
    problem({
      part,
      key: "metric",
      code: "unknown-metric",
      message: `This model has no metric "${part.metric}".`,
      hint:
        closest === undefined ? `With ${loss.type} it has ${metricNames.join(", ")}.` : `Did you mean "${closest}"?`,
    });
  }
}
