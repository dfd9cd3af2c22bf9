/** The playground of forecasters: a file of series, the forecast of each with its interval, and the rows as a text. */
import { metadataOf, type TableMetadata } from "../../runtime/data/metadata.js";
import type { SeriesTable } from "../../runtime/web/page-manifest.js";
import { describeHorizon } from "../../schema/kinds/horizon.js";
import { element, field, message, outputView, runLatest } from "../dom.js";
import { predictedTimes, readSeries, type SeriesRows, seriesBatch } from "../examples/series.js";
import { type TargetForecast, targetForecasts } from "../examples/series-forecast.js";
import { lineChart, shortNumber } from "../line-chart.js";
import type { Model } from "../load-model.js";
import { predict } from "../predict.js";

/** Characters of a file that the page can edit, and rows before the window in the chart. */
const [MAX_EDITED, MAX_SHOWN] = [200_000, 96];

export function seriesPanel(model: Model, metadata: TableMetadata, table: SeriesTable): HTMLElement {
  const { page } = model;
  const { horizon } = page.training;
  let source = page.samples?.type === "series" ? page.samples.text : "";
  let series: readonly SeriesRows[] = [];
  const errorMessage = message();
  const panels = page.outputs.map((output) => ({
    output,
    own: metadataOf(metadata, output.loss.target),
    ...forecastPanel(output.loss.target, metadataOf(metadata, output.loss.target).target, horizon),
  }));
  const select = element("select", { "aria-label": "Series" });
  const rowsText = element("textarea", { rows: 12, spellcheck: "false", "aria-label": "Rows" });
  const forecast = runLatest(async () => {
    const clear = (fault: string) => {
      errorMessage.show(fault);
      for (const { show } of panels) show(null);
    };
    try {
      const one = series[Number(select.value)] ?? series[0];
      if (one === undefined) return;
      const batch = seriesBatch(one, table, metadata, horizon);
      if (!batch.ok) return clear(problemText(batch.error));
      const predictions = await predict(model, batch.value);
      errorMessage.show("");
      for (const [index, { scores }] of predictions.entries()) {
        const panel = panels[index];
        const [own] = scores;
        if (panel === undefined || own === undefined) continue;
        const size = own.shape.at(-1) ?? own.data.length;
        const last = { shape: [size], data: own.data.slice(-size) };
        const forecasts = targetForecasts(panel.output.loss, last, panel.own, horizon.length);
        panel.show({ series: one, forecasts, times: predictedTimes(one, metadata, horizon) });
      }
    } catch (error) {
      clear(String(error));
    }
  });
  const read = (text: string) => {
    source = text;
    const found = readSeries(source, table, metadata);
    errorMessage.show(found.ok ? "" : problemText(found.error));
    if (!found.ok) return;
    const chosen = series[Number(select.value)]?.name.join(", ");
    series = found.value;
    select.replaceChildren(...series.map(({ name }, index) => element("option", { value: index }, name.join(", "))));
    select.value = `${Math.max(
      0,
      series.findIndex(({ name }) => name.join(", ") === chosen),
    )}`;
    forecast();
  };
  const file = element("input", { type: "file", accept: ".csv,.tsv,.txt" });
  file.addEventListener("change", async () => {
    const text = await file.files?.[0]?.text();
    if (text === undefined) return;
    rowsText.value = text.length > MAX_EDITED ? "" : text;
    read(text);
  });
  rowsText.addEventListener("input", () => read(rowsText.value));
  select.addEventListener("change", forecast);
  rowsText.value = source;
  if (source !== "") read(source);
  const ahead = table.ahead === 0 ? "" : ` and then the ${table.ahead} to be predicted, with what is known of them`;
  return element(
    "section",
    { class: "card" },
    ...(table.group.length === 0 ? [] : [element("div", { class: "controls" }, field(table.group.join(", "), select))]),
    ...panels.flatMap(({ output, elements }) => outputView(output, ...elements)),
    ...table.notices.map((text) => element("p", { class: "note" }, text)),
    errorMessage.view,
    element("h2", {}, "Input: rows of a file"),
    element(
      "p",
      { class: "note" },
      `The file has the columns of the training data, and of each series at least the last ${table.window} rows${ahead}.`,
    ),
    field("A .csv file", file),
    rowsText,
  );
}

