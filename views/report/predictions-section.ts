/** Predictions in the report: a confusion matrix, charts of predicted and target values, or texts. */
import type { PredictionRoll } from "../../runtime/evaluation/prediction-roll.js";
import type { RunSummaryOutcome } from "../../runtime/evaluation/summarize-run.js";
import type { PredictionSummary } from "../../runtime/events.js";
import { formatCount, formatInteger, formatNumber } from "../../runtime/format.js";
import { heatMapSvg } from "../charts/heat-map.js";
import { confusionChart, fanChart, scatterChart, seriesChart } from "../charts/predictions.js";
import { toSvg } from "../charts/render.js";
import { type Content, type Html, html, section, table, trusted } from "./html.js";

/** Maximum number of classes in a matrix; with more, a table lists the most frequent errors. */
const maxClasses = 40;
const maxErrors = 20;
/** Maximum number of values in a chart. */
const maxValues = 800;

/** @param ordered the examples are consecutive in time. */
export async function predictionsSection(outcome: RunSummaryOutcome, ordered: boolean): Promise<Html> {
  if (!outcome.ok) {
    const { error } = outcome;
    const reason = error.kind === "failed" ? error.message : (error.problems[0]?.message ?? "");
    return section("Predictions", html`<p class="muted">The data cannot be read: ${reason}</p>`);
  }
  const { split, examples, outputs } = outcome.value;
  const caption = html`<p class="muted">${formatCount(examples, "example")} of the ${split} split.</p>`;
  const parts: Content[] = [];
  for (const [name, { summary, roll }] of outputs) {
    const title = outputs.size === 1 ? "" : html`<h3>${name}</h3>`;
    parts.push(title, await predictionsContent(summary, ordered), roll ? rollContent(roll) : "");
  }
  return section("Predictions", caption, parts);
}

async function predictionsContent(summary: PredictionSummary, ordered: boolean): Promise<Content> {
  switch (summary.kind) {
    case "classes": {
      const { names, counts } = summary;
      const chart = names.length <= maxClasses ? trusted(await toSvg(confusionChart(names, counts))) : "";
      return [html`<div class="charts">${chart}</div>`, confusionSummary(names, counts, names.length > maxClasses)];
    }
    case "numbers": {
      const charts: string[] = [];
      for (const { name, target, predicted, interval, fans = [] } of summary.series.slice(0, 12)) {
        const shown = (values: readonly number[]) => values.slice(0, maxValues);
        const series = {
          name,
          target: shown(target),
          predicted: shown(predicted),
          ...(interval && { interval: { low: shown(interval.low), high: shown(interval.high) } }),
        };
        for (const fan of fans) charts.push(await toSvg(fanChart(name, fan, { width: 420, height: 200 })));
        // Windows of several rows overlap, or are of several series.
        if (ordered && fans.length === 0) charts.push(await toSvg(seriesChart(series, { width: 900, height: 240 })));
        charts.push(await toSvg(scatterChart(series, 300)));
      }
      return [html`<div class="charts">${charts.map(trusted)}</div>`, regressionErrors(summary.series)];
    }
    case "texts":
      return table(
        [{ title: "target" }, { title: "predicted" }],
        summary.texts.map(({ target, predicted }) => [
          html`<code>${target ?? "–"}</code>`,
          html`<code>${target === null ? predicted : markDifferences(target, predicted)}</code>`,
        ]),
      );
  }
}

/** Probabilities below this one have no cell. */
const leastShown = 0.05;
/** The distance of labeled steps. */
const labeledSteps = 8;

/** Targets and predictions of a sequence, a row for each column of the target, the last on top. */
function rollContent({ example, columns, steps, target, predicted }: PredictionRoll): Html {
  const map = (title: string, values: PredictionRoll["target"]) =>
    heatMapSvg({
      title,
      rows: columns.toReversed(),
      columns: values.map((_, step) => (step % labeledSteps === 0 ? `${step}` : null)),
      values: columns.map((_, column) => values.map((row) => shown(row[column] ?? 0))).reverse(),
      maximum: 1,
    });
  const cut = target.length < steps ? `, the first ${target.length} of ${steps} steps` : "";
  return html`<h3>Example ${example}</h3>
<p class="muted">Columns are the steps${cut}. Darker cells are larger, up to 1; values below ${leastShown} have none.</p>
<div class="charts">${[map("target", target), map("predicted", predicted)].map(trusted)}</div>`;
}

function shown(value: number): number {
  return value < leastShown ? 0 : value;
}

function confusionSummary(
  names: readonly string[],
  counts: readonly (readonly number[])[],
  showErrors: boolean,
): Content {
  const total = counts.flat().reduce((sum, value) => sum + value, 0);
  const correct = counts.reduce((sum, row, index) => sum + (row[index] ?? 0), 0);
  const accuracy = html`<p>${formatInteger(correct)} of ${formatInteger(total)} correct (${formatNumber((100 * correct) / Math.max(total, 1))} %).</p>`;
  if (!showErrors) return accuracy;
  const errors = counts
    .flatMap((row, target) => row.map((count, predicted) => ({ target, predicted, count })))
    .filter(({ target, predicted, count }) => target !== predicted && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, maxErrors);
  const columns = [{ title: "true class" }, { title: "predicted class" }, { title: "count", align: "right" as const }];
  return [
    accuracy,
    table(
      columns,
      errors.map(({ target, predicted, count }) => [names[target] ?? "", names[predicted] ?? "", formatInteger(count)]),
    ),
  ];
}

function regressionErrors(series: Extract<PredictionSummary, { kind: "numbers" }>["series"]): Html {
  const columns = [
    { title: "target" },
    ...["MAE", "RMSE", "RMSE / std of the target"].map((title) => ({
      title,
      align: "right" as const,
    })),
  ];
  const rows = series.map(({ name, target, predicted }) => {
    const differences = target.map((value, index) => (predicted[index] ?? 0) - value);
    const mean = (values: readonly number[]) =>
      values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
    const targetMean = mean(target);
    const targetDeviation = Math.sqrt(mean(target.map((value) => (value - targetMean) ** 2)));
    const rmse = Math.sqrt(mean(differences.map((value) => value ** 2)));
    return [
      name,
      formatNumber(mean(differences.map(Math.abs))),
      formatNumber(rmse),
      targetDeviation === 0 ? "–" : `${formatNumber((100 * rmse) / targetDeviation)} %`,
    ];
  });
  return table(columns, rows);
}

/** The predicted text with the differing characters marked, if both texts have the same length. */
function markDifferences(target: string, predicted: string): Content {
  const [expected, characters] = [[...target], [...predicted]];
  if (expected.length !== characters.length)
    return target === predicted ? predicted : html`<span class="wrong">${predicted}</span>`;
  return characters.map((character, index) =>
    character === expected[index] ? character : html`<span class="wrong">${character}</span>`,
  );
}
