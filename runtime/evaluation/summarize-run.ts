/** The predictions of a run for one split of its own data, next to the targets. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { outputsOf } from "../../schema/kinds/outputs.js";
import type { Splits } from "../data/splits.js";
import type { PredictionSummary } from "../events.js";
import { type RunFailure, runFailed } from "../outcome.js";
import { ok, type Result } from "../result.js";
import { runFiles } from "../run/layout.js";
import { estimateWorkPerSync, openSession } from "../sessions/session.js";
import { feedsOf } from "../tensors/ort.js";
import { createEvaluator } from "./evaluator.js";
import { type PredictionRoll, predictionRoll } from "./prediction-roll.js";
import { summarizePredictions } from "./prediction-summary.js";
import type { RunExamples } from "./run-examples.js";

export interface RunSummary {
  readonly split: keyof Splits;
  readonly examples: number;
  /** By output. */
  readonly outputs: ReadonlyMap<string, OutputSummary>;
}

export interface OutputSummary {
  readonly summary: PredictionSummary;
  /** The first example, for an output of several probabilities at each step. */
  readonly roll?: PredictionRoll;
}

export type RunSummaryOutcome = Result<RunSummary, RunFailure>;

/** Maximum number of examples: the first of the split. */
const MAX_EXAMPLES = 2000;

export async function summarizeRun(opened: RunExamples): Promise<RunSummaryOutcome> {
  const { run, source, split } = opened;
  const examples = opened.examples.subarray(0, MAX_EXAMPLES);
  const model = readFileSync(join(run.folder, runFiles.eval));
  const sessionResult = await openSession(model, "cpu", estimateWorkPerSync(run.manifest.parameters, examples.length));
  if (!sessionResult.ok) return runFailed(sessionResult.error.message, sessionResult.error.hint);
  const evaluator = await createEvaluator(sessionResult.value.session, run.manifest, source);
  const parameters = feedsOf(opened.parameters);
  const outputs = new Map<string, OutputSummary>();
  for (const output of outputsOf(run.spec)) {
    const context = { evaluator, parameters, spec: run.spec, source, output };
    const summary = await summarizePredictions(context, examples);
    const roll = await predictionRoll(context, examples[0] ?? 0);
    outputs.set(output.name, { summary, ...(roll && { roll }) });
  }
  return ok({ split, examples: examples.length, outputs });
}
