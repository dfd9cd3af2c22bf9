/** Images: draw one, and see which class it is to the model. */
import type { ImagesMetadata } from "../../runtime/data/metadata.js";
import type { Scores } from "../../runtime/predict/answers.js";
import { bars, button, element, examples, latest, message } from "../elements.js";
import { pixelsOf, samplesOf } from "../learn/images.js";
import type { Model } from "../model.js";
import { predict } from "../predict.js";
import { boxOf, drawingSheet, thumbnail } from "./drawing.js";

export function imagesPanel(model: Model, { rows, columns }: ImagesMetadata): HTMLElement {
  const pictures = samplesOf(model.page).map(pixelsOf);
  const result = element("div", { class: "result" });
  const trouble = message();
  const judge = latest(async () => {
    try {
      const data = sheet.pixels();
      const [scores] = await predict(
        model,
        new Map([["inputs", { dtype: "float32", shape: [1, rows, columns], data }]]),
      );
      if (scores !== undefined) result.replaceChildren(bars(sharesOf(scores)));
    } catch (error) {
      trouble.say(String(error));
    }
  });
  const sheet = drawingSheet(rows, columns, boxOf(pictures, rows, columns), judge);
  const [first] = pictures;
  if (first === undefined) judge();
  else sheet.put(first);
  return element(
    "section",
    { class: "card" },
    element("h2", {}, "Draw here"),
    element(
      "div",
      { class: "beside" },
      element("div", {}, sheet.view, element("div", { class: "actions" }, button("Clear", sheet.clear))),
      result,
    ),
    trouble.view,
    examples("Or take one of the data", pictures.slice(0, 20), (pixels) => thumbnail(pixels, rows, columns), sheet.put),
  );
}

function sharesOf({ data }: Scores) {
  return Array.from(data, (share, id) => ({ name: `${id}`, share }));
}
