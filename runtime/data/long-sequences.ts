/** Sequences with more steps than a model has positions. */
import { stepLimitsOf } from "../../schema/kinds/layers.js";
import type { NormalLayer, NormalSpec } from "../../schema/normal/index.js";
import { formatCount } from "../format.js";
import type { RunProblem } from "../problem.js";
import type { Batch, DataSource } from "./source.js";

/** Examples that are read at a time. */
const CHUNK = 256;

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

/** The problem of a batch with too many steps. A name that no array has is the second name of `inputs`. */
export function longBatchProblem(model: readonly NormalLayer[], batch: Batch): RunProblem | undefined {
  return longSequenceProblem(model, (input) => (batch.get(input) ?? batch.get("inputs"))?.shape[1]);
}

/** The problem of a sequence of any split with too many steps. */
export function checkLongSequences(
  { model }: Pick<NormalSpec, "model">,
  source: Pick<DataSource, "splits" | "batch">,
): readonly RunProblem[] {
  if (stepLimitsOf(model).length === 0) return [];
  const { train, validation, test } = source.splits;
  const examples = Uint32Array.from([...train, ...validation, ...test]).sort();
  const mostSteps = new Map<string, number>();
  for (let start = 0; start < examples.length; start += CHUNK) {
    for (const [name, { shape }] of source.batch(examples.subarray(start, start + CHUNK)))
      mostSteps.set(name, Math.max(mostSteps.get(name) ?? 0, shape[1] ?? 0));
  }
  return [longSequenceProblem(model, (input) => mostSteps.get(input) ?? mostSteps.get("inputs")) ?? []].flat();
}
