/** Charts of curves for a terminal. */
import asciichart from "asciichart";
import type { Colors } from "picocolors/types.js";
import { formatInteger, formatNumber } from "../../runtime/format.js";
import { type Curve, curveLabels, downsample } from "../metrics-history.js";

/** Rows of the plot, without title and axis. */
const chartHeight = 10;
/** Columns of the value axis. */
const axisWidth = 12;
const minWidth = 20;

/**
 * Plots the curves over one axis of steps.
 *
 * @param columns width of the terminal.
 */
export function terminalChart(title: string, curves: readonly Curve[], colors: Colors, columns: number): string {
  // Without colors the curves of one plot are indistinguishable: each has its own.
  if (!colors.isColorSupported && curves.length > 1)
    return curves.map((curve) => terminalChart(title, [curve], colors, columns)).join("\n\n");
  const width = Math.max(minWidth, Math.min(columns - axisWidth - 2, 100));
  const last = Math.max(...curves.map(({ points }) => points.at(-1)?.step ?? 0));
  const first = Math.min(...curves.map(({ points }) => points[0]?.step ?? 0));
  const legendColors = [colors.cyan, colors.yellow, colors.green, colors.magenta];
  const colorCodes = [asciichart.cyan, asciichart.yellow, asciichart.green, asciichart.magenta];
  const lines = curves.map(({ points }) => resample(points, first, last, width));
  const plot = asciichart.plot(lines as number[][], {
    height: chartHeight,
    format: (value: number) => formatNumber(value).padStart(axisWidth - 2),
    ...(colors.isColorSupported && { colors: colorCodes.slice(0, lines.length) }),
  });
  const labels = curves.map(({ split }) => `── ${curveLabels[split]}`);
  const isWide = [title, ...labels].join("  ").length > columns;
  const legend = labels.map((label, index) => (legendColors[index] ?? String)(label)).join(isWide ? "\n" : "  ");
  const from = formatInteger(first);
  const to = `step ${formatInteger(last)}`;
  const axis = `${" ".repeat(axisWidth)}${from}${" ".repeat(Math.max(1, width - from.length - to.length))}${to}`;
  return [`${colors.bold(title)}${isWide ? "\n" : "  "}${legend}`, plot, colors.dim(axis)].join("\n");
}

/** One value per column, interpolated linearly between the downsampled points. */
function resample(points: Curve["points"], first: number, last: number, width: number): readonly number[] {
  const samples = downsample(points, width * 4);
  const span = Math.max(1, last - first);
  let next = 0;
  return Array.from({ length: width }, (_, column) => {
    const step = first + (span * column) / Math.max(1, width - 1);
    while (next < samples.length - 1 && (samples[next]?.step ?? 0) < step) next += 1;
    const [before, after] = [samples[Math.max(0, next - 1)], samples[next]];
    if (before === undefined || after === undefined) return Number.NaN;
    if (step < before.step || step > after.step) return step < before.step ? before.value : after.value;
    const fraction = after.step === before.step ? 0 : (step - before.step) / (after.step - before.step);
    return before.value + fraction * (after.value - before.value);
  });
}
