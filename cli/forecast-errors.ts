/** Errors of forecasts in a terminal: by column, by step and by series, next to those of forecasts without a model. */
import type { Baseline, ColumnErrors, Errors } from "../runtime/evaluation/baselines.js";
import type { ForecastDetails, SeriesErrors } from "../runtime/evaluation/forecast-details.js";
import { worseThanBaselines } from "../runtime/evaluation/worse-than-baselines.js";
import { formatCount, formatNumber } from "../runtime/format.js";
import { escapeLine } from "./escape-controls.js";
import type { Output } from "./output.js";
import { tableText } from "./table.js";

/** Rows and columns of the table of errors by step, and rows of that by series; the record has all. */
const maxSteps = 12;
const maxColumns = 6;
const maxSeries = 20;

/** A table whose columns but the first have numbers. */
export function numbersTable(
  { colors }: Pick<Output, "colors">,
  first: string,
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const numbers = titles.map((title) => ({ title, align: "right" as const }));
  return tableText(colors.print, [{ title: first }, ...numbers], rows);
}

/** The mean absolute errors of each column by step, with those of its baselines where there is one column. */
export function stepErrors(columns: readonly ColumnErrors[], baselines: readonly Baseline[]) {
  const shown = columns.slice(0, maxColumns).map((errors) => ({ title: escapeLine(errors.column), ...errors }));
  const series = columns.length > 1 ? shown : [...shown, ...baselines.map((one) => ({ title: one.baseline, ...one }))];
  const steps = series[0]?.steps ?? [];
  const count = Math.min(maxSteps, steps.length);
  const places = Array.from({ length: count }, (_, row) => Math.round((row * (steps.length - 1)) / (count - 1)));
  return {
    titles: series.map(({ title }) => title),
    rows: places.map((place) => [
      `${steps[place]?.step}`,
      ...series.map((errors) => formatNumber(errors.steps?.[place]?.mae ?? Number.NaN)),
    ]),
  };
}

function percent(value: number | null): string {
  return value === null ? "" : formatNumber(value);
}

/** Prints the errors of each column and of its baselines, and notes a model that is worse than one of them. */
export function printForecastErrors(
  output: Output,
  what: string,
  { columns, baselines = [], season, omissions = [] }: Partial<ForecastDetails>,
): void {
  if (columns === undefined) return;
  const isForecast = baselines.length > 0;
  const numbersOf = ({ rmse, mae, smape, wape }: Errors) => [
    formatNumber(rmse),
    formatNumber(mae),
    ...(isForecast ? [formatNumber(smape), percent(wape)] : []),
  ];
  const rows = columns.flatMap((errors) => [
    [escapeLine(errors.column), ...numbersOf(errors)],
    ...baselines
      .filter(({ column }) => column === errors.column)
      .map((baseline) => [`  ${baseline.baseline}`, ...numbersOf(baseline)]),
  ]);
  const titles = ["rmse", "mae", ...(isForecast ? ["smape %", "wape %"] : [])];
  output.print(`\nerrors of ${what} in the units of the data\n\n${numbersTable(output, "column", titles, rows)}`);
  if (columns.some(({ steps }) => steps !== undefined)) {
    const { titles: names, rows: byStep } = stepErrors(columns, baselines);
    output.print(`\nmae by step, in rows after the window\n\n${numbersTable(output, "step", names, byStep)}`);
  }
  for (const omission of omissions) output.note(omission);
  if (season !== undefined && season.step !== null)
    output.note(
      `The season of the seasonal naive forecast is ${formatCount(season.rows, "row")}, by the step of the times: ${season.step}. ` +
        "Set data.season for another one.",
    );
  for (const sentence of worseThanBaselines({ columns, baselines }, null)) output.note(sentence);
}

/** Prints the errors of each series, those of the largest scaled or relative errors first. */
export function printSeriesErrors(output: Output, { series, columns = [] }: Partial<ForecastDetails>): void {
  if (series === undefined) {
    output.note("The errors are those of one series: data.group names the columns of several.");
    return;
  }
  const orderOf = ({ mase, smape }: SeriesErrors) => mase ?? smape / 100;
  const sorted = series.toSorted((a, b) => orderOf(b) - orderOf(a));
  const rows = sorted
    .slice(0, maxSeries)
    .map(({ series: name, column, examples, rmse, mae, smape, wape, mase }) => [
      columns.length > 1 ? `${escapeLine(name)}: ${escapeLine(column)}` : escapeLine(name),
      `${examples}`,
      ...[rmse, mae, smape].map(formatNumber),
      percent(wape),
      percent(mase),
    ]);
  const titles = ["examples", "rmse", "mae", "smape %", "wape %", "mase"];
  const more = series.length > maxSeries ? `, the worst ${maxSeries} of ${series.length}` : "";
  output.print(`\nerrors by series${more}\n\n${numbersTable(output, "series", titles, rows)}`);
}
