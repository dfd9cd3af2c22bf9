/** Metrics of forecasts in the units of the data, which no model computes: it does not have the scale of the data. */
import { type ForecastMetric, forecastMetricFault } from "../../../schema/kinds/forecasts.js";
import type { NormalLoss, NormalSpec } from "../../../schema/normal/index.js";
import type { Context } from "../context.js";

/** Reports outputs that are no forecasts that the metric can read. */
export function checkForecastMetric(
  metric: ForecastMetric,
  loss: NormalLoss,
  { data }: Pick<NormalSpec, "data">,
  context: Pick<Context, "problem">,
): void {
  const fault = forecastMetricFault(metric, loss, data);
  if (fault !== undefined) context.problem({ part: metric, key: "type", code: "metric-outputs", ...fault });
}
