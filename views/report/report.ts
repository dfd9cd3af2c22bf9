/** The report of a run: one HTML file that needs nothing else, no network and no script. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { analyze } from "../../compiler/compile.js";
import { answersOfRun } from "../../runtime/ask-run.js";
import { type Conditions, readConditions } from "../../runtime/conditions.js";
import { type RunResult, runFiles } from "../../runtime/directory.js";
import type { RunProblem } from "../../runtime/problem.js";
import { openRun, type Run } from "../../runtime/run.js";
import { type History, readHistory } from "../history.js";
import { count, decimal } from "../numbers.js";
import { answersSection } from "./answers.js";
import { curvesSection } from "./charts.js";
import { type Content, type Html, html, section, table, text } from "./html.js";
import { modelSection } from "./model.js";
import { style } from "./style.js";

export type ReportOutcome =
  | { readonly ok: true; readonly html: string }
  | { readonly ok: false; readonly problems: readonly RunProblem[] };

export async function reportOf(folder: string): Promise<ReportOutcome> {
  const opened = openRun(folder);
  if (!opened.ok) return opened;
  const { run } = opened;
  const analyzed = analyze(run.spec, run.signature);
  if (!analyzed.ok) return analyzed;
  const result = readResult(folder);
  const history = readHistory(folder);
  const conditions = readConditions(folder);
  const body = [
    heading(run, result, conditions, history.steps.length),
    await curvesSection(history),
    result === undefined ? html`` : scores(result),
    await answersSection(await answersOfRun(folder), run.spec.data.type === "table"),
    samples(history),
    await modelSection(run.spec, analyzed.analysis),
    section(
      "Spec",
      html`<details><summary>with every default filled in</summary><pre>${JSON.stringify(run.spec, undefined, 2)}</pre></details>`,
    ),
    conditions === undefined ? html`` : environment(run, conditions),
  ];
  return { ok: true, html: page(run.spec.name, body) };
}

function page(name: string, body: readonly Html[]): string {
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

function readResult(folder: string): RunResult | undefined {
  const file = join(folder, runFiles.result);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

/** Samples that are shown, the last ones. */
const mostSamples = 8;

const parts = ["train", "validation", "test"] as const;

function heading(
  { spec, folder }: Run,
  result: RunResult | undefined,
  conditions: Conditions | undefined,
  steps: number,
): Html {
  const done = result?.done;
  const state = result === undefined ? "not ended yet" : result.finished ? "finished" : "stopped early";
  const best = done?.best === undefined ? "" : `, best at step ${count(done.best.step)} by ${done.best.metric}`;
  const cards: [string, string][] = [["steps", count(done?.step ?? steps)]];
  if (done !== undefined) {
    const part = parts.toReversed().find((name) => Object.keys(done.metrics[name]).length > 0);
    for (const [name, value] of Object.entries(part === undefined ? {} : done.metrics[part]).slice(0, 4))
      cards.push([`${part} ${name}`, decimal(value)]);
  }
  if (conditions !== undefined && conditions.seconds > 0)
    cards.push(["steps each second", decimal(conditions.updates / conditions.seconds)]);
  return html`<header><h1>${spec.name}</h1>
<p class="quiet">${basename(resolve(folder))}: ${state}${best}</p></header>
<div class="cards">${cards.map(([name, value]) => html`<div class="card"><b>${value}</b><span>${name}</span></div>`)}</div>
`;
}

function scores({ done: { metrics } }: RunResult): Html {
  const known = parts.filter((part) => Object.keys(metrics[part]).length > 0);
  const names = [...new Set(known.flatMap((part) => Object.keys(metrics[part])))];
  if (known.length === 0) return html``;
  const columns = [{ title: "part" }, ...names.map((title) => ({ title, align: "right" as const }))];
  const rows = known.map((part) => [part, ...names.map((name) => decimal(metrics[part][name] ?? Number.NaN))]);
  return section("Scores", table(columns, rows));
}

/** What it wrote while it trained. */
function samples({ samples }: History): Html {
  if (samples.length === 0) return html``;
  const shown = samples.slice(-mostSamples);
  return section(
    "Written while it learnt",
    shown.map(({ step, text: said }): Content => {
      return html`<p class="quiet">after step ${count(step)}</p><pre>${said}</pre>`;
    }),
  );
}

function environment({ manifest }: Run, conditions: Conditions): Html {
  const { device, updates, seconds, ended, system, processor, cores, node, onnxruntime } = conditions;
  const rows: [string, string][] = [
    ["ended", ended],
    ["updates", `${count(updates)} in ${decimal(seconds)} s on ${device}`],
    ["machine", `${system}, ${cores} ${cores === 1 ? "core" : "cores"}${processor === "" ? "" : `, ${processor}`}`],
    ["software", `rnnx ${manifest.rnnx}, Node ${node}, onnxruntime-node ${onnxruntime}`],
    ["spec and data", manifest.hash],
  ];
  return section("Environment", table([{ title: "" }, { title: "" }], rows));
}
