/** Where the user's examples come from: a field of text in the form of the data's type, or pictures that are drawn. */
import type { ImagesMetadata } from "../../runtime/data/metadata.js";
import type { Page, SampleImage } from "../../runtime/web/page.js";
import { button, element, field } from "../elements.js";
import type { Model } from "../model.js";
import { boxOf, drawingSheet, thumbnail } from "../try/drawing.js";
import { inputsOf } from "./arrays.js";
import { pixelsOf, samplesOf } from "./images.js";
import type { Material } from "./lesson.js";

export interface Materials {
  readonly view: HTMLElement;
  material(): Material;
}

/** @param changed is called when what is given has changed. */
export function materialsOf(model: Model, changed: () => void): Materials {
  const { metadata } = model.page;
  return metadata.type === "images" ? drawings(model, metadata, changed) : writings(model.page, changed);
}

function writings(page: Page, changed: () => void): Materials {
  const { title, note, text } = formOf(page);
  const input = element("textarea", { rows: 10, spellcheck: "false" });
  input.value = text;
  input.addEventListener("input", changed);
  const file = element("input", { type: "file", accept: ".txt,.csv,.tsv,.json,.jsonl,text/*" });
  file.addEventListener("change", async () => {
    const [chosen] = file.files ?? [];
    if (chosen === undefined) return;
    input.value = await chosen.text();
    changed();
  });
  const view = element("div", {}, field(title, input), element("p", { class: "note" }, note), field("Or a file", file));
  return { view, material: () => ({ type: "text", text: input.value }) };
}

interface Form {
  readonly title: string;
  readonly note: string;
  /** Something to begin with. */
  readonly text: string;
}

function formOf({ metadata, samples, uses, manifest }: Page): Form {
  const begin = "What stands here is from the data; put your own in its place.";
  switch (metadata.type) {
    case "text":
      return {
        title: "Your text",
        note: samples === null ? "Any text in the model's own characters." : begin,
        text: samples?.type === "text" ? samples.text : "",
      };
    case "sequences": {
      const form = uses.everyStep ? "text => one tag for each step" : "text => label";
      const lines =
        samples?.type === "sequences"
          ? samples.examples.map(
              ({ steps, answer }) =>
                `${typeof steps === "string" ? steps : JSON.stringify(steps)} => ${[answer].flat().join(" ")}`,
            )
          : [];
      const known = metadata.classes ? ` The model knows ${metadata.classes.join(", ")}.` : "";
      return { title: `Your sequences, one a line: ${form}`, note: `${begin}${known}`, text: lines.join("\n") };
    }
    case "pairs": {
      const lines =
        samples?.type === "pairs"
          ? samples.pairs.map(
              ([source, target]) => `${typeof source === "string" ? source : source.join(", ")} => ${target}`,
            )
          : [];
      return { title: "Your pairs, one a line: source => target", note: begin, text: lines.join("\n") };
    }
    case "table": {
      const rows = samples?.type === "table" ? samples.rows : [];
      const names =
        samples?.type === "table" ? samples.columns : [...new Set([...metadata.columns, ...metadata.target])];
      return {
        title: "Your rows, comma-separated, in order of time",
        note: begin,
        text: [names, ...rows].map((row) => row.join(",")).join("\n"),
      };
    }
    case "arrays": {
      const ports = inputsOf(manifest.train);
      const all = samples?.type === "arrays" ? samples.examples : [];
      const lines = all.map((example) =>
        JSON.stringify(Object.fromEntries(ports.map(({ name }) => [name, example[name]]))),
      );
      return {
        title: "Your examples, a list in JSON",
        note: begin,
        text: `[\n${lines.map((line) => `  ${line}`).join(",\n")}\n]`,
      };
    }
    case "images":
      throw new Error("Images are drawn.");
  }
}

function drawings(model: Model, { rows, columns }: ImagesMetadata, changed: () => void): Materials {
  const given = samplesOf(model.page);
  const box = boxOf(given.map(pixelsOf), rows, columns);
  const classes = Number(model.page.manifest.model.outputs.find(({ role }) => role === "prediction")?.shape.at(-1));
  let images: readonly SampleImage[] = [];
  const sheet = drawingSheet(rows, columns, box, () => undefined);
  const list = element("ul", { class: "pictures" });
  const show = () => {
    const items = images.map((image, index) => {
      const remove = button(
        "",
        () => {
          images = images.filter((_, other) => other !== index);
          show();
        },
        { title: "Take it out", "aria-label": `Take out this ${image.label}` },
      );
      remove.append(thumbnail(pixelsOf(image), rows, columns), element("span", {}, `${image.label}`));
      return element("li", {}, remove);
    });
    list.replaceChildren(...items);
    changed();
  };
  const add = (label: number) => {
    const pixels = sheet.pixels();
    if (pixels.every((value) => value === 0)) return;
    const levels = Array.from(pixels, (value) => String.fromCharCode(Math.round(value * 255)));
    images = [...images, { pixels: btoa(levels.join("")), label }];
    sheet.clear();
    show();
  };
  const keys = Array.from({ length: classes }, (_, label) =>
    button(`${label}`, () => add(label), { class: "key", "aria-label": `It is a ${label}` }),
  );
  const samples = button("Add those of the data", () => {
    images = [...images, ...given];
    show();
  });
  samples.hidden = given.length === 0;
  const view = element(
    "div",
    {},
    element("h2", {}, "Draw, then say what it is"),
    element("div", { class: "beside" }, sheet.view, element("div", { class: "keys" }, ...keys)),
    element("div", { class: "actions" }, button("Clear", sheet.clear), samples),
    list,
  );
  return { view, material: () => ({ type: "images", images }) };
}
