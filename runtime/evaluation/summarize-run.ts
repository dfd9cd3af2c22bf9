/** The predictions of a run for one split of its own data, next to the targets. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openData } from "../data/index.js";
import { preferredSplit, type Splits } from "../data/splits.js";
import type { PredictionSummary } from "../events.js";
import { invalidInput, type RunFailure, runFailed } from "../outcome.js";
import { ok, type Result } from "../result.js";
import { runFiles } from "../run/layout.js";
import { openRun, readRunWeights } from "../run/open.js";
import { estimateWorkPerSync, openSession } from "../sessions/session.js";
import { feedsOf } from "../tensors/ort.js";
import { createEvaluator } from "./evaluator.js";
import { summarizePredictions } from "./prediction-summary.js";

export type RunSummaryOutcome = Result<
  { readonly split: keyof Splits; readonly examples: number; readonly summary: PredictionSummary },
  RunFailure
>;

/** Maximum number of examples: the first of the split. */
const MAX_EXAMPLES = 2000;

/** Summarizes the test split, else the validation split, else the training split. */
export async function summarizeRun(folder: string): Promise<RunSummaryOutcome> {
  const runResult = openRun(folder);
  if (!runResult.ok) return invalidInput(runResult.error);
  const run = runResult.value;
  const weightsResult = readRunWeights(run, "end");
  if (!weightsResult.ok) return invalidInput(weightsResult.error);
  const dataResult = await openData(run.spec, folder, run.metadata);
  if (!dataResult.ok) return invalidInput(dataResult.error);
  const source = dataResult.value;
  const split = preferredSplit(source.splits, "afterTraining");
  const examples = source.splits[split].subarray(0, MAX_EXAMPLES);
  const model = readFileSync(join(folder, runFiles.eval));
  const sessionResult = await openSession(model, "cpu", estimateWorkPerSync(run.manifest.parameters, examples.length));
  if (!sessionResult.ok) return runFailed(sessionResult.error.message, sessionResult.error.hint);
  const evaluator = await createEvaluator(sessionResult.value.session, run.manifest, source);
  const parameters = feedsOf(weightsResult.value.parameters);
  const summary = await summarizePredictions({ evaluator, parameters, spec: run.spec, source }, examples);
  return ok({ split, examples: examples.length, summary });
}
