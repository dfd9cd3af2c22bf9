/** Curves over steps: one number of one run by parts of its data, or of several runs. */
import { type Curve, downsample } from "../metrics-history.js";
import type { Chart } from "./render.js";
import { ink, palette, splitColors } from "./theme.js";

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface NamedCurve extends Curve {
  readonly name: string;
}

/** Points that a curve has at most. */
const maxPoints = 600;

/** A scale of powers where numbers of one sign go over more than two of them. */
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

/** One number of one run: faint at every step, strong where it was evaluated. */
export function curveChart(title: string, curves: readonly Curve[], size: Size): Chart {
  const namedCurves = curves.map((curve) => ({ ...curve, name: labels[curve.split] }));
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
          range: curves.map(({ split }) => splitColors[single ? "train" : split]),
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

const labels = { step: "each step", train: "train", validation: "validation", test: "test" } as const;

/** The same number of several runs, a colour for each. */
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
        scale: { domain: names, range: names.map((_, index) => palette[index % palette.length]) },
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
      axis: { format: "~g", domain: false, labelColor: ink.quiet },
    },
  };
}
