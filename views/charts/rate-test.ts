/** The chart of a learning-rate range test: the loss by the learning rate, on a logarithmic axis. */
import { lightPalette } from "../palette.js";
import type { Size } from "./learning-curves.js";
import type { Chart } from "./render.js";

export interface RateChartData {
  readonly rates: readonly number[];
  readonly losses: readonly number[];
  readonly smoothed: readonly number[];
  readonly suggestion: number | null;
}

/** The largest loss to draw: the rise after the minimum would flatten the rest of the curve. */
export function largestDrawnLoss(smoothed: readonly number[]): number {
  const lowestIndex = smoothed.indexOf(Math.min(...smoothed));
  const highest = Math.max(...smoothed.slice(0, lowestIndex + 1));
  return highest + 0.3 * (highest - (smoothed[lowestIndex] ?? highest));
}

/** A pale curve of the losses, a strong one of the smoothed losses, and a line at the suggested rate. */
export function rateChart(title: string, { rates, losses, smoothed, suggestion }: RateChartData, size: Size): Chart {
  const limit = largestDrawnLoss(smoothed);
  const rows = (values: readonly number[]) => values.map((loss, index) => ({ rate: rates[index], loss }));
  const drawn = [...losses, ...smoothed].filter((loss) => loss <= limit);
  const x = {
    field: "rate",
    type: "quantitative",
    title: "learning rate",
    scale: { type: "log", nice: false },
    axis: { grid: false, format: "~e" },
  };
  const y = {
    field: "loss",
    type: "quantitative",
    title: null,
    scale: { zero: false, domain: [Math.min(...drawn), limit], nice: true },
    axis: { format: ".6~g", domain: false, labelColor: lightPalette.mutedText },
  };
  const curve = (values: readonly number[], color: string, width: number) => ({
    data: { values: rows(values) },
    mark: { type: "line", clip: true, color, strokeWidth: width },
    encoding: { x, y },
  });
  return {
    ...size,
    title,
    layer: [
      curve(losses, lightPalette.step, 1),
      curve(smoothed, lightPalette.train, 2),
      ...(suggestion === null
        ? []
        : [
            {
              data: { values: [{ rate: suggestion }] },
              mark: { type: "rule", color: lightPalette.validation, strokeDash: [4, 3] },
              encoding: { x },
            },
          ]),
    ],
  };
}
