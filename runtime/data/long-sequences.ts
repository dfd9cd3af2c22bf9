/** Sequences with more steps than a model has positions. */
import { stepLimitsOf } from "../../schema/kinds/layers.js";
import type { NormalLayer, NormalSpec } from "../../schema/normal/index.js";
import { formatCount } from "../format.js";
import type { RunProblem } from "../problem.js";
import { readExamples } from "./batching/read-examples.js";
import { type Batch, type DataSource, inputArray } from "./source.js";
import { examplesOf } from "./splits.js";

/** The problem of more steps than positions; undefined where the model has as many, or no limit. */
export function longSequenceProblem(
  model: readonly NormalLayer[],
  stepsOf: (input: string) => number | undefined,
): RunProblem | undefined {
  const limits = stepLimitsOf(model).map((limit) => ({ ...limit, found: limit.stepsOf(stepsOf(limit.input) ?? 0) }));
  const exceeded = limits.find(({ steps, found }) => found > steps);
  if (exceeded === undefined) return undefined;
  const { layer, steps, found } = exceeded;
  return {
    code: "position-length",
    path: "",
    message: `${layer} has positions for ${formatCount(steps, "step")}, but a sequence has ${formatCount(found, "step")}.`,
    hint: `Shorten the sequences, or train with a "length" of ${layer} of at least ${found}, or with sinusoidal positions.`,
  };
}

/** The problem of a batch with too many steps. */
export function longBatchProblem(model: readonly NormalLayer[], batch: Batch): RunProblem | undefined {
  return longSequenceProblem(model, (input) => inputArray(batch, input)?.shape[1]);
}

/** The problem of a sequence of any split with too many steps. */
export function checkLongSequences(
  { model }: Pick<NormalSpec, "model">,
  source: Pick<DataSource, "splits" | "batch">,
): readonly RunProblem[] {
  const limits = stepLimitsOf(model);
  if (limits.length === 0) return [];
  const mostSteps = new Map<string, number>();
  for (const { batch } of readExamples(source, examplesOf(source.splits)))
    for (const { input } of limits)
      mostSteps.set(input, Math.max(mostSteps.get(input) ?? 0, inputArray(batch, input)?.shape[1] ?? 0));
  const problem = longSequenceProblem(model, (input) => mostSteps.get(input));
  return problem === undefined ? [] : [problem];
}
