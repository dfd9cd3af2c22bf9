/** Metrics as objects with all their options. */

import type { Report } from "../diagnostics/index.js";
import type { SourceMapRecorder } from "../diagnostics/source-map.js";
import { child } from "../json-pointer.js";
import { branchOf, definition } from "../json-schema.js";
import type { NormalMetric } from "../normal/index.js";
import type { Spec } from "../spec.types.js";
import { fillDefaults } from "./fill.js";

/** Null is kept: it selects the default metrics of the loss. */
export function normalizeMetrics(
  entries: Spec["metrics"],
  { recordOrigin, recordWholeOrigin }: Pick<SourceMapRecorder, "recordOrigin" | "recordWholeOrigin">,
  report: Report,
): readonly NormalMetric[] | null {
  if (entries === undefined || entries === null) return null;
  const firstIndices = new Map<string, number>();
  const metrics = entries.map((entry, index): NormalMetric => {
    const path = child("/metrics", index);
    const expanded = typeof entry === "string" ? { type: entry } : entry;
    const branch = branchOf(definition("metric"), { type: expanded.type });
    const metric = fillDefaults<NormalMetric>(
      expanded,
      branch,
      path,
      typeof entry === "string" ? recordWholeOrigin : recordOrigin,
    );
    const key = JSON.stringify(metric);
    const firstIndex = firstIndices.get(key);
    if (firstIndex === undefined) firstIndices.set(key, index);
    else {
      const message = `Duplicate metric "${metric.type}".`;
      report({
        code: "duplicate-metric",
        path,
        message,
        hint: `The first is metrics[${firstIndex}]. Keep one of them.`,
      });
    }
    return metric;
  });
  return recordOrigin(metrics, "/metrics");
}
