/** Checks of the names of metrics. The spec may have errors elsewhere. */
import { quote, suggestion } from "../diagnostics/suggest.js";
import { child, isObject, type Json } from "../json-pointer.js";
import { metricTypes } from "../own-metrics.js";
import type { SchemaProblem } from "./deduplicate.js";

export function checkOwnMetrics(spec: Json): readonly SchemaProblem[] {
  if (!isObject(spec) || !isObject(spec.metrics)) return [];
  return Object.entries(spec.metrics).flatMap(([name, entry]) => checkEntry(name, entry));
}

function checkEntry(name: string, entry: Json): readonly SchemaProblem[] {
  const path = child("/metrics", name);
  if (!isObject(entry)) return [];
  const builtIn = metricTypes().filter((type) => type !== "custom");
  const isOwn = Object.hasOwn(entry, "equations");
  const problems: SchemaProblem[] = [];
  if (!isOwn && !builtIn.includes(name))
    problems.push({
      code: "unknown-metric",
      path,
      message: `${quote(name)} is no built-in metric, and has no equations.`,
      hint: suggestion(name, builtIn, "Metrics"),
      atKey: true,
    });
  for (const key of (isOwn ? ["type", "name"] : ["type"]).filter((key) => Object.hasOwn(entry, key)))
    problems.push({
      code: "unknown-key",
      path: child(path, key),
      message: `Unknown key ${quote(key)} in the metric ${quote(name)}.`,
      hint: "The key of the entry is the name of the metric.",
      atKey: true,
    });
  return problems;
}
