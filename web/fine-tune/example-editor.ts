/** The editor of training examples: a text field in the format of the data type, a canvas for images, or a recorder. */
import type { ImagesMetadata } from "../../runtime/data/metadata.js";
import type { PageManifest, SampleData, SampleImage } from "../../runtime/web/page-manifest.js";
import { button, element, field } from "../dom.js";
import { averageBoxSize, createDrawingCanvas, thumbnail } from "../drawing-canvas.js";
import { dataPorts } from "../examples/arrays.js";
import { decodePixels, sampleImages } from "../examples/images.js";
import { sequenceForm } from "../examples/sequences.js";
import type { Model } from "../load-model.js";
import type { ExampleEditor } from "./editor.js";
import { soundEditor } from "./sound-editor.js";

/** @param onChange called after each change of the examples. */
export function createExampleEditor(model: Model, onChange: () => void): ExampleEditor {
  const { metadata } = model.page;
  if (metadata.type === "audio") return soundEditor(model, metadata, onChange);
  return metadata.type === "images" ? imageEditor(model, metadata, onChange) : textEditor(model.page, onChange);
}

function textEditor(page: PageManifest, onChange: () => void): ExampleEditor {
  const { title, note, text } = textForm(page);
  const input = element("textarea", { rows: 10, spellcheck: "false" });
  input.value = text;
  input.addEventListener("input", onChange);
  const file = element("input", { type: "file", accept: ".txt,.csv,.tsv,.json,.jsonl,text/*" });
  file.addEventListener("change", async () => {
    const [selected] = file.files ?? [];
    if (selected === undefined) return;
    input.value = await selected.text();
    onChange();
  });
  const view = element(
    "div",
    {},
    field(title, input),
    element("p", { class: "note" }, note),
    field("Or load a file", file),
  );
  return { view, input: () => ({ type: "text", text: input.value }) };
}

interface TextForm {
  readonly title: string;
  readonly note: string;
  /** Initial text. */
  readonly text: string;
}

function textForm({ metadata, samples, uses, manifest }: PageManifest): TextForm {
  const sampleNote = samples === null ? "" : `These are ${sampleOrigin(samples)}; replace them with your own.`;
  switch (metadata.type) {
    case "text":
      return {
        title: "Your text",
        note: samples === null ? "Any text in the vocabulary of the model." : sampleNote,
        text: samples?.type === "text" ? samples.text : "",
      };
    case "sequences": {
      const lines =
        samples?.type === "sequences"
          ? samples.examples.map(
              ({ steps, target }) =>
                `${typeof steps === "string" ? steps : JSON.stringify(steps)} => ${[target].flat().join(" ")}`,
            )
          : [];
      const classNote = metadata.classes ? ` Classes: ${metadata.classes.join(", ")}.` : "";
      return {
        title: `Your sequences, one per line: ${sequenceForm(metadata, uses)}`,
        note: `${sampleNote}${classNote}`.trim(),
        text: lines.join("\n"),
      };
    }
    case "pairs": {
      const lines =
        samples?.type === "pairs"
          ? samples.pairs.map(
              ([source, target]) => `${typeof source === "string" ? source : source.join(", ")} => ${target}`,
            )
          : [];
      return { title: "Your pairs, one per line: source => target", note: sampleNote, text: lines.join("\n") };
    }
    case "table": {
      const rows = samples?.type === "table" ? samples.rows : [];
      const names =
        samples?.type === "table" ? samples.columns : [...new Set([...metadata.columns, ...metadata.target])];
      return {
        title: "Your rows, comma-separated, in chronological order",
        note: sampleNote,
        text: samples?.type === "series" ? samples.text : [names, ...rows].map((row) => row.join(",")).join("\n"),
      };
    }
    case "arrays": {
      const ports = dataPorts(manifest.train);
      const examples = samples?.type === "arrays" ? samples.examples : [];
      const lines = examples.map((example) =>
        JSON.stringify(Object.fromEntries(ports.map(({ name }) => [name, example[name]]))),
      );
      return {
        title: "Your examples, as a JSON list",
        note: sampleNote,
        text: `[\n${lines.map((line) => `  ${line}`).join(",\n")}\n]`,
      };
    }
    case "audio":
      throw new Error("Sounds are recorded.");
    case "images":
      throw new Error("Images are drawn.");
  }
}

/** The part of the run's data that the samples are from. */
function sampleOrigin(samples: SampleData): string {
  switch (samples.type) {
    case "text":
      return "the first characters of the run's text";
    case "table":
    case "series":
      return "the last rows of the run's table";
    case "form":
      return "rows of the run's table";
    case "images":
      return "images of the run's data";
    default:
      return `${samples.split === "train" ? "training" : samples.split} examples of the run`;
  }
}

function imageEditor(model: Model, { rows, columns }: ImagesMetadata, onChange: () => void): ExampleEditor {
  const dataSamples = sampleImages(model.page);
  const boxSize = averageBoxSize(dataSamples.map(decodePixels), rows, columns);
  const classes = Number(model.page.manifest.model.outputs.find(({ role }) => role === "prediction")?.shape.at(-1));
  let images: readonly SampleImage[] = [];
  const canvas = createDrawingCanvas(rows, columns, boxSize, () => undefined);
  const list = element("ul", { class: "images" });
  const show = () => {
    const items = images.map((image, index) => {
      const remove = button(
        "",
        () => {
          images = images.filter((_, otherIndex) => otherIndex !== index);
          show();
        },
        { title: "Remove", "aria-label": `Remove this ${image.label}` },
      );
      remove.append(thumbnail(decodePixels(image), rows, columns), element("span", {}, `${image.label}`));
      return element("li", {}, remove);
    });
    list.replaceChildren(...items);
    onChange();
  };
  const add = (label: number) => {
    const pixels = canvas.pixels();
    if (pixels.every((value) => value === 0)) return;
    const levels = Array.from(pixels, (value) => String.fromCharCode(Math.round(value * 255)));
    images = [...images, { pixels: btoa(levels.join("")), label }];
    canvas.clear();
    show();
  };
  const classButtons = Array.from({ length: classes }, (_, label) =>
    button(`${label}`, () => add(label), { class: "key", "aria-label": `Class ${label}` }),
  );
  const addSamplesButton = button("Add the samples", () => {
    images = [...images, ...dataSamples];
    show();
  });
  addSamplesButton.hidden = dataSamples.length === 0;
  const view = element(
    "div",
    {},
    element("h2", {}, "Draw, then choose the class"),
    element("div", { class: "columns" }, canvas.view, element("div", { class: "keys" }, ...classButtons)),
    element("div", { class: "actions" }, button("Clear", canvas.clear), addSamplesButton),
    list,
  );
  return { view, input: () => ({ type: "images", images }) };
}
