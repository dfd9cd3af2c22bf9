/** The metrics in full: each an object with its options. */
import { branchOf, definition } from "../contract.js";
import type { Report } from "../diagnostics.js";
import type { NormalMetric } from "../normal.js";
import type { OriginsRecord } from "../origins.js";
import { child } from "../pointer.js";
import type { Spec } from "../spec.types.js";
import { fill } from "./fill.js";

/** Null stays: it asks for those that belong to the loss. */
export function normalizeMetrics(
  given: Spec["metrics"],
  { mark, markWhole }: Pick<OriginsRecord, "mark" | "markWhole">,
  report: Report,
): readonly NormalMetric[] | null {
  if (given === undefined || given === null) return null;
  const first = new Map<string, number>();
  const metrics = given.map((entry, index): NormalMetric => {
    const path = child("/metrics", index);
    const written = typeof entry === "string" ? { type: entry } : entry;
    const branch = branchOf(definition("metric"), { type: written.type });
    const metric = fill<NormalMetric>(written, branch, path, typeof entry === "string" ? markWhole : mark);
    const text = JSON.stringify(metric);
    const earlier = first.get(text);
    if (earlier === undefined) first.set(text, index);
    else {
      const message = `The metric "${metric.type}" is named twice.`;
      report({ code: "duplicate-metric", path, message, hint: `It is metrics[${earlier}] already.` });
    }
    return metric;
  });
  return mark(metrics, "/metrics");
}
