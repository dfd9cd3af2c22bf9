/** Examples of the user as a training set, by the type of the data. */
import type { PageManifest } from "../../runtime/web/page-manifest.js";
import { arraysTrainingSet } from "./arrays.js";
import { audioTrainingSet } from "./audio.js";
import { imagesTrainingSet } from "./images.js";
import { pairsTrainingSet } from "./pairs.js";
import { sequencesTrainingSet } from "./sequences.js";
import { tableTrainingSet } from "./table.js";
import { textTrainingSet } from "./text.js";
import type { ExampleInput, TrainingSetResult } from "./training-set.js";

export function readTrainingSet(input: ExampleInput, page: PageManifest): TrainingSetResult {
  const { metadata } = page;
  if (input.type === "images") {
    if (metadata.type !== "images") throw new Error("The model does not read images.");
    return imagesTrainingSet(input.images, metadata);
  }
  if (input.type === "sounds") return audioTrainingSet(input.sounds);
  const { text } = input;
  switch (metadata.type) {
    case "text":
      return textTrainingSet(text, metadata, page);
    case "table":
      return tableTrainingSet(text, metadata, page);
    case "sequences":
      return sequencesTrainingSet(text, metadata, page);
    case "pairs":
      return pairsTrainingSet(text, metadata, page);
    case "arrays":
      return arraysTrainingSet(text, page);
    case "audio":
      throw new Error("Sounds are not text.");
    case "images":
      throw new Error("Images are not text.");
  }
}
