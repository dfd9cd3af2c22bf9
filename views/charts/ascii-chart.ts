/** Curves on a terminal. */
import asciichart from "asciichart";
import type { Colors } from "../colors.js";
import { formatInteger, formatNumber } from "../format.js";
import { type Curve, downsample } from "../metrics-history.js";

const labels = { step: "each step", train: "train", validation: "validation", test: "test" } as const;

/** Rows of the drawing itself. */
const chartHeight = 10;
/** Columns that the numbers of the axis take. */
const axisWidth = 12;
const minWidth = 20;

/** The curves over one axis of steps, within so many columns. Each curve has a colour, where there are colours. */
export function terminalChart(title: string, curves: readonly Curve[], colors: Colors, columns: number): string {
  // Without colours curves cannot be told apart: then the first, which says most.
  if (!colors.isColorSupported && curves.length > 1) return terminalChart(title, curves.slice(0, 1), colors, columns);
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
  const legend = curves.map(({ split }, index) => (legendColors[index] ?? String)(`── ${labels[split]}`)).join("  ");
  const from = formatInteger(first);
  const to = `step ${formatInteger(last)}`;
  const axis = `${" ".repeat(axisWidth)}${from}${" ".repeat(Math.max(1, width - from.length - to.length))}${to}`;
  return [`${colors.bold(title)}  ${legend}`, plot, colors.dim(axis)].join("\n");
}

/** A value for each column: the mean of the points that fall there, or what lies between its neighbours. */
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
