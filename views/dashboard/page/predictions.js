/** What the model says beside what is true: a table of classes, curves of numbers, or texts. */
import uPlot from "./uplot.js";

const make = (tag, text = "") => {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
};

let plotted;

export function showAnswers(panel, glimpse, color) {
  panel.hidden = glimpse === null;
  if (glimpse === null || panel.dataset.step === String(glimpse.step)) return;
  panel.dataset.step = glimpse.step;
  const { answers, part, step } = glimpse;
  plotted?.destroy();
  plotted = undefined;
  const heading = make("h2", `What it says of the ${part} part after step ${step.toLocaleString("en-US")}`);
  panel.replaceChildren(heading);
  if (answers.kind === "classes") panel.append(confusion(answers, color));
  else if (answers.kind === "texts") panel.append(texts(answers.texts));
  else plotted = numbers(panel, answers.series[0], color);
}

/** Classes beyond this are too many for a table. */
const mostClasses = 40;

function confusion({ names, counts }, color) {
  const all = counts.flat().reduce((sum, count) => sum + count, 0);
  const right = counts.reduce((sum, row, index) => sum + row[index], 0);
  const summary = make("p", `${right.toLocaleString("en-US")} of ${all.toLocaleString("en-US")} are right`);
  summary.className = "quiet";
  if (names.length > mostClasses) return summary;
  const table = document.createElement("table");
  table.className = "confusion";
  const head = table.createTHead().insertRow();
  head.append(make("th", "true ╲ predicted"), ...names.map((name) => make("th", name)));
  const body = table.createTBody();
  counts.forEach((row, target) => {
    const line = body.insertRow();
    line.append(make("th", names[target]));
    const sum = row.reduce((total, count) => total + count, 0);
    row.forEach((count, predicted) => {
      const cell = line.insertCell();
      cell.textContent = count === 0 ? "" : count;
      const share = sum === 0 ? 0 : Math.round((90 * count) / sum) + (count > 0 ? 10 : 0);
      cell.style.background = `color-mix(in srgb, ${color(predicted === target ? "train" : "validation")} ${share}%, ${color("soft")})`;
      if (share > 55) cell.style.color = color("back");
    });
  });
  const box = document.createElement("div");
  box.append(table, summary);
  return box;
}

function texts(all) {
  const list = document.createElement("dl");
  list.className = "texts";
  for (const { target, predicted } of all) {
    if (target !== null) list.append(make("dt", "true"), make("dd", target));
    const shown = make("dd");
    const [expected, units] = [[...(target ?? predicted)], [...predicted]];
    for (const [index, unit] of units.entries()) {
      shown.append(expected.length !== units.length || expected[index] === unit ? unit : make("mark", unit));
    }
    list.append(make("dt", "predicted"), shown);
  }
  return list;
}

function numbers(panel, { name, target, predicted }, color) {
  const axis = {
    stroke: color("quiet"),
    grid: { stroke: color("line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return new uPlot(
    {
      width: panel.clientWidth - 32,
      height: 220,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      scales: { x: { time: false } },
      axes: [
        { ...axis, grid: { show: false }, size: 28 },
        { ...axis, size: 58 },
      ],
      series: [
        {},
        { label: `${name}, true`, stroke: color("quiet"), width: 1.5, points: { show: false } },
        { label: "predicted", stroke: color("validation"), width: 1.5, points: { show: false } },
      ],
    },
    [target.map((_, index) => index), target, predicted],
    panel,
  );
}
