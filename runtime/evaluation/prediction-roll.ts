/** Targets and predictions of one sequence whose steps are several numbers from 0 to 1, such as the notes of music. */
import { outputActivationOf, targetPort } from "../../schema/kinds/outputs.js";
import { type Metadata, metadataOf } from "../data/metadata.js";
import { usesOf } from "../data/source.js";
import type { NumericArray } from "../tensors/array.js";
import { sigmoid } from "../tensors/scores.js";
import type { PredictionContext } from "./prediction-summary.js";

export interface PredictionRoll {
  readonly example: number;
  /** The columns of the target. */
  readonly columns: readonly string[];
  /** The number of valid steps; the first of them are shown. */
  readonly steps: number;
  /** For each step the columns. */
  readonly target: readonly (readonly number[])[];
  readonly predicted: readonly (readonly number[])[];
}

/** Steps that are shown, and the largest number of columns of a roll. */
const MAX_STEPS = 80;
const MAX_COLUMNS = 128;

/** Undefined for an output that is not several probabilities at each step. */
export async function predictionRoll(
  { evaluator, parameters, spec, source, output: modelOutput }: PredictionContext,
  example: number,
): Promise<PredictionRoll | undefined> {
  const { port, loss } = modelOutput;
  const { outputs: kind, everyStep } = usesOf(spec, modelOutput);
  if (kind !== "probabilities" || !everyStep) return undefined;
  const endsInLogits = outputActivationOf(modelOutput.model) === "logits";
  for await (const { batch, output } of evaluator.outputs(parameters, Uint32Array.of(example), 1, port)) {
    const arrays = source.batch(batch);
    const targets = arrays.get(targetPort(loss.target));
    const [, padded = 0, width = 0] = output.shape;
    if (targets === undefined || output.shape.length !== 3 || width < 2 || width > MAX_COLUMNS) return undefined;
    const steps = Number((arrays.get("target_lengths") ?? arrays.get("lengths"))?.data[0] ?? padded);
    const rows = ({ data }: NumericArray) =>
      Array.from({ length: Math.min(steps, MAX_STEPS) }, (_, step) =>
        Array.from<number | bigint, number>(data.slice(step * width, (step + 1) * width), Number),
      );
    return {
      example,
      columns: columnNames(metadataOf(source.metadata, loss.target), width),
      steps,
      target: rows(targets),
      predicted: endsInLogits ? rows(output).map((row) => row.map(sigmoid)) : rows(output),
    };
  }
  return undefined;
}

function columnNames(metadata: Metadata, width: number): readonly string[] {
  if (metadata.type === "table" && metadata.target.length === width) return metadata.target;
  return Array.from({ length: width }, (_, column) => `${column}`);
}
