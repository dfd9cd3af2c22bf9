/** The live page: redraws itself from each state that the training sends. */
import { showAnswers } from "./predictions.js";
import uPlot from "./uplot.js";

const element = (id) => document.getElementById(id);
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Curves of a chart: a key, a colour, and columns of steps and values. */
const titles = { loss: "loss", gradient_norm: "gradient norm", learning_rate: "learning rate" };
const splits = ["train", "validation", "test"];

const plots = new Map();

/** A chart, made when its first numbers come and fed from then on. */
function draw(name, curves, wide) {
  const filled = curves.filter(({ steps }) => steps.length > 0);
  if (filled.length === 0) return;
  const kinds = filled.map(({ key }) => key).join();
  let plot = plots.get(name);
  if (plot === undefined || plot.kinds !== kinds) {
    plot?.box.remove();
    plot = { kinds, ...open(name, filled, wide) };
    plots.set(name, plot);
  }
  plot.chart.setData(uPlot.join(filled.map(({ steps, values }) => [steps, values])));
}

function open(name, curves, wide) {
  const box = document.createElement("div");
  box.className = wide ? "chart wide" : "chart";
  const heading = document.createElement("h2");
  heading.textContent = titles[name] ?? name;
  if (curves.length > 1) heading.append(keysOf(curves));
  const canvas = document.createElement("div");
  box.append(heading, canvas);
  const before = [...element("charts").children].find((other) => placeOf(other.dataset.name) > placeOf(name));
  box.dataset.name = name;
  element("charts").insertBefore(box, before ?? null);
  const axis = {
    stroke: color("quiet"),
    grid: { stroke: color("line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  const height = wide ? 260 : 180;
  const chart = new uPlot(
    {
      width: canvas.clientWidth,
      height,
      padding: [8, 8, 0, 0],
      cursor: { y: false },
      legend: { show: false },
      scales: { x: { time: false } },
      axes: [
        { ...axis, grid: { show: false }, size: 28 },
        { ...axis, size: 58, values: (_, values) => values.map(short) },
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

/** The loss first, metrics next, what is only watched last. */
function placeOf(name) {
  if (name === "loss") return 0;
  const last = ["gradient_norm", "learning_rate"].indexOf(name);
  return last < 0 ? 1 : 2 + last;
}

function keysOf(curves) {
  const keys = document.createElement("span");
  keys.className = "keys";
  for (const { key } of curves) {
    const line = document.createElement("i");
    line.style.background = color(key);
    const entry = document.createElement("span");
    entry.append(line, key === "step" ? "each step" : key);
    keys.append(entry);
  }
  return keys;
}

function short(value) {
  if (value === null || value === undefined) return "";
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(0) : String(Number(value.toPrecision(4)));
}

function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function showNumbers(state) {
  const { curves, evaluations, step, steps, speed, status } = state;
  const latest = evaluations.at(-1)?.metrics ?? {};
  const part = splits.toReversed().find((name) => name !== "train" && Object.keys(latest[name] ?? {}).length > 0);
  const numbers = [
    ["step", `${step.toLocaleString("en-US")} / ${steps.toLocaleString("en-US")}`],
    ["loss", short(curves.loss.at(-1))],
    ...Object.entries(part === undefined ? (latest.train ?? {}) : latest[part])
      .slice(0, 3)
      .map(([name, value]) => [`${part ?? "train"} ${name}`, short(value)]),
    ["steps each second", speed === null ? "" : short(Number(speed.toPrecision(3)))],
    ["time left", status === "training" && speed ? duration((steps - step) / speed) : "–"],
  ];
  element("numbers").replaceChildren(
    ...numbers.map(([name, value]) => {
      const entry = document.createElement("div");
      const [term, definition] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = name;
      definition.textContent = value;
      entry.append(term, definition);
      return entry;
    }),
  );
  element("bar").style.width = `${(100 * step) / Math.max(steps, 1)}%`;
}

function showCharts({ curves, evaluations }) {
  const every = (name) => ({ key: "step", steps: curves.step, values: curves[name] });
  const evaluated = (name) =>
    splits.map((key) => {
      const known = evaluations.filter(({ metrics }) => typeof metrics[key]?.[name] === "number");
      return { key, steps: known.map(({ step }) => step), values: known.map(({ metrics }) => metrics[key][name]) };
    });
  draw("loss", [every("loss"), ...evaluated("loss")], true);
  const names = new Set(evaluations.flatMap(({ metrics }) => splits.flatMap((key) => Object.keys(metrics[key] ?? {}))));
  for (const name of names) if (name !== "loss") draw(name, evaluated(name), false);
  for (const name of ["gradient_norm", "learning_rate"]) draw(name, [every(name)], false);
}

function showSamples({ samples }) {
  const panel = element("samples");
  panel.hidden = samples.length === 0;
  const list = document.createElement("dl");
  list.className = "texts";
  for (const { step, text } of samples.toReversed()) {
    const [term, definition] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = `step ${step}`;
    definition.textContent = text;
    list.append(term, definition);
  }
  const heading = document.createElement("h2");
  heading.textContent = "Written while it learns";
  panel.replaceChildren(heading, list);
}

function setStatus(status) {
  element("status").textContent = status === "lost" ? "no longer there" : status;
  element("status").dataset.status = status;
}

let ended = false;

function show(state) {
  const { name, status, device, parameters, notices } = state;
  document.title = `${name} · ${status}`;
  element("name").textContent = name;
  element("about").textContent = device === "" ? "" : `${parameters.toLocaleString("en-US")} parameters on ${device}`;
  element("notices").textContent = notices.join("\n");
  ended = !["starting", "training"].includes(status);
  setStatus(status);
  showNumbers(state);
  showCharts(state);
  showSamples(state);
  showAnswers(element("answers"), state.glimpse, color);
}

const source = new EventSource("/events");
source.onmessage = ({ data }) => show(JSON.parse(data));
source.addEventListener("end", () => source.close());
source.onerror = () => {
  if (!ended) setStatus("lost");
};
