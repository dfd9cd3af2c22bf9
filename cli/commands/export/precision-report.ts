/** The cost of a lower precision as text: file size, difference and metrics. */
import type { PrecisionReport } from "../../../runtime/export/precision-report.js";
import { formatBytes, formatNumber } from "../../../runtime/format.js";

export function precisionReportText({ precision, bytes: sizes, difference, metrics }: PrecisionReport): string {
  const predictionDifference =
    difference === null ? "" : `; outputs differ from the trained model by at most ${formatNumber(difference)}`;
  return [
    `${precision} weights: ${formatBytes(sizes.after)} instead of ${formatBytes(sizes.before)}${predictionDifference}`,
    ...(metrics === null
      ? ["The metrics of these weights are unknown: the data of the run cannot be read."]
      : metricChanges(metrics)),
  ].join("\n");
}

/** One line per split with metrics. */
function metricChanges({ before, after }: NonNullable<PrecisionReport["metrics"]>): readonly string[] {
  return (["train", "validation", "test"] as const).flatMap((split) => {
    const names = Object.keys(before[split]);
    const changes = names.map(
      (name) => `${name} ${formatMetric(before[split][name])} → ${formatMetric(after[split][name])}`,
    );
    return names.length === 0 ? [] : [`${split}  ${changes.join("  ")}`];
  });
}

function formatMetric(metric: number | undefined): string {
  return metric === undefined ? "?" : formatNumber(metric);
}
