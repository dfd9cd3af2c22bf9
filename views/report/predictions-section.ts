/** What the model says, in the report: a confusion matrix, predictions against truth, or texts side by side. */
import type { PredictionSummary } from "../../runtime/evaluation/prediction-types.js";
import type { RunSummaryOutcome } from "../../runtime/evaluation/summarize-run.js";
import { confusionChart, scatterChart, seriesChart } from "../charts/predictions.js";
import { toSvg } from "../charts/render.js";
import { formatInteger, formatNumber } from "../format.js";
import { type Content, type Html, html, section, table, trusted } from "./html.js";

/** More classes than this are a table of the commonest mistakes. */
const maxClasses = 40;
const maxMistakes = 20;
/** Numbers of a series that are drawn, at most. */
const maxNumbers = 800;

/** @param ordered whether examples follow one another in time. */
export async function predictionsSection(outcome: RunSummaryOutcome, ordered: boolean): Promise<Html> {
  if (!outcome.ok) {
    const reason = outcome.kind === "failed" ? outcome.message : (outcome.problems[0]?.message ?? "");
    return section("What it says", html`<p class="quiet">The data cannot be asked again: ${reason}</p>`);
  }
  const { split: part, examples, summary: answers } = outcome;
  const caption = html`<p class="quiet">Of ${formatInteger(examples)} ${examples === 1 ? "example" : "examples"} of the ${part} part.</p>`;
  return section("What it says", caption, await predictionsContent(answers, ordered));
}

async function predictionsContent(answers: PredictionSummary, ordered: boolean): Promise<Content> {
  switch (answers.kind) {
    case "classes": {
      const { names, counts } = answers;
      const chart = names.length <= maxClasses ? trusted(await toSvg(confusionChart(names, counts))) : "";
      return [html`<div class="charts">${chart}</div>`, confusionSummary(names, counts, names.length > maxClasses)];
    }
    case "numbers": {
      const charts: string[] = [];
      for (const { name, target, predicted } of answers.series.slice(0, 12)) {
        const series = { name, target: target.slice(0, maxNumbers), predicted: predicted.slice(0, maxNumbers) };
        if (ordered) charts.push(await toSvg(seriesChart(series, { width: 900, height: 240 })));
        charts.push(await toSvg(scatterChart(series, 300)));
      }
      return [html`<div class="charts">${charts.map(trusted)}</div>`, regressionErrors(answers.series)];
    }
    case "texts":
      return table(
        [{ title: "true" }, { title: "said" }],
        answers.texts.map(({ target, predicted }) => [
          html`<code>${target ?? "–"}</code>`,
          html`<code>${target === null ? predicted : markDifferences(target, predicted)}</code>`,
        ]),
      );
  }
}

function confusionSummary(
  names: readonly string[],
  counts: readonly (readonly number[])[],
  showMistakes: boolean,
): Content {
  const total = counts.flat().reduce((sum, value) => sum + value, 0);
  const correct = counts.reduce((sum, row, index) => sum + (row[index] ?? 0), 0);
  const summary = html`<p>${formatInteger(correct)} of ${formatInteger(total)} are right: ${formatNumber((100 * correct) / Math.max(total, 1))} %.</p>`;
  if (!showMistakes) return summary;
  const commonMistakes = counts
    .flatMap((row, target) => row.map((times, predicted) => ({ truth: target, said: predicted, number: times })))
    .filter(({ truth: target, said: predicted, number: times }) => target !== predicted && times > 0)
    .sort((a, b) => b.number - a.number)
    .slice(0, maxMistakes);
  const columns = [{ title: "true" }, { title: "said" }, { title: "times", align: "right" as const }];
  return [
    summary,
    table(
      columns,
      commonMistakes.map(({ truth: target, said: predicted, number: times }) => [
        names[target] ?? "",
        names[predicted] ?? "",
        formatInteger(times),
      ]),
    ),
  ];
}

function regressionErrors(series: Extract<PredictionSummary, { kind: "numbers" }>["series"]): Html {
  const columns = [
    { title: "target" },
    ...["mean absolute error", "root of the mean square", "of the truth's spread"].map((title) => ({
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

/** What is said, with the units that differ from the truth marked, where both have one length. */
function markDifferences(target: string, predicted: string): Content {
  const [expected, units] = [[...target], [...predicted]];
  if (expected.length !== units.length)
    return target === predicted ? predicted : html`<span class="wrong">${predicted}</span>`;
  return units.map((unit, index) => (unit === expected[index] ? unit : html`<span class="wrong">${unit}</span>`));
}
