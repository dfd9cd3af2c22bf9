/** Drawn images with their classes as a training set. */
import type { ImagesMetadata } from "../../runtime/data/metadata.js";
import { formatCount } from "../../runtime/format.js";
import { ok } from "../../runtime/result.js";
import type { PageManifest, SampleImage } from "../../runtime/web/page-manifest.js";
import { invalid } from "./parse-lines.js";
import type { TrainingSetResult } from "./training-set.js";

export function imagesTrainingSet(
  images: readonly SampleImage[],
  { rows, columns }: ImagesMetadata,
): TrainingSetResult {
  if (images.length === 0) return invalid("There are no images yet.", "Draw some and choose their classes.");
  const decoded = images.map((image) => ({ pixels: decodePixels(image), label: image.label }));
  return ok({
    examples: decoded.length,
    summary: formatCount(decoded.length, "image"),
    batch(indices) {
      const data = new Float32Array(indices.length * rows * columns);
      const labels = new Int32Array(indices.length);
      for (let row = 0; row < indices.length; row++) {
        const image = decoded[indices[row] ?? 0];
        if (image === undefined) continue;
        data.set(image.pixels, row * rows * columns);
        labels[row] = image.label;
      }
      return new Map([
        ["inputs", { dtype: "float32" as const, shape: [indices.length, rows, columns], data }],
        ["targets", { dtype: "int32" as const, shape: [indices.length], data: labels }],
      ]);
    },
  });
}

export function sampleImages({ samples }: PageManifest): readonly SampleImage[] {
  return samples?.type === "images" ? samples.images : [];
}

export function decodePixels({ pixels }: SampleImage): Float32Array {
  return Float32Array.from(atob(pixels), (character) => character.charCodeAt(0) / 255);
}
