/** A run with its weights and the examples of one split of its own data. */
import { openData } from "../data/index.js";
import type { DataSource } from "../data/source.js";
import { type Indices, preferredSplit, type Splits } from "../data/splits.js";
import { invalidInput, type RunFailure } from "../outcome.js";
import { ok, type Result } from "../result.js";
import { openRun, type Run, readRunWeights } from "../run/open.js";
import type { Tensors } from "../tensors/safetensors.js";

export interface RunExamples {
  readonly run: Run;
  readonly parameters: Tensors;
  readonly source: DataSource;
  readonly split: keyof Splits;
  /** All examples of the split. */
  readonly examples: Indices;
}

/** The test split, else the validation split, else the training split. */
export async function openRunExamples(folder: string): Promise<Result<RunExamples, RunFailure>> {
  const runResult = openRun(folder);
  if (!runResult.ok) return invalidInput(runResult.error);
  const run = runResult.value;
  const weightsResult = readRunWeights(run, "end");
  if (!weightsResult.ok) return invalidInput(weightsResult.error);
  const dataResult = await openData(run.spec, folder, run.metadata);
  if (!dataResult.ok) return invalidInput(dataResult.error);
  const source = dataResult.value;
  const split = preferredSplit(source.splits, "afterTraining");
  return ok({ run, parameters: weightsResult.value.parameters, source, split, examples: source.splits[split] });
}
