/** The playground of tables: the series, its forecast, and an editor of the last rows. */
import { metadataOf, type TableMetadata } from "../../runtime/data/metadata.js";
import { scalerOf, unscaleValue } from "../../runtime/data/scaler.js";
import type { Scores } from "../../runtime/predict/format-predictions.js";
import { continuedNotice, seriesInputs } from "../../runtime/predict/stateful.js";
import type { PageManifest, PageOutput } from "../../runtime/web/page-manifest.js";
import { describeHorizon } from "../../schema/kinds/horizon.js";
import { bars, button, element, independentBars, message, outputView, runLatest } from "../dom.js";
import { scaledSeries } from "../examples/table.js";
import { lineChart, shortNumber } from "../line-chart.js";
import type { Model } from "../load-model.js";
import { predictWindows } from "../predict.js";

/** A table panel's rows, and the output that it shows. */
interface TableContext {
  readonly page: PageManifest;
  readonly output: PageOutput;
  /** Of the target of the output alone. */
  readonly metadata: TableMetadata;
  /** The columns of the rows. */
  readonly names: readonly string[];
  readonly rows: readonly (readonly (number | string)[])[];
}

interface OutputPanel {
  readonly elements: readonly HTMLElement[];
  /** @param lastSteps the prediction after each window. */
  show(lastSteps: readonly Scores["data"][]): void;
}

export function tablePanel(model: Model, metadata: TableMetadata): HTMLElement {
  const { page } = model;
  const window = page.training.window ?? 1;
  const { columns } = metadata;
  const samples = page.samples?.type === "table" ? page.samples : null;
  const names = samples?.columns ?? columns;
  const original = samples?.rows ?? Array.from({ length: window }, () => columns.map(() => 0));
  const rows = original.map((row) => [...row]);
  const errorMessage = message();
  const panels = new Map(
    page.outputs.map((output) => {
      const own = { page, output, metadata: metadataOf(metadata, output.loss.target), names, rows };
      return [output, output.uses.targets === "numbers" ? forecastPanel(own) : sharesPanel(own)] as const;
    }),
  );

  const forecast = runLatest(async () => {
    try {
      errorMessage.show("");
      const series = scaledSeries(rows, metadata);
      const predictions = await predictWindows(model, seriesInputs(series, rows.length, page.training.window));
      for (const { output, scores } of predictions)
        panels.get(output)?.show(scores.map(({ shape: dims, data }) => data.slice(-(dims.at(-1) ?? 1))));
    } catch (error) {
      errorMessage.show(String(error));
    }
  });

  const grid = element("div", { class: "grid" });
  const renderGrid = () => grid.replaceChildren(rowEditor(names.slice(0, columns.length), rows, window, forecast));
  const reset = button("Reset", () => {
    for (const [index, row] of original.entries()) rows[index] = [...row];
    renderGrid();
    forecast();
  });
  renderGrid();
  forecast();
  return element(
    "section",
    { class: "card" },
    ...[...panels].flatMap(([output, { elements }]) => outputView(output, ...elements)),
    errorMessage.view,
    element("h2", {}, window === 1 ? "Input: the last row" : `Input: the last ${window} rows`),
    element("p", { class: "note" }, "Edit a value to update the prediction."),
    ...(page.manifest.eval === null
      ? []
      : [element("p", { class: "note" }, `${continuedNotice} The first row here is number ${1 - rows.length}.`)]),
    grid,
    element("div", { class: "actions" }, reset),
  );
}

/** The series of a column, and its forecast. */
function forecastPanel({ page, metadata, names, rows }: TableContext): OutputPanel {
  const window = page.training.window ?? 1;
  const { target } = metadata;
  let selectedTarget = 0;
  let shown: readonly Scores["data"][] = [];
  const chart = lineChart(
    "Series and forecast",
    [
      { name: "data", color: "--text", width: 1.5 },
      { name: "forecast", color: "--accent", width: 2, dashed: true },
    ],
    "row",
  );
  const headline = element("p", { class: "headline", "aria-live": "polite" });
  const show = (lastSteps: readonly Scores["data"][]) => {
    shown = lastSteps;
    const { horizon } = page.training;
    const ahead = Math.max(...horizon);
    const name = target[selectedTarget] ?? "";
    const scaling = scalerOf(metadata.scaler, name);
    const forecasts = lastSteps.map((prediction) =>
      horizon.map((_, place) => {
        const value = prediction[place * target.length + selectedTarget] ?? Number.NaN;
        return scaling === undefined ? value : unscaleValue(value, scaling);
      }),
    );
    const column = names.indexOf(name);
    const offsets = Array.from({ length: rows.length + ahead }, (_, row) => row - rows.length + 1);
    const data = offsets.map((_, row) => (row < rows.length ? Number(rows[row]?.[column]) : null));
    // Of one row the forecasts of all windows, of several those of the last one.
    const [first = 1] = horizon;
    const last = forecasts.at(-1) ?? [];
    const forecastAt = (offset: number, row: number) =>
      horizon.length === 1 ? forecasts[row - window + 1 - first]?.[0] : last[horizon.indexOf(offset)];
    const forecastValues = offsets.map((offset, row) => forecastAt(offset, row) ?? null);
    chart.show(offsets, [data, forecastValues]);
    const position = describeHorizon({ horizon });
    headline.replaceChildren(`Forecast of ${name} (${position}): `, element("b", {}, last.map(shortNumber).join(", ")));
  };
  const columnSelect = element(
    "select",
    { "aria-label": "Column" },
    ...target.map((name, index) => element("option", { value: index }, name)),
  );
  columnSelect.addEventListener("change", () => {
    selectedTarget = Number(columnSelect.value);
    show(shown);
  });
  const select = element("label", { class: "field" }, element("span", {}, "Column"), columnSelect);
  const controls = target.length > 1 ? [element("div", { class: "controls" }, select)] : [];
  return { elements: [...controls, headline, chart.view], show };
}

/** The probabilities of classes, or of each column. */
function sharesPanel({ output, metadata: { classes, target } }: TableContext): OutputPanel {
  const result = element("div", { class: "result" });
  return {
    elements: [result],
    show(lastSteps) {
      const isOfClasses = output.uses.targets === "classes";
      const titles = isOfClasses ? classes : target;
      const probabilities = lastSteps.at(-1) ?? new Float32Array();
      const shares = Array.from(probabilities, (share, id) => ({ name: `${titles?.[id] ?? id}`, share }));
      result.replaceChildren(isOfClasses ? bars(shares) : independentBars(shares));
    },
  };
}

/** The input window as a table of number fields. */
function rowEditor(
  names: readonly string[],
  rows: (number | string)[][],
  window: number,
  onChange: () => void,
): HTMLElement {
  const start = rows.length - window;
  const head = element(
    "tr",
    {},
    element("th", { scope: "col" }, "row"),
    ...names.map((name) => element("th", { scope: "col" }, name)),
  );
  const body = rows.slice(start).map((row, index) => {
    const cells = names.map((name, column) => {
      const label = `${name}, row ${index - window + 1}`;
      const input = element("input", { type: "number", step: "any", value: row[column] ?? 0, "aria-label": label });
      input.addEventListener("input", () => {
        if (Number.isNaN(input.valueAsNumber)) return;
        row[column] = input.valueAsNumber;
        onChange();
      });
      return element("td", {}, input);
    });
    return element("tr", {}, element("th", { scope: "row" }, `${index - window + 1}`), ...cells);
  });
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}
