/** Learning curves: one metric over the steps of a run, per split, or over the steps of several runs. */
import { type Curve, curveLabels, downsample } from "../metrics-history.js";
import { categoryColors, lightPalette } from "../palette.js";
import type { Chart } from "./render.js";

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface NamedCurve extends Curve {
  readonly name: string;
}

/** Maximum points of a curve. */
const maxPoints = 600;

/** A log scale for positive values that span more than two decades. */
function yScale(curves: readonly Curve[]) {
  const values = curves.flatMap(({ points }) => points.map(({ value }) => value));
  const [min, max] = [
    values.reduce((a, b) => Math.min(a, b), Infinity),
    values.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  return min > 0 && max / min > 100 ? { type: "log" } : { zero: false, nice: true };
}

function chartRows(curves: readonly NamedCurve[], series: (curve: NamedCurve) => string) {
  return curves.flatMap((curve) =>
    downsample(curve.points, maxPoints).map(({ step, value }) => ({ step, value, series: series(curve) })),
  );
}

/** One metric of one run: a pale curve of every step, a strong one per evaluated split. */
export function curveChart(title: string, curves: readonly Curve[], size: Size): Chart {
  const namedCurves = curves.map((curve) => ({ ...curve, name: curveLabels[curve.split] }));
  const single = curves.length === 1;
  const sparseNames = namedCurves
    .filter(({ split, points }) => split !== "step" && points.length <= 30)
    .map(({ name }) => name);
  return {
    ...size,
    title,
    data: { values: chartRows(namedCurves, ({ name }) => name) },
    encoding: {
      ...axes(yScale(curves)),
      color: {
        field: "series",
        type: "nominal",
        sort: null,
        scale: {
          domain: namedCurves.map(({ name }) => name),
          range: curves.map(({ split }) => lightPalette[single ? "train" : split]),
        },
        legend: single ? null : { symbolType: "stroke" },
      },
    },
    layer: [
      { mark: { type: "line", clip: true } },
      {
        transform: [{ filter: { field: "series", oneOf: sparseNames } }],
        mark: { type: "point", filled: true, opacity: 1, size: 20 },
      },
    ],
  };
}

/** The same metric of several runs, one color per run. */
export function comparisonChart(title: string, curves: readonly NamedCurve[], size: Size): Chart {
  const names = [...new Set(curves.map(({ name }) => name))];
  return {
    ...size,
    title,
    data: { values: chartRows(curves, ({ name }) => name) },
    mark: { type: "line", clip: true },
    encoding: {
      ...axes(yScale(curves)),
      color: {
        field: "series",
        type: "nominal",
        sort: null,
        scale: { domain: names, range: names.map((_, index) => categoryColors[index % categoryColors.length]) },
        legend: names.length > 1 ? { columns: 3, labelLimit: 260, symbolType: "stroke" } : null,
      },
    },
  };
}

function axes(scale: object) {
  return {
    x: {
      field: "step",
      type: "quantitative",
      title: "step",
      axis: { grid: false, format: "~s" },
      scale: { nice: false },
    },
    y: {
      field: "value",
      type: "quantitative",
      title: null,
      scale,
      axis: { format: ".6~g", domain: false, labelColor: lightPalette.mutedText },
    },
  };
}
