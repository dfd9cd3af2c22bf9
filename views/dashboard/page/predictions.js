/** Predictions next to targets: a confusion matrix, curves of values, or texts. */
import { formatInteger, formatNumber } from "./format.js";
import uPlot from "./uplot.js";

const create = (tag, text = "") => {
  const node = document.createElement(tag);
  node.textContent = text;
  return node;
};

let plots = [];

export function showPredictions(panel, predictions, color) {
  panel.hidden = predictions === null;
  if (predictions === null) return;
  const { outputs, split, step } = predictions;
  // The outputs of one step arrive one by one.
  const shown = `${step} ${outputs.length}`;
  if (panel.dataset.shown === shown) return;
  panel.dataset.shown = shown;
  for (const plot of plots) plot.destroy();
  plots = [];
  panel.replaceChildren(create("h2", `Predictions on the ${split} split at step ${formatInteger(step)}`));
  for (const { name, summary } of outputs) {
    if (name !== null) panel.append(create("h3", name));
    if (summary.kind === "classes") panel.append(confusionMatrix(summary, color));
    else if (summary.kind === "texts") panel.append(texts(summary.texts));
    else plots.push(...valueCharts(panel, summary.series[0], color));
  }
}

/** Maximum number of classes in the matrix. */
const maxClasses = 40;

function confusionMatrix({ names, counts }, color) {
  const total = counts.flat().reduce((sum, count) => sum + count, 0);
  const correct = counts.reduce((sum, row, index) => sum + row[index], 0);
  const share = formatNumber((100 * correct) / Math.max(total, 1));
  const summary = create("p", `${formatInteger(correct)} of ${formatInteger(total)} correct (${share} %)`);
  summary.className = "muted";
  if (names.length > maxClasses) return summary;
  const table = document.createElement("table");
  table.className = "confusion";
  const head = table.createTHead().insertRow();
  head.append(create("th", "true ╲ predicted"), ...names.map((name) => create("th", name)));
  const body = table.createTBody();
  counts.forEach((row, target) => {
    const line = body.insertRow();
    line.append(create("th", names[target]));
    const sum = row.reduce((rowTotal, count) => rowTotal + count, 0);
    row.forEach((count, predicted) => {
      const cell = line.insertCell();
      cell.textContent = count === 0 ? "" : count;
      const strength = sum === 0 ? 0 : Math.round((90 * count) / sum) + (count > 0 ? 10 : 0);
      const hue = color(predicted === target ? "train" : "validation");
      cell.style.background = `color-mix(in srgb, ${hue} ${strength}%, ${color("panel")})`;
      if (strength > 55) cell.style.color = color("background");
    });
  });
  const box = document.createElement("div");
  box.append(table, summary);
  return box;
}

/** Texts with the differing characters marked, if both have the same length. */
function texts(examples) {
  const list = document.createElement("dl");
  list.className = "texts";
  for (const { target, predicted } of examples) {
    if (target !== null) list.append(create("dt", "target"), create("dd", target));
    const marked = create("dd");
    const [expected, characters] = [[...(target ?? predicted)], [...predicted]];
    for (const [index, character] of characters.entries()) {
      const isEqual = expected.length !== characters.length || expected[index] === character;
      marked.append(isEqual ? character : create("mark", character));
    }
    list.append(create("dt", "predicted"), marked);
  }
  return list;
}

/** The values over the examples; of forecasts of several rows a chart of each window. */
function valueCharts(panel, { name, fans = [], ...values }, color) {
  if (fans.length === 0) {
    const x = values.target.map((_, index) => index);
    return [valueChart(panel, { name, x, label: "example", ...values }, color)];
  }
  return fans.map(({ series, history, steps, target, predicted, interval }) => {
    const before = history.map(() => null);
    const fan = {
      name: series === "" ? name : `${name}, ${series}`,
      x: [...history.map((_, index) => index + 1 - history.length), ...steps],
      label: "row after the window",
      target: [...history, ...target],
      predicted: [...before, ...predicted],
      ...(interval && { interval: { low: [...before, ...interval.low], high: [...before, ...interval.high] } }),
    };
    return valueChart(panel, fan, color);
  });
}

/** Lines of the targets and the predictions, over a band of the interval. */
function valueChart(panel, { name, x, label, target, predicted, interval }, color) {
  const axis = {
    stroke: color("muted-text"),
    grid: { stroke: color("line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  // The color of the predictions, at an opacity of 18 %.
  const fill = `${color("validation")}2e`;
  const end = (which) => ({ label: `${which} end`, stroke: fill, width: 1, points: { show: false } });
  return new uPlot(
    {
      width: panel.clientWidth - 32,
      height: 240,
      padding: [8, 18, 0, 0],
      legend: { show: true, live: false },
      scales: { x: { time: false } },
      axes: [
        { ...axis, grid: { show: false }, label, labelSize: 16, labelFont: axis.font, size: 28 },
        { ...axis, size: 62 },
      ],
      series: [
        {},
        { label: `${name}, target`, stroke: color("muted-text"), width: 1.5, points: { show: false } },
        { label: `${name}, predicted`, stroke: color("validation"), width: 1.5, points: { show: false } },
        ...(interval ? [end("lower"), end("upper")] : []),
      ],
      ...(interval && { bands: [{ series: [4, 3], fill }] }),
    },
    [x, target, predicted, ...(interval ? [interval.low, interval.high] : [])],
    panel,
  );
}
