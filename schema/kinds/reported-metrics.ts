/** Names of the metrics that evaluations of a spec report, and the directions of its own. */
import type { NormalMetric, NormalSpec } from "../normal/index.js";
import { defaultMetrics } from "./losses.js";
import { type Directions, metricName } from "./metrics.js";
import { outputsOf } from "./outputs.js";

/** The names in the order of evaluations: `loss`, with several outputs `kind/loss` of each, then the metrics. */
export function reportedMetrics(spec: NormalSpec): readonly string[] {
  const outputs = outputsOf(spec);
  const prefixOf = ({ output }: NormalMetric) => outputs.find(({ name }) => name === output)?.prefix ?? "";
  return [
    "loss",
    ...(outputs.length > 1 ? outputs.map(({ prefix }) => `${prefix}loss`) : []),
    ...metricsOf(spec).map((metric) => `${prefixOf(metric)}${metricName(metric)}`),
  ];
}

/** The metrics of a spec; where it names none, those of each output's loss. */
export function metricsOf(spec: NormalSpec): readonly NormalMetric[] {
  return spec.metrics ?? outputsOf(spec).flatMap(({ loss }) => defaultMetrics(spec, loss));
}

/** The directions of a spec's own metrics, by name. */
export function ownMetricDirections({ metrics }: Pick<NormalSpec, "metrics">): Directions {
  return new Map((metrics ?? []).flatMap((own) => (own.type === "custom" ? [[own.name, own.mode] as const] : [])));
}
