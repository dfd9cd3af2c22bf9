/** The results as pictures. */
import { writeFileSync } from "node:fs";

export async function writeChart(file, chart) {
  const { toSvg } = await import("../dist/views/charts/render.js");
  writeFileSync(file, await toSvg(chart));
}

const subtitle = ({ date, machine, note }) =>
  [
    `${machine.cpu}, ${machine.threads} threads, ONNX Runtime ${machine.onnxruntime}, ${date}`,
    ...note.split(/(?<=[;.]) /),
  ].filter((line) => line !== "");

const timeText = (ms) => `${ms < 100 ? Number(ms.toPrecision(3)) : Math.round(ms).toLocaleString("en")} ms`;

/** How many times as long as rnnx each peer takes for a step. */
export function comparisonChart(results) {
  const values = results.configurations.flatMap(({ name, peers, ms }) => [
    { name, side: "rnnx", ratio: 1, label: timeText(ms) },
    ...peers.map(({ peer, ratio, ms: time }) => ({ name, side: peer, ratio, label: timeText(time) })),
  ]);
  const encoding = {
    y: { field: "side", type: "nominal", title: null, sort: null },
    x: {
      field: "ratio",
      type: "quantitative",
      scale: { type: "log" },
      title: "time of a training step, rnnx = 1 (log scale)",
    },
  };
  return {
    title: { text: "One training step on the CPU", subtitle: subtitle(results) },
    data: { values },
    facet: {
      row: {
        field: "name",
        type: "nominal",
        title: null,
        sort: results.configurations.map(({ name }) => name),
        header: { labelAngle: 0, labelAlign: "left" },
      },
    },
    resolve: { scale: { y: "independent" } },
    spec: {
      width: 420,
      encoding,
      layer: [
        {
          mark: "bar",
          encoding: { color: { field: "side", type: "nominal", legend: null, sort: null }, x2: { datum: 0.1 } },
        },
        { mark: { type: "text", align: "left", dx: 4 }, encoding: { text: { field: "label" } } },
      ],
    },
  };
}

/** Milliseconds of a step against each of several sizes; a straight line is cost in proportion. */
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
