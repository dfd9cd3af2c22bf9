/** Charts of predictions: a confusion matrix, values over the examples, and predicted against target values. */
import type { ForecastFan, RegressionSeries } from "../../runtime/events.js";
import { categoryColors, lightPalette } from "../palette.js";
import type { Size } from "./learning-curves.js";
import type { Chart } from "./render.js";

/** @param counts by true class, then by predicted class. */
export function confusionChart(names: readonly string[], counts: readonly (readonly number[])[]): Chart {
  const cell = Math.max(14, Math.min(44, Math.floor(440 / names.length)));
  const values = counts.flatMap((row, target) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, predicted) => ({
      target: names[target],
      predicted: names[predicted],
      count,
      share: total === 0 ? 0 : count / total,
      text: count === 0 ? "" : `${count}`,
    }));
  });
  const axis = { labelLimit: 120, domain: false, ticks: false, grid: false };
  const encoding = {
    x: {
      field: "predicted",
      type: "nominal",
      sort: [...names],
      title: "predicted class",
      axis: { ...axis, orient: "top", labelAngle: names.some((name) => name.length > 3) ? -40 : 0 },
    },
    y: { field: "target", type: "nominal", sort: [...names], title: "true class", axis },
  };
  return {
    width: { step: cell },
    height: { step: cell },
    data: { values },
    layer: [
      {
        mark: { type: "rect", stroke: lightPalette.background, strokeWidth: 1.5, cornerRadius: 2 },
        encoding: {
          ...encoding,
          color: {
            field: "share",
            type: "quantitative",
            scale: { domain: [0, 1], range: [lightPalette.panel, lightPalette.accent], type: "linear" },
            legend: null,
          },
        },
      },
      ...(cell < 18
        ? []
        : [
            {
              mark: { type: "text", fontSize: Math.min(12, cell / 2.8) },
              encoding: {
                ...encoding,
                text: { field: "text", type: "nominal" },
                color: {
                  condition: { test: "datum.share > 0.5", value: lightPalette.background },
                  value: lightPalette.text,
                },
              },
            },
          ]),
    ],
  };
}

/** Target and predicted values over the examples, in their order, above a band of the interval. */
export function seriesChart({ name, target, predicted, interval }: RegressionSeries, size: Size): Chart {
  const values = [
    ...target.map((value, example) => ({ example, value, series: "target" })),
    ...predicted.map((value, example) => ({ example, value, series: "predicted" })),
  ];
  const x = { field: "example", type: "quantitative", title: "example", axis: { grid: false }, scale: { nice: false } };
  const y = { type: "quantitative", title: null, scale: { zero: false }, axis: { domain: false, format: ".6~g" } };
  const lines = { data: { values }, ...targetAndPrediction(x, y) };
  if (interval === undefined) return { ...size, title: name, ...lines };
  const band = {
    data: { values: interval.low.map((low, example) => ({ example, low, high: interval.high[example] })) },
    mark: { type: "area", color: lightPalette.validation, opacity: 0.18 },
    encoding: { x, y: { field: "low", ...y }, y2: { field: "high" } },
  };
  return { ...size, title: name, layer: [band, lines] };
}

/** The forecast of the rows after a window, in a band of its interval, next to the values before and of these rows. */
export function fanChart(
  name: string,
  { series, history, steps, target, predicted, interval }: ForecastFan,
  size: Size,
): Chart {
  const past = history.map((value, index) => ({ row: index + 1 - history.length, value, series: "target" }));
  const values = [
    ...past,
    ...target.map((value, index) => ({ row: steps[index], value, series: "target" })),
    ...predicted.map((value, index) => ({ row: steps[index], value, series: "predicted" })),
  ];
  const title = "row after the window";
  const x = { field: "row", type: "quantitative", title, axis: { grid: false }, scale: { nice: false } };
  const y = { type: "quantitative", title: null, scale: { zero: false }, axis: { domain: false, format: ".6~g" } };
  const bounds = interval?.low.map((low, index) => ({ row: steps[index], low, high: interval.high[index] })) ?? [];
  const band = {
    data: { values: bounds },
    mark: { type: "area", color: lightPalette.validation, opacity: 0.18 },
    encoding: { x, y: { field: "low", ...y }, y2: { field: "high" } },
  };
  const lines = { data: { values }, ...targetAndPrediction(x, y) };
  return {
    ...size,
    title: series === "" ? name : `${name}, ${series}`,
    layer: interval === undefined ? [lines] : [band, lines],
  };
}

/** Lines of the targets and of the predictions. */
function targetAndPrediction(x: object, y: object): object {
  return {
    mark: { type: "line", strokeWidth: 1.4 },
    encoding: {
      x,
      y: { field: "value", ...y },
      color: {
        field: "series",
        type: "nominal",
        sort: null,
        scale: { domain: ["target", "predicted"], range: [lightPalette.mutedText, lightPalette.validation] },
      },
    },
  };
}

/** Predicted against target values; the diagonal marks exact predictions. */
export function scatterChart({ name, target: targets, predicted: predictions }: RegressionSeries, side: number): Chart {
  const values = targets.map((target, example) => ({ target, predicted: predictions[example] }));
  const allValues = [...targets, ...predictions];
  const [min, max] = [
    allValues.reduce((a, b) => Math.min(a, b), Infinity),
    allValues.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  const scale = { domain: [min, max], nice: true, zero: false };
  return {
    width: side,
    height: side,
    title: name,
    layer: [
      {
        data: { values: [min, max].map((value) => ({ target: value, predicted: value })) },
        mark: { type: "line", color: lightPalette.line, strokeWidth: 1 },
        encoding: { x: { field: "target", type: "quantitative" }, y: { field: "predicted", type: "quantitative" } },
      },
      {
        data: { values },
        mark: { type: "point", filled: true, size: 16, opacity: 0.5, color: categoryColors[0] },
        encoding: {
          x: { field: "target", type: "quantitative", scale, title: "target", axis: { format: ".6~g" } },
          y: {
            field: "predicted",
            type: "quantitative",
            scale,
            title: "predicted",
            axis: { format: ".6~g", domain: false },
          },
        },
      },
    ],
  };
}
