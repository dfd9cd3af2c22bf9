/** A lesson: the user's own examples, as batches that the training graph reads. */
import type { Batch } from "../../runtime/data/source.js";
import type { Checked } from "../../runtime/problem.js";
import type { SampleImage } from "../../runtime/web/page.js";

/** What the user gives: text in the form of the data's type, or pictures that were drawn. */
export type Material =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "images"; readonly images: readonly SampleImage[] };

export interface Lesson {
  readonly examples: number;
  batch(indices: ArrayLike<number>): Batch;
  /** How much it is, in words. */
  readonly about: string;
}

export type ReadLesson = Checked<{ readonly lesson: Lesson }>;
