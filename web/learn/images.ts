/** Pictures that were drawn, each with its class, as a lesson. */
import type { ImagesMetadata } from "../../runtime/data/metadata.js";
import type { Page, SampleImage } from "../../runtime/web/page.js";
import type { ReadLesson } from "./lesson.js";
import { counted, refused } from "./problem.js";

export function imagesLesson(images: readonly SampleImage[], { rows, columns }: ImagesMetadata): ReadLesson {
  if (images.length === 0) return refused("There are no pictures yet.", "Draw some, and say what each is.");
  const all = images.map((image) => ({ pixels: pixelsOf(image), label: image.label }));
  return {
    ok: true,
    lesson: {
      examples: all.length,
      about: counted(all.length, "picture"),
      batch(indices) {
        const data = new Float32Array(indices.length * rows * columns);
        const labels = new Int32Array(indices.length);
        for (let row = 0; row < indices.length; row++) {
          const image = all[indices[row] ?? 0];
          if (image === undefined) continue;
          data.set(image.pixels, row * rows * columns);
          labels[row] = image.label;
        }
        return new Map([
          ["inputs", { dtype: "float32" as const, shape: [indices.length, rows, columns], data }],
          ["targets", { dtype: "int32" as const, shape: [indices.length], data: labels }],
        ]);
      },
    },
  };
}

export function samplesOf({ samples }: Page): readonly SampleImage[] {
  return samples?.type === "images" ? samples.images : [];
}

export function pixelsOf({ pixels }: SampleImage): Float32Array {
  return Float32Array.from(atob(pixels), (character) => character.charCodeAt(0) / 255);
}
