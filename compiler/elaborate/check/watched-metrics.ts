/** Check of the metrics that early stopping, keep_best and the plateau schedule monitor. */
import { joinWithAnd, joinWithOr, nearest } from "../../../schema/diagnostics/suggest.js";
import { hasPointForecast, isForecastMetric } from "../../../schema/kinds/forecasts.js";
import { lossName } from "../../../schema/kinds/losses.js";
import { metricName } from "../../../schema/kinds/metrics.js";
import { outputsOf } from "../../../schema/kinds/outputs.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import type { Context } from "../context.js";

/** Reports monitored metrics that are not in `metricNames`. */
export function checkWatchedMetrics(spec: NormalSpec, metricNames: readonly string[], { problem }: Context): void {
  const { losses, optimizer, train } = spec;
  const { early_stopping, keep_best } = train;
  const canAddMae = losses.every(hasPointForecast) && !metricNames.includes("mae");
  const forecastNames = forecastMetricNames(spec);
  // The default of keep_best is the metric of early_stopping: one report is enough.
  const keepBest = keep_best?.metric === early_stopping?.metric ? null : keep_best;
  const plateau = optimizer.schedule.type === "plateau" ? optimizer.schedule : null;
  for (const part of [early_stopping, keepBest, plateau]) {
    if (part === null || metricNames.includes(part.metric)) continue;
    const place = { part, key: "metric", code: "unknown-metric" } as const;
    if (forecastNames.includes(part.metric)) {
      const message = `The metric "${part.metric}" is computed outside of the model and cannot be monitored.`;
      problem({
        ...place,
        message,
        hint: `Monitor ${joinWithOr(metricNames)}${canAddMae ? ', or add "mae" to metrics' : ""}.`,
      });
      continue;
    }
    const closest = nearest(part.metric, metricNames);
    problem({
      ...place,
      message: `This model has no metric "${part.metric}".`,
      hint:
        closest === undefined
          ? `With ${joinWithAnd(losses.map(lossName))} its metrics are ${metricNames.join(", ")}.`
          : `Did you mean "${closest}"?`,
    });
  }
}

/** The names of the metrics of the spec that are computed from predictions in the units of the data. */
function forecastMetricNames(spec: NormalSpec): readonly string[] {
  const outputs = outputsOf(spec);
  return (spec.metrics ?? []).filter(isForecastMetric).map((metric) => {
    const output = outputs.find(({ name }) => name === metric.output) ?? outputs[0];
    return `${output?.prefix ?? ""}${metricName(metric)}`;
  });
}
