/** What a model is to say something of: examples read from a file, without answers, and words for what it says. */
import type { Batch, Uses } from "../data/source.js";
import type { Result } from "../result.js";
import type { Run } from "../run/open.js";
import type { NumericArray } from "../tensors/array.js";
import type { Prediction, Scores } from "./format-predictions.js";

export interface PredictionInputs {
  /** Steps of each example. */
  readonly lengths: ArrayLike<number>;
  /** Whether a batch says how long its examples are; examples of different lengths do not share one that does not. */
  readonly hasLengths: boolean;
  readonly notices?: readonly string[];
  /** By the names of the model's inputs. */
  batch(examples: readonly number[]): Batch;
  /** The model's numbers as a user means them: not scaled, or probabilities. */
  postprocess(scores: Scores): Scores;
  /** Which example it is, and what the model says of it. */
  describe(example: number, scores: Scores): Prediction;
}

export interface InputsOptions {
  readonly run: Run;
  /** As the user named it, and where that is. */
  readonly file: string;
  readonly folder: string;
  readonly uses: Uses;
  /** Prefixes that a search over the labels of ctc keeps; 1 for the likeliest output at every step. */
  readonly beam: number;
}

export type OpenInputs = (options: InputsOptions) => Promise<Result<PredictionInputs>>;

/** Examples in batches of at most `size`, each of one length where lengths are not fed; in order of length. */
export function batchesOf({ lengths, hasLengths }: PredictionInputs, size: number): readonly (readonly number[])[] {
  const order = Array.from(lengths, (_, example) => example).sort(
    (a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b,
  );
  const batches: number[][] = [];
  for (const example of order) {
    const last = batches.at(-1);
    const fitsLast =
      last !== undefined && last.length < size && (hasLengths || lengths[last[0] ?? 0] === lengths[example]);
    if (fitsLast) last.push(example);
    else batches.push([example]);
  }
  return batches;
}

/** Rows of one width as one array. */
export function floatArray(rows: number, shape: readonly number[], data: Float32Array): NumericArray {
  return { dtype: "float32", shape: [rows, ...shape], data };
}
