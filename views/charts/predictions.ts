/** What a model said against what was true: a confusion matrix, and predictions along a series or against the truth. */
import type { Size } from "./learning-curves.js";
import type { Chart } from "./render.js";
import { ink, palette } from "./theme.js";

/** @param counts by true class, then by said class. */
export function confusionChart(names: readonly string[], counts: readonly (readonly number[])[]): Chart {
  const cell = Math.max(14, Math.min(44, Math.floor(440 / names.length)));
  const values = counts.flatMap((row, truth) => {
    const all = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, said) => ({
      truth: names[truth],
      said: names[said],
      count,
      share: all === 0 ? 0 : count / all,
      text: count === 0 ? "" : `${count}`,
    }));
  });
  const axis = { labelLimit: 120, domain: false, ticks: false, grid: false };
  const encoding = {
    x: {
      field: "said",
      type: "nominal",
      sort: [...names],
      title: "said",
      axis: { ...axis, orient: "top", labelAngle: names.some((name) => name.length > 3) ? -40 : 0 },
    },
    y: { field: "truth", type: "nominal", sort: [...names], title: "true", axis },
  };
  return {
    width: { step: cell },
    height: { step: cell },
    data: { values },
    layer: [
      {
        mark: { type: "rect", stroke: "#ffffff", strokeWidth: 1.5, cornerRadius: 2 },
        encoding: {
          ...encoding,
          color: {
            field: "share",
            type: "quantitative",
            scale: { domain: [0, 1], range: ["#f1f4f8", palette[0]], type: "linear" },
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
                color: { condition: { test: "datum.share > 0.5", value: "#ffffff" }, value: ink.text },
              },
            },
          ]),
    ],
  };
}

export interface PredictionSeries {
  readonly name: string;
  readonly target: readonly number[];
  readonly predicted: readonly number[];
}

/** Along the examples in their order. */
export function seriesChart({ name, target: truth, predicted: said }: PredictionSeries, size: Size): Chart {
  const values = [
    ...truth.map((value, example) => ({ example, value, series: "true" })),
    ...said.map((value, example) => ({ example, value, series: "predicted" })),
  ];
  return {
    ...size,
    title: name,
    data: { values },
    mark: { type: "line", strokeWidth: 1.4 },
    encoding: {
      x: { field: "example", type: "quantitative", title: "example", axis: { grid: false }, scale: { nice: false } },
      y: {
        field: "value",
        type: "quantitative",
        title: null,
        scale: { zero: false },
        axis: { domain: false, format: "~g" },
      },
      color: {
        field: "series",
        type: "nominal",
        sort: null,
        scale: { domain: ["true", "predicted"], range: [ink.quiet, palette[1]] },
      },
    },
  };
}

/** Each prediction over its truth; what is right lies on the diagonal. */
export function scatterChart({ name, target: truth, predicted: said }: PredictionSeries, side: number): Chart {
  const values = truth.map((value, example) => ({ truth: value, said: said[example] }));
  const allValues = [...truth, ...said];
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
        data: { values: [min, max].map((value) => ({ truth: value, said: value })) },
        mark: { type: "line", color: ink.line, strokeWidth: 1 },
        encoding: { x: { field: "truth", type: "quantitative" }, y: { field: "said", type: "quantitative" } },
      },
      {
        data: { values },
        mark: { type: "point", filled: true, size: 16, opacity: 0.5, color: palette[0] },
        encoding: {
          x: { field: "truth", type: "quantitative", scale, title: "true", axis: { format: "~g" } },
          y: { field: "said", type: "quantitative", scale, title: "predicted", axis: { format: "~g", domain: false } },
        },
      },
    ],
  };
}
