/** Losses and metrics in scaled units, which differ between specs with other values of `data.scale`. */
import type { NormalSpec } from "../normal/index.js";
import { isForecastMetric } from "./forecasts.js";
import { targetKindOf } from "./losses.js";
import { metricName } from "./metrics.js";
import { outputsOf } from "./outputs.js";
import { metricsOf } from "./reported-metrics.js";

/** True for a metric, by its reported name, that is computed from targets as `data.scale` scales them. */
function readsScaledTargets(spec: NormalSpec, metric: string): boolean {
  return outputsOf(spec).some(({ name, loss, prefix }) => {
    if (targetKindOf(loss) !== "numbers") return false;
    const own = metricsOf(spec).filter((each) => each.output === name && !isForecastMetric(each));
    const isOwn = own.some((each) => `${prefix}${metricName(each)}` === metric);
    return metric === "loss" || metric === `${prefix}loss` || isOwn;
  });
}

const wayOut = "compare `rnnx evaluate` of the runs, whose errors by column are in the units of the data.";

/** The notice about specs that are compared by metrics in units of different scales; undefined for one scale. */
export function scaledUnitsNotice(specs: readonly NormalSpec[], metrics: readonly string[]): string | undefined {
  const tables = specs.flatMap((spec) => (spec.data.type === "table" ? [{ spec, scale: spec.data.scale }] : []));
  if (new Set(tables.map(({ scale }) => JSON.stringify(scale))).size < 2) return undefined;
  const scaled = metrics.filter((metric) => tables.some(({ spec }) => readsScaledTargets(spec, metric)));
  if (scaled.length === 0) return undefined;
  return `${scaled.join(", ")}: in scaled units, which differ between values of data.scale; ${wayOut}`;
}

/** The notice about folds whose metric is in the units of the scaler of each fold; undefined for other metrics. */
export function foldUnitsNotice({ data, ...spec }: NormalSpec, metric: string): string | undefined {
  if (data.type !== "table" || data.scale === null || !readsScaledTargets({ data, ...spec }, metric)) return undefined;
  return `${metric}: in scaled units, and each fold has a scaler of its own; ${wayOut}`;
}
