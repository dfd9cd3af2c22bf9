/** The lesson in what a user gives, by the type of the model's data. */
import type { Page } from "../../runtime/web/page.js";
import { arraysLesson } from "./arrays.js";
import { imagesLesson } from "./images.js";
import type { Material, ReadLesson } from "./lesson.js";
import { pairsLesson } from "./pairs.js";
import { sequencesLesson } from "./sequences.js";
import { tableLesson } from "./table.js";
import { textLesson } from "./text.js";

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
