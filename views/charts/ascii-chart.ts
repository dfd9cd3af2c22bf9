/** Charts of curves for a terminal. */
import type { Colors } from "picocolors/types.js";
import { formatInteger, formatNumber } from "../../runtime/format.js";
import { type Curve, curveLabels, downsample } from "../metrics-history.js";

/** Rows of the plot, without title and axis; one if all values are equal. */
const chartHeight = 11;
/** Columns of the value axis. */
const axisWidth = 12;
const minWidth = 20;

/** An axis of another quantity than steps, for one curve without a legend. */
export interface ChartAxis {
  /** Labels of its ends. */
  readonly first: string;
  readonly last: string;
  /** A step to mark below the axis. */
  readonly mark: { readonly step: number; readonly label: string } | null;
}

/**
 * Plots the curves over one axis, by default of steps. A curve begins at its first point and ends at its last.
 *
 * @param columns width of the terminal.
 */
export function terminalChart(
  title: string,
  curves: readonly Curve[],
  colors: Colors,
  columns: number,
  customAxis?: ChartAxis,
): string {
  // Without colors the curves of one plot are indistinguishable: each has its own.
  if (!colors.isColorSupported && curves.length > 1)
    return curves.map((curve) => terminalChart(title, [curve], colors, columns, customAxis)).join("\n\n");
  const width = Math.max(minWidth, Math.min(columns - axisWidth - 2, 100));
  const last = Math.max(...curves.map(({ points }) => points.at(-1)?.step ?? 0));
  const first = Math.min(...curves.map(({ points }) => points[0]?.step ?? 0));
  const palette = [colors.cyan, colors.yellow, colors.green, colors.magenta];
  const paint = (curve: number, text: string) => (palette[curve % palette.length] ?? String)(text);
  const plot = plotLines(
    curves.map(({ points }) => resample(points, first, last, width)),
    width,
    paint,
  );
  const labels = curves.map(({ split }) => `── ${curveLabels[split]}`);
  const isWide = [title, ...labels].join("  ").length > columns;
  const legend = labels.map((label, index) => paint(index, label)).join(isWide ? "\n" : "  ");
  const from = customAxis?.first ?? formatInteger(first);
  const to = customAxis?.last ?? `step ${formatInteger(last)}`;
  const axis = `${" ".repeat(axisWidth)}${from}${" ".repeat(Math.max(1, width - from.length - to.length))}${to}`;
  const heading = colors.bold(title);
  if (customAxis === undefined)
    return [`${heading}${isWide ? "\n" : "  "}${legend}`, ...plot, colors.dim(axis)].join("\n");
  const { mark } = customAxis;
  const column = mark === null ? 0 : Math.round(((mark.step - first) / Math.max(1, last - first)) * (width - 1));
  const markLine = mark === null ? [] : [`${" ".repeat(axisWidth + column)}↑ ${mark.label}`];
  return [heading, ...plot, ...markLine, colors.dim(axis)].join("\n");
}

/**
 * Draws lines of one value per column, with later lines above earlier ones.
 *
 * @param lines NaN where a line has no value.
 * @param paint colors a character of a line.
 * @returns the rows, with the values of their axis.
 */
function plotLines(
  lines: readonly (readonly number[])[],
  width: number,
  paint: (line: number, text: string) => string,
): readonly string[] {
  const values = lines.flat().filter(Number.isFinite);
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const height = max > min ? chartHeight : 1;
  const cells = Array.from({ length: height }, () => new Array<string>(width).fill(" "));
  const rowOf = (value: number) => Math.round(((max - value) / (max - min || 1)) * (height - 1));
  for (const [index, line] of lines.entries()) {
    const put = (row: number, column: number, character: string) => {
      const cellRow = cells[row];
      if (cellRow !== undefined) cellRow[column] = paint(index, character);
    };
    for (const [column, value] of line.entries()) {
      const [row, previous] = [rowOf(value), rowOf(line[column - 1] ?? Number.NaN)];
      if (Number.isNaN(row)) continue;
      const isAlone = Number.isNaN(previous) && Number.isNaN(rowOf(line[column + 1] ?? Number.NaN));
      if (Number.isNaN(previous) || row === previous) put(row, column, isAlone ? "•" : "─");
      else {
        const isRising = row < previous;
        put(previous, column, isRising ? "╯" : "╮");
        put(row, column, isRising ? "╭" : "╰");
        for (let between = Math.min(row, previous) + 1; between < Math.max(row, previous); between++)
          put(between, column, "│");
      }
    }
  }
  return cells.map((row, index) => {
    const label = formatNumber(max - ((max - min) * index) / Math.max(1, height - 1));
    return `${label.padStart(axisWidth - 2)} ┤${row.join("").trimEnd()}`;
  });
}

/**
 * One value per column, interpolated linearly between the downsampled points. NaN before the column of the first point
 * and after that of the last.
 */
function resample(points: Curve["points"], first: number, last: number, width: number): readonly number[] {
  const samples = downsample(points, width * 4);
  const columnOf = (step: number) => Math.round(((step - first) / Math.max(1, last - first)) * (width - 1));
  const [start, end] = [columnOf(points[0]?.step ?? first), columnOf(points.at(-1)?.step ?? last)];
  let next = 0;
  return Array.from({ length: width }, (_, column) => {
    if (column < start || column > end) return Number.NaN;
    const step = first + ((last - first) * column) / Math.max(1, width - 1);
    while (next < samples.length - 1 && (samples[next]?.step ?? 0) < step) next += 1;
    const [before, after] = [samples[Math.max(0, next - 1)], samples[next]];
    if (before === undefined || after === undefined) return Number.NaN;
    if (step <= before.step || after.step === before.step) return before.value;
    if (step >= after.step) return after.value;
    return before.value + ((step - before.step) / (after.step - before.step)) * (after.value - before.value);
  });
}
