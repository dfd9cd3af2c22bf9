/** Facts of metrics: the names under which they are reported, and whether larger values are better. */
import type { NormalMetric, WatchedMetric } from "../normal/index.js";
import { metricFacts } from "./data.js";

interface MetricFacts {
  readonly direction: WatchedMetric["mode"];
  /** The reported name, with options in angle brackets; by default the metric's type. */
  readonly name?: string;
}

const facts: { readonly [K in Exclude<NormalMetric["type"], "custom">]: MetricFacts } = metricFacts;
/** Directions of metrics of the user's own, by name. */
export type Directions = ReadonlyMap<string, WatchedMetric["mode"]>;

const option = /<(\w+)>/g;

/** The name under which a metric is reported: `top_3_accuracy`. */
export function metricName(metric: NormalMetric): string {
  if (metric.type === "custom") return metric.name;
  const options: Readonly<Record<string, unknown>> = { ...metric };
  return (facts[metric.type].name ?? metric.type).replace(option, (_, key: string) => String(options[key]));
}

/**
 * The direction in which a reported metric improves. The loss, and a name that no metric has, improve downward.
 *
 * @param name with several outputs after that of the output: `kind/accuracy`.
 * @param own the directions of the metrics of a spec, by name.
 */
export function directionOf(name: string, own: Directions = new Map()): WatchedMetric["mode"] {
  const ownName = name.slice(name.lastIndexOf("/") + 1);
  const direction = own.get(ownName);
  if (direction !== undefined) return direction;
  const metric = Object.entries<MetricFacts>(facts).find(([type, { name: template = type }]) =>
    new RegExp(`^${template.replace(option, "\\w+")}$`).test(ownName),
  );
  return metric?.[1].direction ?? "min";
}
