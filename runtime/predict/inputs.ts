/** What a model is to say something of: examples read from a file, without answers, and words for what it says. */
import type { Batch, NumericArray, Uses } from "../data/source.js";
import type { Checked } from "../problem.js";
import type { Run } from "../run.js";
import type { Prediction, Scores } from "./answers.js";

export interface PredictionInputs {
  /** Steps of each example. */
  readonly lengths: ArrayLike<number>;
  /** Whether a batch says how long its examples are; examples of different lengths do not share one that does not. */
  readonly padded: boolean;
  /** By the names of the model's inputs. */
  batch(examples: readonly number[]): Batch;
  /** The model's numbers as a user means them: not scaled, or probabilities. */
  finish(scores: Scores): Scores;
  /** Which example it is, and what the model says of it. */
  describe(example: number, finished: Scores): Prediction;
}

export interface InputsOpening {
  readonly run: Run;
  /** As the user named it, and where that is. */
  readonly file: string;
  readonly folder: string;
  readonly uses: Uses;
  /** Prefixes that a search over the labels of ctc keeps; 1 for the likeliest output at every step. */
  readonly beam: number;
}

export type OpenInputs = (opening: InputsOpening) => Promise<Checked<{ readonly inputs: PredictionInputs }>>;

/** Examples in batches of at most `size`, each of one length where lengths are not fed; in order of length. */
export function batchesOf({ lengths, padded }: PredictionInputs, size: number): readonly (readonly number[])[] {
  const order = Array.from(lengths, (_, example) => example).sort(
    (a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b,
  );
  const batches: number[][] = [];
  for (const example of order) {
    const last = batches.at(-1);
    const fits = last !== undefined && last.length < size && (padded || lengths[last[0] ?? 0] === lengths[example]);
    if (fits) last.push(example);
    else batches.push([example]);
  }
  return batches;
}

/** Rows of one width as one array. */
export function floats(rows: number, shape: readonly number[], data: Float32Array): NumericArray {
  return { dtype: "float32", shape: [rows, ...shape], data };
}
