/** The report of a run: one HTML file without scripts or network access. */
import { basename, resolve } from "node:path";
import { analyze } from "../../compiler/compile.js";
import { classNamesOf, describeClasses } from "../../runtime/data/metadata.js";
import { attentionMaps } from "../../runtime/evaluation/attention-maps.js";
import { openRunExamples } from "../../runtime/evaluation/run-examples.js";
import { summarizeRun } from "../../runtime/evaluation/summarize-run.js";
import { formatInteger, formatNumber, formatSpeed } from "../../runtime/format.js";
import { fail, ok, type Result } from "../../runtime/result.js";
import { type RunEnvironment, readRunEnvironment, stepsPerSecond } from "../../runtime/run/environment.js";
import { type RunResult, readRunResult } from "../../runtime/run/layout.js";
import { openRun, type Run } from "../../runtime/run/open.js";
import { type MetricsHistory, readHistory } from "../metrics-history.js";
import { attentionSection } from "./attention-section.js";
import { style } from "./css.js";
import { curvesSection } from "./curves-section.js";
import { type Content, type Html, html, section, table, text } from "./html.js";
import { modelSection } from "./model-section.js";
import { predictionsSection } from "./predictions-section.js";

export type ReportOutcome = Result<string>;

/** @param example the number of the example whose attention is shown, from 0; chosen by default. */
export async function createReport(folder: string, example: number | null = null): Promise<ReportOutcome> {
  const opened = openRun(folder);
  if (!opened.ok) return opened;
  const run = opened.value;
  const analyzed = analyze(run.spec, run.signature);
  if (!analyzed.ok) return fail(analyzed.problems);
  const examples = await openRunExamples(folder);
  const summary = examples.ok ? await summarizeRun(examples.value) : examples;
  const attention = examples.ok ? await attentionMaps(examples.value, example) : ok(null);
  if (!attention.ok && attention.error.kind === "input") return fail(attention.error.problems);
  const result = readRunResult(folder);
  const history = readHistory(folder);
  const environment = readRunEnvironment(folder);
  const body = [
    heading(run, result, environment, history.steps.length),
    await curvesSection(history),
    result === undefined ? html`` : metricsSection(result),
    await predictionsSection(summary, run.spec.data.type === "table"),
    attention.ok && attention.value !== null ? attentionSection(attention.value) : html``,
    samplesSection(history),
    await modelSection(run.spec, analyzed.analysis),
    classesSection(run),
    section(
      "Spec",
      html`<details><summary>With all defaults</summary><pre>${JSON.stringify(run.spec, undefined, 2)}</pre></details>`,
    ),
    environment === undefined ? html`` : environmentSection(run, environment),
  ];
  return ok(renderPage(run.spec.name, body));
}

function renderPage(name: string, body: readonly Html[]): string {
  return text(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name} · rnnx</title>
<link rel="icon" href="data:,">
<style>${{ html: style }}</style>
</head>
<body><main>
${body}
</main></body>
</html>
`);
}

/** Maximum number of samples; the latest are shown. */
const maxSamples = 8;

const splitNames = ["train", "validation", "test"] as const;

function heading(
  { spec, folder }: Run,
  result: RunResult | undefined,
  environment: RunEnvironment | undefined,
  steps: number,
): Html {
  const done = result?.done;
  const state = result === undefined ? "not finished" : result.finished ? "finished" : "interrupted";
  const best = done?.best === undefined ? "" : `, best at step ${formatInteger(done.best.step)} by ${done.best.metric}`;
  const cards: [string, string][] = [["steps", formatInteger(done?.step ?? steps)]];
  if (done !== undefined) {
    const split = splitNames.toReversed().find((name) => Object.keys(done.metrics[name]).length > 0);
    for (const [name, value] of Object.entries(split === undefined ? {} : done.metrics[split]).slice(0, 4))
      cards.push([`${split} ${name}`, formatNumber(value)]);
  }
  const speed = environment === undefined ? null : stepsPerSecond(environment);
  if (speed !== null) cards.push(["steps per second", formatSpeed(speed)]);
  return html`<header><h1>${spec.name}</h1>
<p class="muted">${basename(resolve(folder))}: ${state}${best}</p></header>
<div class="cards">${cards.map(([name, value]) => html`<div class="card"><b>${value}</b><span>${name}</span></div>`)}</div>
`;
}

function metricsSection({ done: { metrics } }: RunResult): Html {
  const splits = splitNames.filter((split) => Object.keys(metrics[split]).length > 0);
  const names = [...new Set(splits.flatMap((split) => Object.keys(metrics[split])))];
  if (splits.length === 0) return html``;
  const columns = [{ title: "split" }, ...names.map((title) => ({ title, align: "right" as const }))];
  const rows = splits.map((split) => [split, ...names.map((name) => formatNumber(metrics[split][name] ?? Number.NaN))]);
  return section("Metrics", table(columns, rows));
}

function samplesSection({ samples }: MetricsHistory): Html {
  if (samples.length === 0) return html``;
  const recent = samples.slice(-maxSamples);
  return section(
    "Samples during training",
    recent.map(({ step, text: sample }): Content => {
      return html`<p class="muted">Step ${formatInteger(step)}</p><pre>${sample}</pre>`;
    }),
  );
}

function classesSection({ metadata }: Run): Html {
  const names = classNamesOf(metadata);
  return names.size === 0 ? html`` : section("Classes", html`<p>${describeClasses(names)}</p>`);
}

function environmentSection({ manifest }: Run, environment: RunEnvironment): Html {
  const { device, updates, seconds, ended, system, processor, cores, node, onnxruntime } = environment;
  const rows: [string, string][] = [
    ["finished", ended],
    ["timed steps", `${formatInteger(updates)} in ${formatNumber(seconds)} s on ${device}`],
    ["machine", `${system}, ${cores} ${cores === 1 ? "core" : "cores"}${processor === "" ? "" : `, ${processor}`}`],
    ["software", `rnnx ${manifest.rnnx}, Node ${node}, onnxruntime-node ${onnxruntime}`],
    ["hash of spec and data", manifest.hash],
  ];
  return section("Environment", table([{ title: "" }, { title: "" }], rows));
}
