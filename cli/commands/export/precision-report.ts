/** What fewer bits cost, as a user reads it. */
import type { PrecisionReport } from "../../../runtime/export/precision-report.js";
import { formatBytes, formatNumber } from "../../../views/format.js";

export function precisionReportText({ precision, bytes: sizes, difference, metrics }: PrecisionReport): string {
  const predictionDifference =
    difference === null ? "" : `; the answers differ from the trained model's by at most ${formatNumber(difference)}`;
  return [
    `weights as ${precision}: ${formatBytes(sizes.after)} in place of ${formatBytes(sizes.before)}${predictionDifference}`,
    ...(metrics === null
      ? ["the run's own data cannot be read, so its metrics with these weights are not known"]
      : metricChanges(metrics)),
  ].join("\n");
}

/** One line for each part of the data that has metrics. */
function metricChanges({ before, after }: NonNullable<PrecisionReport["metrics"]>): readonly string[] {
  return (["train", "validation", "test"] as const).flatMap((split) => {
    const names = Object.keys(before[split]);
    const moved = names.map(
      (name) => `${name} ${formatMetric(before[split][name])} → ${formatMetric(after[split][name])}`,
    );
    return names.length === 0 ? [] : [`${split}  ${moved.join("  ")}`];
  });
}

function formatMetric(metric: number | undefined): string {
  return metric === undefined ? "?" : formatNumber(metric);
}
