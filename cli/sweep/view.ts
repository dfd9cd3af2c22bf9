/** What a user sees of a sweep: a line for each trial as it ends, then all of them by how good they are. */
import { join } from "node:path";
import { sweepFiles, type TrialRecord } from "../../runtime/sweep/record.js";
import { isWorse, type Mode } from "../../runtime/sweep/stopping.js";
import type { SweepEvent } from "../../runtime/sweep/sweep.js";
import { tableText } from "../inspection/table.js";
import { count, decimal } from "../numbers.js";
import type { Output } from "../output.js";

/** Follows a sweep of so many trials. */
export function trialLines(output: Output, trials: number): (event: SweepEvent) => void {
  const { dim, red } = output.colors.note;
  const width = String(trials).length;
  return (event) => {
    output.record(event);
    if (event.event !== "trial" || event.state === "started") return;
    const { trial, values, state, step, value, message, known } = event;
    const place = `${String(trial).padStart(width)}/${trials}`;
    const said =
      state === "failed"
        ? red(`failed: ${message}`)
        : `${value === null ? "" : decimal(value)}  ${state} at step ${count(step)}`;
    output.note(`${place}  ${valuesText(values)}  ${said}${known ? dim("  (before)") : ""}`);
  };
}

/** The best first; what has not come to its end, last. */
export function ranked(records: readonly TrialRecord[], mode: Mode): readonly TrialRecord[] {
  const order: readonly TrialRecord["state"][] = ["done", "stopped", "interrupted", "failed"];
  return [...records].sort((a, b) => {
    const byState = order.indexOf(a.state) - order.indexOf(b.state);
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
    value === null ? "" : decimal(value),
    count(step),
    state === "done" ? "" : state,
  ]);
  return tableText(output.colors.print, columns, rows);
}

/** Draws the trials' evaluations over their steps, into the sweep's folder; the file, or undefined where there are none. */
export async function drawSweep(
  out: string,
  records: readonly TrialRecord[],
  metric: string,
): Promise<string | undefined> {
  const curves = records.flatMap(({ values, trial, readings }) => {
    const points = readings.filter(({ value }) => Number.isFinite(value));
    const name = `${trial}: ${Object.values(values).map(valueText).join(", ")}`;
    return points.length === 0 ? [] : [{ split: "validation" as const, name, points }];
  });
  if (curves.length === 0) return undefined;
  const [{ comparisonChart }, { toSvg }, { writePicture }] = await Promise.all([
    import("../../views/charts/curves.js"),
    import("../../views/charts/render.js"),
    import("../pictures.js"),
  ]);
  const file = join(out, sweepFiles.chart);
  await writePicture(file, await toSvg(comparisonChart(metric, curves, { width: 720, height: 360 })));
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
