/** The playground of audio: a sound from a file or the microphone, and the predicted classes. */
import type { AudioMetadata } from "../../runtime/data/metadata.js";
import type { Scores } from "../../runtime/predict/format-predictions.js";
import { batchProblems } from "../../runtime/predict/inputs.js";
import { bars, element, exampleList, message, outputView, runLatest } from "../dom.js";
import { sampleSounds, soundBatch } from "../examples/audio.js";
import type { LabeledSound } from "../examples/training-set.js";
import type { Model } from "../load-model.js";
import { predict } from "../predict.js";
import { createSoundInput, paint } from "../sound-input.js";

/** Classes in the result, the likeliest first. */
const maxClasses = 12;

export function audioPanel(model: Model, { sample_rate, classes }: AudioMetadata): HTMLElement {
  const { page } = model;
  const samples = sampleSounds(page);
  const result = element("div", { class: "result" });
  const errorMessage = message();
  const classify = runLatest(async () => {
    const sound = input.samples();
    if (sound === undefined) return;
    errorMessage.show("");
    try {
      const batch = soundBatch([sound]);
      const [problem] = batchProblems(page.model, batch, () => "The sound");
      if (problem !== undefined) errorMessage.show(problem.message);
      const predictions = problem === undefined ? await predict(model, batch) : [];
      const rendered = predictions.flatMap(({ output, scores }) =>
        outputView(output, ...scores.map((own) => bars(likeliest(own, classes)))),
      );
      result.replaceChildren(...rendered);
    } catch (error) {
      errorMessage.show(String(error));
    }
  });
  const input = createSoundInput(sample_rate, classify);
  const [first] = samples;
  if (first !== undefined) input.set(first.samples);
  return element(
    "section",
    { class: "card" },
    element("h2", {}, "Record or choose a sound"),
    element("div", { class: "columns" }, input.view, result),
    errorMessage.view,
    exampleList(
      "Samples",
      samples.slice(0, 20),
      (sound) => soundThumbnail(sound, classes),
      (sound) => input.set(sound.samples),
    ),
  );
}

/** The likeliest classes, by their names. */
function likeliest({ data }: Scores, classes: AudioMetadata["classes"]) {
  const shares = Array.from(data, (share, id) => ({ name: `${classes?.[id] ?? id}`, share }));
  return shares.sort((a, b) => b.share - a.share).slice(0, maxClasses);
}

/** A small picture of a sound, with its class. */
export function soundThumbnail({ samples, label }: LabeledSound, classes: AudioMetadata["classes"]): HTMLElement {
  const canvas = element("canvas", { width: 64, height: 24 });
  paint(canvas, samples);
  return element("span", {}, canvas, ` ${classes?.[label] ?? label}`);
}
