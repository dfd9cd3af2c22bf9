/** A lesson: the user's own examples, as batches that the training graph reads. */
import type { Batch } from "../../runtime/data/source.js";
import type { Result } from "../../runtime/result.js";
import type { SampleImage } from "../../runtime/web/page-manifest.js";

/** What the user gives: text in the form of the data's type, or pictures that were drawn. */
export type ExampleInput =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "images"; readonly images: readonly SampleImage[] };

export interface TrainingSet {
  readonly examples: number;
  batch(indices: ArrayLike<number>): Batch;
  /** How much it is, in words. */
  readonly summary: string;
}

export type TrainingSetResult = Result<TrainingSet>;
