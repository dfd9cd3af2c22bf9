/** Terminal output of a sweep: one line per finished trial, then the ranking. */
import { join } from "node:path";
import { formatInteger, formatNumber } from "../../../runtime/format.js";
import type { FoldSummary } from "../../../runtime/sweep/cross-validation.js";
import { isWorse, type Mode } from "../../../runtime/sweep/pruning.js";
import { sweepFiles, type TrialRecord } from "../../../runtime/sweep/results.js";
import type { SweepEvent } from "../../../runtime/sweep/sweep.js";
import type { Output } from "../../output.js";
import { tableText } from "../../table.js";

/** @param trials number of trials of the sweep. */
export function trialReporter(output: Output, trials: number): (event: SweepEvent) => void {
  const { dim, red } = output.colors.note;
  const width = String(trials).length;
  return (event) => {
    output.record(event);
    if (event.event !== "trial" || event.state === "started") return;
    const { trial, values, state, step, value, message, earlier } = event;
    const label = `${String(trial).padStart(width)}/${trials}`;
    const outcome =
      state === "failed"
        ? red(`failed: ${message}`)
        : `${value === null ? "" : formatNumber(value)}  ${state} at step ${formatInteger(step)}`;
    output.note(`${label}  ${valuesText(values)}  ${outcome}${earlier ? dim("  (earlier run)") : ""}`);
  };
}

/** The trials from best to worst, unfinished ones last. */
export function rankTrials(records: readonly TrialRecord[], mode: Mode): readonly TrialRecord[] {
  const stateOrder: readonly TrialRecord["state"][] = ["done", "pruned", "interrupted", "failed"];
  return [...records].sort((a, b) => {
    const byState = stateOrder.indexOf(a.state) - stateOrder.indexOf(b.state);
    if (byState !== 0 || a.value === null || b.value === null) return byState || a.trial - b.trial;
    if (a.value === b.value) return a.trial - b.trial;
    return isWorse(a.value, b.value, mode) ? 1 : -1;
  });
}

export function rankingText(output: Output, records: readonly TrialRecord[], metric: string): string {
  const paths = [...new Set(records.flatMap(({ values }) => Object.keys(values)))];
  const columns = [
    { title: "trial", align: "right" as const },
    ...paths.map((title) => ({ title, align: "right" as const })),
    { title: metric, align: "right" as const },
    { title: "step", align: "right" as const },
    { title: "", align: "left" as const },
  ];
  const rows = records.map(({ trial, values, value, step, state }) => [
    String(trial),
    ...paths.map((path) => valueText(values[path])),
    value === null ? "" : formatNumber(value),
    formatInteger(step),
    state === "done" ? "" : state,
  ]);
  return tableText(output.colors.print, columns, rows);
}

/** The mean and the deviation of the folds of each combination of values, the best first. */
export function foldsText(output: Output, summaries: readonly FoldSummary[], metric: string): string {
  const paths = [...new Set(summaries.flatMap(({ values }) => Object.keys(values)))];
  const titles = [...paths, `test ${metric}`, "folds"];
  const rows = summaries.map(({ values, mean, deviation, folds }) => [
    ...paths.map((path) => valueText(values[path])),
    mean === null ? "" : `${formatNumber(mean)}${deviation === null ? "" : ` ± ${formatNumber(deviation)}`}`,
    formatInteger(folds),
  ]);
  return tableText(
    output.colors.print,
    titles.map((title) => ({ title, align: "right" as const })),
    rows,
  );
}

/** Plots the evaluations of all trials into the sweep directory. Returns the file, or undefined without evaluations. */
export async function writeSweepChart(
  out: string,
  records: readonly TrialRecord[],
  metric: string,
): Promise<string | undefined> {
  const curves = records.flatMap(({ values, trial, intermediate_values }) => {
    const points = intermediate_values.filter(({ value }) => Number.isFinite(value));
    const name = `${trial}: ${Object.values(values).map(valueText).join(", ")}`;
    return points.length === 0 ? [] : [{ split: "validation" as const, name, points }];
  });
  if (curves.length === 0) return undefined;
  const [{ comparisonChart }, { toSvg }, { writeImage }] = await Promise.all([
    import("../../../views/charts/learning-curves.js"),
    import("../../../views/charts/render.js"),
    import("../../image-output.js"),
  ]);
  const file = join(out, sweepFiles.chart);
  await writeImage(file, await toSvg(comparisonChart(metric, curves, { width: 720, height: 360 })));
  return file;
}

export function valuesText(values: TrialRecord["values"]): string {
  return Object.entries(values)
    .map(([path, value]) => `${path}=${valueText(value)}`)
    .join(" ");
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
