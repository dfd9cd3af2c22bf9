/** Charts of the results. */
import { writeFileSync } from "node:fs";
import { categoryColors, lightPalette } from "../dist/views/palette.js";

export async function writeChart(file, chart) {
  const { toSvg } = await import("../dist/views/charts/render.js");
  writeFileSync(file, await toSvg(chart));
}

const subtitle = ({ date, machine, note }) =>
  [
    `${machine.cpu}, ${machine.cores} cores, ONNX Runtime ${machine.onnxruntime}, ${date}`,
    ...note.split(/(?<=[;.]) /),
  ].filter((line) => line !== "");

const timeText = (ms) => `${ms < 100 ? Number(ms.toPrecision(3)) : Math.round(ms).toLocaleString("en")} ms`;

/** "LSTM 2 × 128, batch 50": layers, width and rows of a configuration. */
const sizeText = ({ model, layers, hidden, batch }) =>
  `${model === "transformer" ? "transformer" : "LSTM"} ${layers} × ${hidden}, batch ${batch}`;

/** Time of a training step of each framework as a multiple of rnnx's: a bar to the right of 1 is slower than rnnx. */
export function comparisonChart(results) {
  const values = results.configurations.flatMap(({ name, ms, frameworks, ...sizes }) =>
    [{ framework: "rnnx", ms, ratio: 1 }, ...frameworks].map((one) => ({
      name: `${name}: ${sizeText(sizes)}`,
      framework: one.framework.replace(/\+cpu|, cpu$/g, ""),
      ratio: one.ratio,
      label: one.framework === "rnnx" ? timeText(one.ms) : `${timeText(one.ms)} (${Number(one.ratio.toFixed(2))} ×)`,
    })),
  );
  const names = [...new Set(values.map(({ name }) => name))];
  const frameworks = [...new Set(values.map(({ framework }) => framework))];
  const [own, ...others] = categoryColors;
  return {
    title: {
      text: "Time of one training step on a CPU, as a multiple of rnnx's (shorter is faster)",
      subtitle: subtitle(results),
      subtitleColor: lightPalette.mutedText,
    },
    data: { values },
    facet: {
      row: {
        field: "name",
        type: "nominal",
        title: null,
        sort: names,
        header: {
          labelAngle: 0,
          labelAlign: "left",
          labelExpr: "split(datum.value, ': ')",
          labelBaseline: "middle",
          labelFontSize: 12,
          labelLimit: 0,
          labelPadding: 100,
          labelColor: lightPalette.text,
        },
      },
    },
    spacing: 12,
    spec: {
      width: 460,
      height: { step: 18 },
      encoding: {
        y: {
          field: "framework",
          type: "nominal",
          title: null,
          sort: frameworks,
          axis: { labelLimit: 160, ticks: false },
        },
        x: {
          field: "ratio",
          type: "quantitative",
          title: null,
          scale: { domain: [0, Math.ceil(Math.max(...values.map(({ ratio }) => ratio))) * 1.25] },
          axis: null,
        },
      },
      layer: [
        {
          mark: { type: "bar", height: 13 },
          encoding: {
            color: {
              field: "framework",
              type: "nominal",
              legend: null,
              scale: { domain: frameworks, range: [own, ...others.slice(0, frameworks.length - 1)] },
            },
          },
        },
        { mark: { type: "text", align: "left", dx: 5, fontSize: 11 }, encoding: { text: { field: "label" } } },
      ],
    },
  };
}

/** Milliseconds of a step against each of several sizes; a straight line is proportional cost. */
export function scaleChart(results) {
  const values = results.series.flatMap(({ name, points }) => points.map(({ size, ms }) => ({ name, size, ms })));
  return {
    title: { text: "Cost of a training step against each size", subtitle: subtitle(results) },
    data: { values },
    facet: { field: "name", type: "nominal", title: null, sort: results.series.map(({ name }) => name) },
    columns: 3,
    resolve: { scale: { x: "independent", y: "independent" } },
    spec: {
      width: 200,
      height: 150,
      mark: { type: "line", point: true },
      encoding: {
        x: { field: "size", type: "quantitative", title: null, scale: { zero: true } },
        y: { field: "ms", type: "quantitative", title: "ms", scale: { zero: true } },
      },
    },
  };
}
