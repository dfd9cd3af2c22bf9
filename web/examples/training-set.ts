/** A training set: the examples of the user, as batches of the training graph. */
import type { Batch } from "../../runtime/data/source.js";
import type { Result } from "../../runtime/result.js";
import type { SampleImage } from "../../runtime/web/page-manifest.js";

export interface LabeledSound {
  /** From -1 to 1. */
  readonly samples: Float32Array;
  /** The id of the class. */
  readonly label: number;
}

/** The input of the user: text in the format of the data type, drawn images, or sounds. */
export type ExampleInput =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "images"; readonly images: readonly SampleImage[] }
  | { readonly type: "sounds"; readonly sounds: readonly LabeledSound[] };

export interface TrainingSet {
  readonly examples: number;
  batch(indices: ArrayLike<number>): Batch;
  /** Size of the training set as text. */
  readonly summary: string;
}

export type TrainingSetResult = Result<TrainingSet>;