function problemText(problems: readonly { readonly message: string; readonly hint?: string | undefined }[]): string {
  return problems.map(({ message: text, hint = "" }) => `${text} ${hint}`.trim()).join(" ");
}

interface Shown {
  readonly series: SeriesRows;
  readonly forecasts: readonly TargetForecast[];
  readonly times: readonly string[] | null;
}

/** The chart and the table of the forecasts of an output. */
function forecastPanel(name: string, targets: readonly string[], horizon: readonly number[]) {
  const chart = lineChart(
    `Data and forecast of ${targets.length === 1 ? targets[0] : name}`,
    [
      { name: "data", color: "--text", width: 1.5 },
      { name: "lower", color: "--accent", width: 0.5 },
      { name: "upper", color: "--accent", width: 0.5 },
      { name: "forecast", color: "--accent", width: 2, dashed: true },
    ],
    "row",
    [2, 1],
  );
  const headline = element("p", { class: "headline" });
  const rows = element("div", { class: "grid" });
  const select = element(
    "select",
    { "aria-label": "Column" },
    ...targets.map((target, index) => element("option", { value: index }, target)),
  );
  let shown: Shown | null = null;
  const draw = () => {
    const own = shown?.forecasts[Number(select.value)];
    if (shown === null || own === undefined) {
      headline.replaceChildren();
      rows.replaceChildren();
      return chart.show([], [[], [], [], []]);
    }
    drawSeries(chart, shown.series, own, horizon);
    headline.replaceChildren(`Forecast of ${own.name} for ${describeHorizon({ horizon })}`);
    rows.replaceChildren(forecastTable(own, horizon, shown.times));
  };
  select.addEventListener("change", draw);
  const controls = targets.length > 1 ? [element("div", { class: "controls" }, field("Column", select))] : [];
  return {
    elements: [...controls, headline, chart.view, rows],
    show(next: Shown | null) {
      shown = next;
      draw();
    },
  };
}

/** The data up to the window's end and the values that are known of later rows; the forecast with its outer levels. */
function drawSeries(
  chart: ReturnType<typeof lineChart>,
  { rows, past }: SeriesRows,
  { name, points, levels }: TargetForecast,
  horizon: readonly number[],
): void {
  const from = Math.max(0, past - MAX_SHOWN);
  const ahead = Math.max(...horizon);
  const offsets = Array.from({ length: past - from + ahead }, (_, index) => from + index - past + 1);
  const data = offsets.map((offset) => {
    const value = Number.parseFloat(rows[past - 1 + offset]?.fields[name] ?? "");
    return rows[past - 1 + offset]?.numbers[name] ?? (Number.isNaN(value) ? null : value);
  });
  const at = (values: readonly (number | null)[] | undefined) =>
    offsets.map((offset) => values?.[horizon.indexOf(offset)] ?? null);
  const [low, high] = levels.length > 1 ? [levels[0]?.values, levels.at(-1)?.values] : [];
  chart.show(offsets, [data.map((value) => (Number.isNaN(value) ? null : value)), at(low), at(high), at(points)]);
}

function forecastTable({ name, points, levels }: TargetForecast, horizon: readonly number[], times: Shown["times"]) {
  const titles = [times === null ? "row" : "time", name, ...levels.map(({ level }) => `${level}`)];
  const cell = (value: number | null | undefined) => element("td", {}, value == null ? "" : shortNumber(value));
  const body = horizon.map((step, row) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, times?.[row] ?? `${step}`),
      cell(points[row]),
      ...levels.map(({ values }) => cell(values[row])),
    ),
  );
  const head = element("tr", {}, ...titles.map((title) => element("th", { scope: "col" }, title)));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}
