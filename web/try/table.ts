/** Tables: the series and what the model expects of it; the last rows can be changed. */
import type { TableMetadata } from "../../runtime/data/metadata.js";
import { unscaled } from "../../runtime/data/scaler.js";
import { gatherWindows } from "../../runtime/data/windows.js";
import { lineChart, shortNumber } from "../charts.js";
import { bars, button, element, latest, message } from "../elements.js";
import { scaledSeries } from "../learn/table.js";
import type { Model } from "../model.js";
import { predict } from "../predict.js";

export function tablePanel(model: Model, metadata: TableMetadata): HTMLElement {
  const { page } = model;
  const window = page.training.window ?? 1;
  const { columns, target, classes } = metadata;
  const samples = page.samples?.type === "table" ? page.samples : null;
  const names = samples?.columns ?? columns;
  const original = samples?.rows ?? Array.from({ length: window }, () => columns.map(() => 0));
  const rows = original.map((row) => [...row]);
  const numeric = page.uses.targets === "numbers";
  let shown = 0;

  const chart = lineChart(
    "The series and the model's forecast of it",
    [
      { name: "data", color: "--ink", width: 1.5 },
      { name: "forecast", color: "--accent", width: 2, dashed: true },
    ],
    "row",
  );
  const headline = element("p", { class: "headline", "aria-live": "polite" });
  const result = element("div", { class: "result" });
  const trouble = message();

  const forecast = latest(async () => {
    try {
      trouble.say("");
      const series = scaledSeries(rows, metadata);
      const count = rows.length - window + 1;
      const ends = Array.from({ length: count }, (_, index) => index);
      const shape = [count, window, columns.length];
      const answers = await predict(
        model,
        new Map([["inputs", gatherWindows(series, { stride: 1, shift: 0, length: window }, ends, shape)]]),
      );
      const lasts = answers.map(({ shape: dims, data }) => data.slice(-(dims.at(-1) ?? 1)));
      if (numeric) showForecast(lasts);
      else showClasses(lasts.at(-1) ?? new Float32Array());
    } catch (error) {
      trouble.say(String(error));
    }
  });

  const showForecast = (lasts: readonly Float32Array[]) => {
    const { horizon } = page.training;
    const name = target[shown] ?? "";
    const scaling = metadata.scaler[name];
    const expected = lasts.map((answer) => {
      const value = answer[shown] ?? Number.NaN;
      return scaling === undefined ? value : unscaled(value, scaling);
    });
    const place = names.indexOf(name);
    const places = Array.from({ length: rows.length + horizon }, (_, row) => row - rows.length + 1);
    const data = places.map((_, row) => (row < rows.length ? Number(rows[row]?.[place]) : null));
    const said = places.map((_, row) => expected[row - window + 1 - horizon] ?? null);
    chart.show(places, [data, said]);
    const next = expected.at(-1) ?? Number.NaN;
    const ahead = horizon === 1 ? "The next" : `In ${horizon} rows`;
    headline.replaceChildren(`${ahead} ${name}: `, element("b", {}, shortNumber(next)));
  };
  const showClasses = (answer: Float32Array) => {
    result.replaceChildren(bars(Array.from(answer, (share, id) => ({ name: `${classes?.[id] ?? id}`, share }))));
  };

  const choice = element(
    "select",
    { "aria-label": "Which column" },
    ...target.map((name, index) => element("option", { value: index }, name)),
  );
  choice.addEventListener("change", () => {
    shown = Number(choice.value);
    forecast();
  });
  const grid = element("div", { class: "grid" });
  const fill = () => grid.replaceChildren(editor(names.slice(0, columns.length), rows, window, forecast));
  const reset = button("As it was", () => {
    for (const [index, row] of original.entries()) rows[index] = [...row];
    fill();
    forecast();
  });
  fill();
  forecast();
  return element(
    "section",
    { class: "card" },
    ...(numeric && target.length > 1
      ? [
          element(
            "div",
            { class: "controls" },
            element("label", { class: "field" }, element("span", {}, "Column"), choice),
          ),
        ]
      : []),
    ...(numeric ? [headline, chart.view] : [result]),
    trouble.view,
    element("h2", {}, window === 1 ? "The last row" : `The last ${window} rows, which the model reads`),
    element("p", { class: "note" }, "Change a number, and the forecast follows."),
    grid,
    element("div", { class: "actions" }, reset),
  );
}

/** The last rows as fields. */
function editor(
  names: readonly string[],
  rows: (number | string)[][],
  window: number,
  changed: () => void,
): HTMLElement {
  const from = rows.length - window;
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, "row"),
    ...names.map((name) => element("th", { scope: "col" }, name)),
  );
  const body = rows.slice(from).map((row, index) => {
    const cells = names.map((name, column) => {
      const label = `${name}, row ${index - window + 1}`;
      const input = element("input", { type: "number", step: "any", value: row[column] ?? 0, "aria-label": label });
      input.addEventListener("input", () => {
        if (Number.isNaN(input.valueAsNumber)) return;
        row[column] = input.valueAsNumber;
        changed();
      });
      return element("td", {}, input);
    });
    return element("tr", {}, element("th", { scope: "row" }, `${index - window + 1}`), ...cells);
  });
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}
