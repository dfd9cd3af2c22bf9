/** The interface of the readers: examples without targets, and the format of their predictions. */

import type { ModelOutput } from "../../schema/kinds/outputs.js";
import type { NormalLayer } from "../../schema/normal/index.js";
import { longBatchProblem } from "../data/long-sequences.js";
import { shortBatchProblems } from "../data/short-sequences.js";
import type { Batch, Uses } from "../data/source.js";
import type { RunProblem } from "../problem.js";
import type { Result } from "../result.js";
import type { Run } from "../run/open.js";
import type { NumericArray } from "../tensors/array.js";
import type { ForecastRequest } from "./forecast-members.js";
import type { Prediction, Scores } from "./format-predictions.js";
import type { SeriesInputs } from "./stateful.js";

export interface PredictionInputs {
  /** Number of time steps by example; 0 for an example without a prediction. */
  readonly lengths: ArrayLike<number>;
  /** True where batches have lengths. Otherwise all examples of a batch have the same length. */
  readonly hasLengths: boolean;
  readonly notices?: readonly string[];
  /** An example in a message; absent where it has a number alone. */
  readonly nameOf?: (example: number) => string;
  /** The series behind the examples, where example i is the window that starts at row i. */
  readonly series?: SeriesInputs;
  /** Arrays by the names of the model's inputs. */
  batch(examples: readonly number[]): Batch;
  /** The format of an output of the model. */
  formatOf(output: ModelOutput): OutputFormat;
  /** The window of `series` that an example is; absent where they are the same. */
  readonly windowOf?: (example: number) => number;
  /** A prediction with the identification of its example in the file, or one for each row that it is of. */
  identify(example: number, prediction: Prediction): Prediction | readonly Prediction[];
}

/** The values drawn for a target in a row of an example, one for each path, in the units of the model. */
export type SamplePaths = (port: string, example: number, row: number, target: number) => readonly number[];

/** The format of the predictions of one output. */
export interface OutputFormat {
  /** Converts outputs to the user's scale, or to probabilities. */
  postprocess(scores: Scores): Scores;
  /** The prediction of an example. @param paths values drawn for its rows, where predictions are fed back. */
  describe(example: number, scores: Scores, paths?: SamplePaths | null): Prediction;
}

export interface InputsOptions {
  readonly run: Run;
  /** The file, relative to `folder`. */
  readonly file: string;
  readonly folder: string;
  /** Of the inputs, and of the target of the first output. */
  readonly uses: Uses;
  /** Beam width of the CTC decoder; 1 is greedy. */
  readonly beam: number;
  /** The windows of a series to predict from; null: all for the forecast of one row, the last for several rows. */
  readonly windows?: "all" | "last" | null;
  /** By default that of the loss. */
  readonly forecast?: ForecastRequest | null;
}

export type OpenInputs = (options: InputsOptions) => Promise<Result<PredictionInputs>>;

/** The problems of a batch with fewer steps than the windows of the model need, or with more than it has positions. */
export function batchProblems(
  model: readonly NormalLayer[],
  batch: Batch,
  nameOf: (row: number) => string,
): readonly RunProblem[] {
  const tooLong = longBatchProblem(model, batch);
  return [...shortBatchProblems(model, batch, nameOf).values(), ...(tooLong === undefined ? [] : [tooLong])];
}

/**
 * Batches of at most `size` examples with time steps, in order of length; without lengths, each batch has examples of
 * one length.
 */
export function batchesOf({ lengths, hasLengths }: PredictionInputs, size: number): readonly (readonly number[])[] {
  const order = Array.from(lengths, (_, example) => example)
    .filter((example) => lengths[example] !== 0)
    .sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b);
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

/** Rows of one width as an array. */
export function floatArray(rows: number, shape: readonly number[], data: Float32Array): NumericArray {
  return { dtype: "float32", shape: [rows, ...shape], data };
}
