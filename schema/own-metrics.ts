/** Metrics in their two forms: a list, and an object by name whose entries with `equations` are metrics of the user's own. */
import { child, isList, isObject, type Json, type JsonObject } from "./json-pointer.js";
import { branchesOf, definition } from "./json-schema.js";

/** The types of built-in metrics, and that of the long form: no names for others. */
export function metricTypes(): readonly string[] {
  return branchesOf(definition("metric")).map(({ properties }) => String(properties?.type?.const));
}

export interface MetricEntry {
  /** In the form of a list. */
  readonly entry: Json;
  readonly path: string;
}

/** The metrics of a spec as those of a list, each with its path. The spec may have errors. */
export function metricEntries(metrics: Json | undefined): readonly MetricEntry[] {
  if (isList(metrics)) return metrics.map((entry, index) => ({ entry, path: child("/metrics", index) }));
  if (!isObject(metrics)) return [];
  return Object.entries(metrics).map(([name, entry]) => ({
    entry: isObject(entry) ? longEntry(name, entry) : entry,
    path: child("/metrics", name),
  }));
}

function longEntry(name: string, entry: JsonObject): JsonObject {
  return Object.hasOwn(entry, "equations") ? { ...entry, type: "custom", name } : { ...entry, type: name };
}

/** The directions of the metrics of the user's own, by name. */
export function ownDirections(metrics: Json | undefined): ReadonlyMap<string, "min" | "max"> {
  return new Map(
    metricEntries(metrics).flatMap(({ entry }) =>
      isObject(entry) && entry.type === "custom" && typeof entry.name === "string"
        ? [[entry.name, entry.mode === "max" ? "max" : "min"] as const]
        : [],
    ),
  );
}

/** The spec with its metrics as a list, with another metric in place of one of an unknown name. */
export function withMetricList(spec: JsonObject): JsonObject {
  if (!isObject(spec.metrics)) return spec;
  const known = metricTypes();
  const metrics = metricEntries(spec.metrics).map(({ entry }) =>
    isObject(entry) && !known.includes(String(entry.type)) ? "accuracy" : entry,
  );
  return { ...spec, metrics };
}

/** The path in the spec of a path in the spec with its metrics as a list. */
export function metricPath(path: string, spec: JsonObject): string {
  const [, index, rest = ""] = /^\/metrics\/(\d+)(\/.*)?$/.exec(path) ?? [];
  if (index === undefined || !isObject(spec.metrics)) return path;
  return `${metricEntries(spec.metrics)[Number(index)]?.path ?? "/metrics"}${rest}`;
}
