/** The editor of sounds as training examples: each is recorded or chosen, and then its class. */
import type { AudioMetadata } from "../../runtime/data/metadata.js";
import { button, element } from "../dom.js";
import { sampleSounds } from "../examples/audio.js";
import type { LabeledSound } from "../examples/training-set.js";
import type { Model } from "../load-model.js";
import { soundThumbnail } from "../playground/audio.js";
import { createSoundInput } from "../sound-input.js";
import type { ExampleEditor } from "./editor.js";

export function soundEditor(
  { page }: Model,
  { sample_rate, classes: names }: AudioMetadata,
  onChange: () => void,
): ExampleEditor {
  const dataSamples = sampleSounds(page);
  const count = Number(page.manifest.model.outputs.find(({ role }) => role === "prediction")?.shape.at(-1));
  let sounds: readonly LabeledSound[] = [];
  const input = createSoundInput(sample_rate, () => undefined);
  const list = element("ul", { class: "images" });
  const show = () => {
    const items = sounds.map((sound) => {
      const remove = button(
        "",
        () => {
          sounds = sounds.filter((other) => other !== sound);
          show();
        },
        { title: "Remove", "aria-label": `Remove this ${names?.[sound.label] ?? sound.label}` },
      );
      remove.append(soundThumbnail(sound, names));
      return element("li", {}, remove);
    });
    list.replaceChildren(...items);
    onChange();
  };
  const classButtons = Array.from({ length: count }, (_, label) => {
    const name = `${names?.[label] ?? label}`;
    const add = () => {
      const samples = input.samples();
      if (samples === undefined) return;
      sounds = [...sounds, { samples, label }];
      show();
    };
    return button(name, add, { class: "key", "aria-label": `Class ${name}` });
  });
  const addSamplesButton = button("Add the samples", () => {
    sounds = [...sounds, ...dataSamples];
    show();
  });
  addSamplesButton.hidden = dataSamples.length === 0;
  const view = element(
    "div",
    {},
    element("h2", {}, "Record or choose a sound, then its class"),
    element("div", { class: "columns" }, input.view, element("div", { class: "keys" }, ...classButtons)),
    element("div", { class: "actions" }, addSamplesButton),
    list,
  );
  return { view, input: () => ({ type: "sounds", sounds }) };
}
