/** The playground of image data: a canvas, and the predicted classes. */
import type { ImagesMetadata } from "../../runtime/data/metadata.js";
import type { Scores } from "../../runtime/predict/format-predictions.js";
import { bars, button, element, exampleList, message, outputView, runLatest } from "../dom.js";
import { averageBoxSize, createDrawingCanvas, thumbnail } from "../drawing-canvas.js";
import { decodePixels, sampleImages } from "../examples/images.js";
import type { Model } from "../load-model.js";
import { predict } from "../predict.js";

export function imagesPanel(model: Model, { rows, columns }: ImagesMetadata): HTMLElement {
  const samples = sampleImages(model.page).map(decodePixels);
  const result = element("div", { class: "result" });
  const errorMessage = message();
  const classify = runLatest(async () => {
    try {
      const data = canvas.pixels();
      const predictions = await predict(
        model,
        new Map([["inputs", { dtype: "float32", shape: [1, rows, columns], data }]]),
      );
      const rendered = predictions.flatMap(({ output, scores }) =>
        outputView(output, ...scores.map((own) => bars(classProbabilities(own)))),
      );
      result.replaceChildren(...rendered);
    } catch (error) {
      errorMessage.show(String(error));
    }
  });
  const canvas = createDrawingCanvas(rows, columns, averageBoxSize(samples, rows, columns), classify);
  const [first] = samples;
  if (first === undefined) classify();
  else canvas.setPixels(first);
  return element(
    "section",
    { class: "card" },
    element("h2", {}, "Draw an image"),
    element(
      "div",
      { class: "columns" },
      element("div", {}, canvas.view, element("div", { class: "actions" }, button("Clear", canvas.clear))),
      result,
    ),
    errorMessage.view,
    exampleList("Samples", samples.slice(0, 20), (pixels) => thumbnail(pixels, rows, columns), canvas.setPixels),
  );
}

function classProbabilities({ data }: Scores) {
  return Array.from(data, (share, id) => ({ name: `${id}`, share }));
}
