/** The dashboard page: redraws on every state that the training run sends. */
import { formatDuration, formatInteger, formatNumber, formatSpeed } from "./format.js";
import { showPredictions } from "./predictions.js";
import uPlot from "./uplot.js";

const element = (id) => document.getElementById(id);
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const titles = { gradient_norm: "gradient norm", learning_rate: "learning rate" };
const stepMetrics = ["gradient_norm", "learning_rate"];
const splits = ["train", "validation", "test"];

/** Charts by metric. */
const plots = new Map();

/**
 * Draws the curves of a metric. The chart is created with the first values and updated from then on.
 *
 * @param curves `{ key, steps, values }`: a split or `step`, and columns of equal length.
 */
function draw(name, curves, wide) {
  const filled = curves.filter(({ steps }) => steps.length > 0);
  if (filled.length === 0) return;
  const kinds = filled.map(({ key }) => key).join();
  let plot = plots.get(name);
  if (plot === undefined || plot.kinds !== kinds) {
    plot?.box.remove();
    plot = { kinds, ...createChart(name, filled, wide) };
    plots.set(name, plot);
  }
  plot.chart.setData(uPlot.join(filled.map(({ steps, values }) => [steps, values])));
}

function createChart(name, curves, wide) {
  const box = document.createElement("div");
  box.className = wide ? "chart wide" : "chart";
  const heading = document.createElement("h2");
  heading.textContent = titles[name] ?? name;
  if (curves.length > 1) heading.append(legend(curves));
  const canvas = document.createElement("div");
  box.append(heading, canvas);
  const next = [...element("charts").children].find((other) => rank(other.dataset.name) > rank(name));
  box.dataset.name = name;
  element("charts").insertBefore(box, next ?? null);
  const axis = {
    stroke: color("muted-text"),
    grid: { stroke: color("line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  const height = wide ? 260 : 180;
  const chart = new uPlot(
    {
      width: canvas.clientWidth,
      height,
      padding: [8, 18, 0, 0],
      cursor: { y: false },
      legend: { show: false },
      scales: { x: { time: false } },
      axes: [
        { ...axis, grid: { show: false }, size: 28 },
        { ...axis, size: 62, values: (_, values) => values.map(formatNumber) },
      ],
      series: [
        {},
        ...curves.map(({ key }) => ({
          label: key,
          stroke: color(key === "step" && curves.length === 1 ? "train" : key),
          width: key === "step" ? 1.2 : 2,
          spanGaps: true,
          points: { show: key !== "step", size: 4 },
        })),
      ],
    },
    [[], ...curves.map(() => [])],
    canvas,
  );
  new ResizeObserver(() => chart.setSize({ width: canvas.clientWidth, height })).observe(canvas);
  return { box, chart };
}

/** Order of the charts: the loss, the metrics, then gradient norm and learning rate. */
function rank(name) {
  return name === "loss" ? 0 : 2 + stepMetrics.indexOf(name);
}

function legend(curves) {
  const entries = document.createElement("span");
  entries.className = "legend";
  for (const { key } of curves) {
    const line = document.createElement("i");
    line.style.background = color(key);
    const entry = document.createElement("span");
    entry.append(line, key === "step" ? "per step" : key);
    entries.append(entry);
  }
  return entries;
}

/** `<dl>` entries of terms and their values. */
function appendEntry(list, name, value) {
  const [term, definition] = [document.createElement("dt"), document.createElement("dd")];
  term.textContent = name;
  definition.textContent = value;
  list.append(term, definition);
}

function showFigures({ curves, evaluations, step, steps, speed, status }) {
  const latest = evaluations.at(-1)?.metrics ?? {};
  const split = splits.toReversed().find((name) => Object.keys(latest[name] ?? {}).length > 0);
  const loss = curves.loss.at(-1);
  const figures = [
    ["step", `${formatInteger(step)} / ${formatInteger(steps)}`],
    ["loss", loss === undefined ? "" : formatNumber(loss)],
    ...Object.entries(latest[split] ?? {})
      .slice(0, 3)
      .map(([name, value]) => [`${split} ${name}`, formatNumber(value)]),
    ["steps per second", speed === null ? "" : formatSpeed(speed)],
    ["time left", status === "training" && speed ? formatDuration((steps - step) / speed) : "–"],
  ];
  element("figures").replaceChildren(
    ...figures.map(([name, value]) => {
      const entry = document.createElement("div");
      appendEntry(entry, name, value);
      return entry;
    }),
  );
  element("bar").style.width = `${(100 * step) / Math.max(steps, 1)}%`;
}

function showCharts({ curves, evaluations }) {
  const perStep = (name) => ({ key: "step", steps: curves.step, values: curves[name] });
  const evaluated = (name) =>
    splits.map((key) => {
      const known = evaluations.filter(({ metrics }) => typeof metrics[key]?.[name] === "number");
      return { key, steps: known.map(({ step }) => step), values: known.map(({ metrics }) => metrics[key][name]) };
    });
  draw("loss", [perStep("loss"), ...evaluated("loss")], true);
  const names = new Set(evaluations.flatMap(({ metrics }) => splits.flatMap((key) => Object.keys(metrics[key] ?? {}))));
  for (const name of names) if (name !== "loss") draw(name, evaluated(name), false);
  for (const name of stepMetrics) draw(name, [perStep(name)], false);
}

function showSamples({ samples }) {
  const panel = element("samples");
  panel.hidden = samples.length === 0;
  const list = document.createElement("dl");
  list.className = "texts";
  for (const { step, text } of samples.toReversed()) appendEntry(list, `step ${formatInteger(step)}`, text);
  const heading = document.createElement("h2");
  heading.textContent = "Samples";
  panel.replaceChildren(heading, list);
}

function setStatus(status) {
  element("status").textContent = status;
  element("status").dataset.status = status;
}

let ended = false;

function show(state) {
  const { name, status, device, parameters, notices } = state;
  document.title = `${name} · ${status}`;
  element("name").textContent = name;
  element("about").textContent = device === "" ? "" : `${formatInteger(parameters)} parameters on ${device}`;
  element("notices").textContent = notices.join("\n");
  ended = !["starting", "training"].includes(status);
  setStatus(status);
  showFigures(state);
  showCharts(state);
  showSamples(state);
  showPredictions(element("predictions"), state.predictions, color);
}

const source = new EventSource("/events");
source.onmessage = ({ data }) => show(JSON.parse(data));
source.addEventListener("end", () => source.close());
source.onerror = () => {
  if (!ended) setStatus("disconnected");
};
