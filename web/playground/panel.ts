/** The playground of a model, by the type of its data. */
import type { Model } from "../load-model.js";
import { arraysPanel } from "./arrays.js";
import { audioPanel } from "./audio.js";
import { imagesPanel } from "./images.js";
import { pairsPanel } from "./pairs.js";
import { sequencesPanel } from "./sequences.js";
import { tablePanel } from "./table.js";
import { tableFormPanel } from "./table-form.js";
import { textPanel } from "./text.js";

export function panelOf(model: Model): HTMLElement {
  const { metadata } = model.page;
  switch (metadata.type) {
    case "text":
      return textPanel(model, metadata);
    case "table":
      return model.page.form === null ? tablePanel(model, metadata) : tableFormPanel(model, metadata, model.page.form);
    case "sequences":
      return sequencesPanel(model, metadata);
    case "pairs":
      return pairsPanel(model, metadata);
    case "images":
      return imagesPanel(model, metadata);
    case "audio":
      return audioPanel(model, metadata);
    case "arrays":
      return arraysPanel(model);
  }
}
