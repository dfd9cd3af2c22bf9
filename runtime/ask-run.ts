/** What a run says of a part of its own data, beside what is true of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Answers } from "./answers.js";
import { answersOf } from "./ask.js";
import { openData } from "./data/index.js";
import type { Splits } from "./data/splits.js";
import { runFiles } from "./directory.js";
import { openEvaluator } from "./evaluate.js";
import { failed, type RunFailure, wrongInput } from "./outcome.js";
import { openRun, readWeights } from "./run.js";
import { loadOf, openSession } from "./session.js";
import { feedsOf } from "./tensors.js";

export type AnswersOutcome =
  | { readonly ok: true; readonly part: keyof Splits; readonly examples: number; readonly answers: Answers }
  | RunFailure;

/** Examples that are asked about, at most: the first of the part. */
const enough = 2000;

/** Of the part to test with, or the one to validate with, or the one to train on: the first of these that there is. */
export async function answersOfRun(folder: string): Promise<AnswersOutcome> {
  const opened = openRun(folder);
  if (!opened.ok) return wrongInput(opened.problems);
  const { run } = opened;
  const found = readWeights(run, "end");
  if (!found.ok) return wrongInput(found.problems);
  const read = await openData(run.spec, folder, run.metadata);
  if (!read.ok) return wrongInput(read.problems);
  const { source } = read;
  const part = (["test", "validation", "train"] as const).find((name) => source.splits[name].length > 0) ?? "train";
  const examples = source.splits[part].subarray(0, enough);
  const model = readFileSync(join(folder, runFiles.eval));
  const session = await openSession(model, "cpu", loadOf(run.manifest.parameters, examples.length));
  if (!session.ok) return failed(session.message, session.hint);
  const evaluator = await openEvaluator(session.session, run.manifest, source);
  const parameters = feedsOf(found.weights.parameters);
  const answers = await answersOf({ evaluator, parameters, spec: run.spec, source }, examples);
  return { ok: true, part, examples: examples.length, answers };
}
