/** The playground of a model, by the type of its data. */
import type { Model } from "../load-model.js";
import { arraysPanel } from "./arrays.js";
import { audioPanel } from "./audio.js";
import { imagesPanel } from "./images.js";
import { pairsPanel } from "./pairs.js";
import { sequencesPanel } from "./sequences.js";
import { seriesPanel } from "./series.js";
import { tablePanel } from "./table.js";
import { tableFormPanel } from "./table-form.js";
import { textPanel } from "./text.js";

export function panelOf(model: Model): HTMLElement {
  const { metadata } = model.page;
  switch (metadata.type) {
    case "text":
      return textPanel(model, metadata);
    case "table":
      if (model.page.form !== null) return tableFormPanel(model, metadata, model.page.form);
      return model.page.series === null ? tablePanel(model, metadata) : seriesPanel(model, metadata, model.page.series);
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
