/** What the model says, in the report: a confusion matrix, predictions against truth, or texts side by side. */
import type { Answers } from "../../runtime/answers.js";
import type { AnswersOutcome } from "../../runtime/ask-run.js";
import { confusionChart, scatterChart, seriesChart } from "../charts/answers.js";
import { toSvg } from "../charts/render.js";
import { count, decimal } from "../numbers.js";
import { type Content, type Html, html, section, table, trusted } from "./html.js";

/** More classes than this are a table of the commonest mistakes. */
const mostClasses = 40;
const mostMistakes = 20;
/** Numbers of a series that are drawn, at most. */
const mostNumbers = 800;

/** @param ordered whether examples follow one another in time. */
export async function answersSection(outcome: AnswersOutcome, ordered: boolean): Promise<Html> {
  if (!outcome.ok) {
    const reason = outcome.kind === "failed" ? outcome.message : (outcome.problems[0]?.message ?? "");
    return section("What it says", html`<p class="quiet">The data cannot be asked again: ${reason}</p>`);
  }
  const { part, examples, answers } = outcome;
  const about = html`<p class="quiet">Of ${count(examples)} ${examples === 1 ? "example" : "examples"} of the ${part} part.</p>`;
  return section("What it says", about, await answersContent(answers, ordered));
}

async function answersContent(answers: Answers, ordered: boolean): Promise<Content> {
  switch (answers.kind) {
    case "classes": {
      const { names, counts } = answers;
      const drawn = names.length <= mostClasses ? trusted(await toSvg(confusionChart(names, counts))) : "";
      return [html`<div class="charts">${drawn}</div>`, mistakes(names, counts, names.length > mostClasses)];
    }
    case "numbers": {
      const charts: string[] = [];
      for (const { name, truth, said } of answers.series.slice(0, 12)) {
        const series = { name, truth: truth.slice(0, mostNumbers), said: said.slice(0, mostNumbers) };
        if (ordered) charts.push(await toSvg(seriesChart(series, { width: 900, height: 240 })));
        charts.push(await toSvg(scatterChart(series, 300)));
      }
      return [html`<div class="charts">${charts.map(trusted)}</div>`, errors(answers.series)];
    }
    case "texts":
      return table(
        [{ title: "true" }, { title: "said" }],
        answers.texts.map(({ truth, said }) => [
          html`<code>${truth ?? "–"}</code>`,
          html`<code>${truth === null ? said : marked(truth, said)}</code>`,
        ]),
      );
  }
}

function mistakes(names: readonly string[], counts: readonly (readonly number[])[], many: boolean): Content {
  const all = counts.flat().reduce((sum, value) => sum + value, 0);
  const right = counts.reduce((sum, row, index) => sum + (row[index] ?? 0), 0);
  const summary = html`<p>${count(right)} of ${count(all)} are right: ${decimal((100 * right) / Math.max(all, 1))} %.</p>`;
  if (!many) return summary;
  const wrong = counts
    .flatMap((row, truth) => row.map((number, said) => ({ truth, said, number })))
    .filter(({ truth, said, number }) => truth !== said && number > 0)
    .sort((a, b) => b.number - a.number)
    .slice(0, mostMistakes);
  const columns = [{ title: "true" }, { title: "said" }, { title: "times", align: "right" as const }];
  return [
    summary,
    table(
      columns,
      wrong.map(({ truth, said, number }) => [names[truth] ?? "", names[said] ?? "", count(number)]),
    ),
  ];
}

function errors(series: Extract<Answers, { kind: "numbers" }>["series"]): Html {
  const columns = [
    { title: "target" },
    ...["mean absolute error", "root of the mean square", "of the truth's spread"].map((title) => ({
      title,
      align: "right" as const,
    })),
  ];
  const rows = series.map(({ name, truth, said }) => {
    const off = truth.map((value, index) => (said[index] ?? 0) - value);
    const mean = (values: readonly number[]) =>
      values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
    const middle = mean(truth);
    const spread = Math.sqrt(mean(truth.map((value) => (value - middle) ** 2)));
    const rmse = Math.sqrt(mean(off.map((value) => value ** 2)));
    return [
      name,
      decimal(mean(off.map(Math.abs))),
      decimal(rmse),
      spread === 0 ? "–" : `${decimal((100 * rmse) / spread)} %`,
    ];
  });
  return table(columns, rows);
}

/** What is said, with the units that differ from the truth marked, where both have one length. */
function marked(truth: string, said: string): Content {
  const [expected, units] = [[...truth], [...said]];
  if (expected.length !== units.length) return truth === said ? said : html`<span class="wrong">${said}</span>`;
  return units.map((unit, index) => (unit === expected[index] ? unit : html`<span class="wrong">${unit}</span>`));
}
