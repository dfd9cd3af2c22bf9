/** A lesson: the user's own examples, as batches that the training graph reads. */
import type { Batch } from "../../runtime/data/source.js";
import type { Checked } from "../../runtime/problem.js";
import type { Page, SampleImage } from "../../runtime/web/page.js";
import { arraysLesson } from "./arrays.js";
import { imagesLesson } from "./images.js";
import { pairsLesson } from "./pairs.js";
import { sequencesLesson } from "./sequences.js";
import { tableLesson } from "./table.js";
import { textLesson } from "./text.js";

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

export function readLesson(material: Material, page: Page): ReadLesson {
  const { metadata } = page;
  if (material.type === "images") {
    if (metadata.type !== "images") throw new Error("The model reads no images.");
    return imagesLesson(material.images, metadata);
  }
  const { text } = material;
  switch (metadata.type) {
    case "text":
      return textLesson(text, metadata, page);
    case "table":
      return tableLesson(text, metadata, page);
    case "sequences":
      return sequencesLesson(text, metadata, page);
    case "pairs":
      return pairsLesson(text, metadata, page);
    case "arrays":
      return arraysLesson(text, page);
    case "images":
      throw new Error("Images are not text.");
  }
}
