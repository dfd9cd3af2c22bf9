/** Metrics as objects with all their options. */

import type { Report } from "../diagnostics/index.js";
import type { SourceMapRecorder } from "../diagnostics/source-map.js";
import { quote, suggestion } from "../diagnostics/suggest.js";
import { child, type Json, type JsonObject } from "../json-pointer.js";
import { branchOf, definition } from "../json-schema.js";
import type { NormalMetric } from "../normal/index.js";
import { metricEntries, metricTypes } from "../own-metrics.js";
import type { Spec } from "../spec.types.js";
import { fillDefaults } from "./fill.js";

/**
 * Null is kept: it selects the default metrics of each loss.
 *
 * @param outputs names of the outputs of the model, by the names of the spec.
 */
export function normalizeMetrics(
  entries: Spec["metrics"],
  outputs: ReadonlyMap<string, string>,
  { recordOrigin, recordWholeOrigin }: Pick<SourceMapRecorder, "recordOrigin" | "recordWholeOrigin">,
  report: Report,
): readonly NormalMetric[] | null {
  if (entries === undefined || entries === null) return null;
  const firstIndices = new Map<string, number>();
  const metrics = metricEntries(entries as Json).map(({ entry, path }, index): NormalMetric => {
    const expanded = (typeof entry === "string" ? { type: entry } : entry) as JsonObject & MetricUse;
    const branch = branchOf(definition("metric"), { type: expanded.type });
    const record = typeof entry === "string" ? recordWholeOrigin : recordOrigin;
    const output = outputOf(expanded, outputs, path, report);
    const metric = fillDefaults<NormalMetric>({ ...expanded, output }, branch, path, record);
    const key = metric.type === "custom" ? `custom ${metric.name} ${output}` : JSON.stringify(metric);
    if (metric.type === "custom" && [...metricTypes(), "loss"].includes(metric.name)) {
      const message = `${quote(metric.name)} is a built-in metric already.`;
      report({ code: "name-taken", path, message, hint: "Use another name.", atKey: true });
    }
    const firstIndex = firstIndices.get(key);
    if (firstIndex === undefined) firstIndices.set(key, index);
    else {
      const message = `Duplicate metric "${metric.type === "custom" ? metric.name : metric.type}".`;
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

/** An entry of the list of metrics. */
interface MetricUse {
  readonly type: string;
  readonly name?: string;
  readonly output?: string;
}

/** The output that a metric is of: that which it names, or the only one. */
function outputOf(
  { type: given, name: own, output }: MetricUse,
  outputs: ReadonlyMap<string, string>,
  path: string,
  report: Report,
): string {
  const type = given === "custom" ? (own ?? given) : given;
  const [only = "", ...others] = new Set(outputs.values());
  if (output === undefined) {
    if (others.length > 0)
      report({
        code: "metric-output",
        path,
        message: `The model has several outputs, but ${type} names none.`,
        hint: /^\/metrics\/\d+$/.test(path)
          ? `For example { "type": "${given}", "output": "${only}" }.`
          : `Add "output": "${only}" to metrics.${type}.`,
      });
    return only;
  }
  const name = outputs.get(output);
  if (name === undefined)
    report({
      code: "metric-output",
      path: child(path, "output"),
      message: `No loss reads the output of ${quote(output)}.`,
      hint: suggestion(output, [...outputs.keys()], "Outputs"),
    });
  return name ?? only;
}
