/** Sequences that are shorter than the windows of the model's layers: they have no output. */
import { shortestInputs } from "../../schema/kinds/windows.js";
import type { NormalLayer, NormalSpec } from "../../schema/normal/index.js";
import { formatCount } from "../format.js";
import type { RunProblem } from "../problem.js";
import { readExamples } from "./batching/read-examples.js";
import { type Batch, type DataSource, inputArray, lengthsOfArray } from "./source.js";
import { examplesOf } from "./splits.js";

/** The first example of the splits that is too short for the model, for each of its inputs. */
export function checkShortSequences(
  { model, data }: Pick<NormalSpec, "model" | "data">,
  source: Pick<DataSource, "splits" | "batch" | "nameOf">,
): readonly RunProblem[] {
  if (shortestInputs(model).size === 0) return [];
  const path = "inputs" in data ? "/data/inputs" : "file" in data && data.file !== null ? "/data/file" : "/data";
  const problems = new Map<string, RunProblem>();
  const nameOf = source.nameOf ?? exampleName;
  for (const { examples, batch } of readExamples(source, examplesOf(source.splits)))
    for (const [name, problem] of shortBatchProblems(model, batch, (row) => nameOf(examples[row] ?? 0)))
      if (!problems.has(name)) problems.set(name, { ...problem, path });
  return [...problems.values()];
}

/**
 * The problem of the first row of a batch with fewer steps than the model needs, by input.
 *
 * @param nameOf a row in a message.
 */
export function shortBatchProblems(
  model: readonly NormalLayer[],
  batch: Batch,
  nameOf: (row: number) => string,
): ReadonlyMap<string, RunProblem> {
  const problems = new Map<string, RunProblem>();
  for (const [name, { steps: needed, layer }] of shortestInputs(model)) {
    const [rows = 0, time = 0] = inputArray(batch, name)?.shape ?? [];
    const lengths = lengthsOfArray(batch, name);
    const stepsOf = (row: number) => Number(lengths?.data[row] ?? time);
    const row = Array.from({ length: rows }, (_, index) => index).find((index) => stepsOf(index) < needed);
    if (row === undefined) continue;
    problems.set(name, {
      code: "short-sequence",
      path: "",
      message: `${nameOf(row)} has ${formatCount(stepsOf(row), "step")}, but the windows of ${layer.name} need ${needed}.`,
      hint: "Remove it, or make the windows shorter.",
    });
  }
  return problems;
}

/** An example without a name of its own in a message. */
export function exampleName(example: number): string {
  return `Example ${example} (examples count from 0)`;
}
