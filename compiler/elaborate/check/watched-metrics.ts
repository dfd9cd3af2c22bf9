/** Check of the metrics that early stopping, keep_best and the plateau schedule monitor. */
import { joinWithAnd, nearest } from "../../../schema/diagnostics/suggest.js";
import { lossName } from "../../../schema/kinds/losses.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import type { Context } from "../context.js";

/** Reports monitored metrics that are not in `metricNames`. */
export function checkWatchedMetrics(
  { losses, optimizer, train }: NormalSpec,
  metricNames: readonly string[],
  { problem }: Context,
): void {
  const { early_stopping, keep_best } = train;
  // The default of keep_best is the metric of early_stopping: one report is enough.
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
        closest === undefined
          ? `With ${joinWithAnd(losses.map(lossName))} its metrics are ${metricNames.join(", ")}.`
          : `Did you mean "${closest}"?`,
    });
  }
}
