/** The playground of text: a prompt, and the generated text. */

import type { TextMetadata } from "../../runtime/data/metadata.js";
import { formatInteger } from "../../runtime/format.js";
import { createTokenGenerator, generationProblem } from "../../runtime/generation/autoregressive.js";
import { createDetokenizer, encodePrompt, splitPrompt } from "../../runtime/generation/tokenizer.js";
import { predictionPort } from "../../runtime/sessions/ports.js";
import { feedsOf } from "../../runtime/tensors/ort.js";
import { randomStream } from "../../runtime/tensors/random.js";
import { mostSteps } from "../../schema/kinds/layers.js";
import { outputActivationOf } from "../../schema/kinds/outputs.js";
import { bars, button, element, field, integerField, message, outputView, runLatest, slider } from "../dom.js";
import type { Model } from "../load-model.js";
import { predict } from "../predict.js";

/** Interval between screen updates during generation, in milliseconds. */
const yieldInterval = 24;

export function textPanel(model: Model, metadata: TextMetadata): HTMLElement {
  return model.page.manifest.stream === null ? readingPanel(model, metadata) : writingPanel(model, metadata);
}

function writingPanel(model: Model, metadata: TextMetadata): HTMLElement {
  const { page } = model;
  const { unit, unknown } = metadata;
  const units = { char: "characters", word: "words", byte: "bytes", bpe: "tokens" }[unit];
  const prompt = element("textarea", {
    rows: 2,
    spellcheck: "false",
    placeholder: "Empty: starts with the first token of the training text.",
  });
  prompt.value = firstPrompt(model, unit);
  const temperature = slider("Temperature", { minimum: 0, maximum: 2, step: 0.05, value: 0.8 }, (value) =>
    value === 0 ? "0 (greedy)" : value.toFixed(2),
  );
  // Half of a limited number of steps is left for the prompt.
  const usualLength = Math.min(unit === "word" || unit === "bpe" ? 60 : 300, Math.ceil(mostSteps(page.model) / 2));
  const length = integerField(`Length in ${units}`, 1, 100_000, usualLength);
  // Each output continues the text by itself.
  const outputSelect = element("select", {}, ...page.outputs.map(({ name }) => element("option", {}, name ?? "")));
  const seed = integerField("Seed", 0, 2 ** 32 - 1, page.seed);
  const errorMessage = message();
  const promptText = element("span", { class: "prompt" });
  const generatedText = element("span", {});
  const paper = element("output", { class: "output", "aria-live": "off" }, promptText, generatedText);
  const status = element("p", { class: "note" });
  let currentRun = 0;

  const generateText = async () => {
    currentRun += 1;
    const ownRun = currentRun;
    errorMessage.show("");
    const encoded = encodePrompt(prompt.value, metadata, "");
    const problem = encoded.ok ? generationProblem(page.model, encoded.value, length.value()) : encoded.error[0];
    if (!encoded.ok || problem !== undefined) {
      errorMessage.show(`${problem?.message ?? ""} ${problem?.hint ?? ""}`);
      return;
    }
    if (page.manifest.stream === null) return;
    const { promptIds: start, remainingLength: rest } = splitPrompt(encoded.value, length.value());
    const detokenizer = createDetokenizer(metadata);
    promptText.textContent = start.map(detokenizer.add).join("");
    generatedText.textContent = "";
    stopButton.hidden = false;
    const session = await model.session("stream");
    const bannedIds = unknown === undefined ? [] : [unknown];
    const output = page.outputs.find(({ name }) => name === outputSelect.value) ?? page.outputs[0];
    const generator = createTokenGenerator(
      session,
      page.manifest.stream,
      outputActivationOf(output.model),
      bannedIds,
      predictionPort(page.manifest.stream, output.port),
    );
    const sampling = { temperature: temperature.value(), topK: null, topP: null };
    const random = randomStream(seed.value(), "generate");
    const startedAt = performance.now();
    let lastYield = startedAt;
    let count = 0;
    let pending = "";
    for await (const id of generator.generate({
      prompt: start,
      length: rest,
      sampling,
      random,
      parameters: feedsOf(model.parameters),
    })) {
      if (ownRun !== currentRun) return;
      pending += detokenizer.add(id);
      count += 1;
      if (performance.now() - lastYield < yieldInterval) continue;
      generatedText.append(pending);
      pending = "";
      await new Promise((resume) => setTimeout(resume));
      lastYield = performance.now();
    }
    generatedText.append(pending + detokenizer.end());
    const seconds = (performance.now() - startedAt) / 1000;
    status.textContent = `${formatInteger(count)} ${units} in ${seconds.toFixed(1)} s. The same seed gives the same text.`;
    stopButton.hidden = true;
  };
  const start = () => {
    generateText().catch((error: unknown) => errorMessage.show(String(error)));
  };
  const stopButton = button("Stop", () => {
    currentRun += 1;
    stopButton.hidden = true;
  });
  stopButton.hidden = true;
  const anotherButton = button("New seed", () => {
    seed.input.value = `${Math.floor(Math.random() * 1e6)}`;
    start();
  });
  prompt.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) start();
  });
  start();
  return element(
    "section",
    { class: "card" },
    field("Prompt", prompt),
    element(
      "div",
      { class: "controls" },
      temperature.field,
      length.field,
      seed.field,
      ...(page.outputs.length > 1 ? [field("Output", outputSelect)] : []),
    ),
    element("div", { class: "actions" }, button("Generate", start, { class: "primary" }), anotherButton, stopButton),
    errorMessage.view,
    paper,
    status,
  );
}

/** The initial prompt: the first words of the training text. */
function firstPrompt({ page: { samples } }: Model, unit: TextMetadata["unit"]): string {
  if (samples?.type !== "text") return "";
  const words = samples.text.trimStart().split(/(?<=\s)/u);
  if (unit === "word") return words.slice(0, 3).join("").trim();
  const [line = ""] = samples.text.trimStart().split("\n");
  return line.length <= 24 ? line : (words[0] ?? "").trim().slice(0, 24);
}

/** The panel of a model that reads whole texts only: the probabilities of the next token. */
function readingPanel(model: Model, metadata: TextMetadata): HTMLElement {
  const { vocabulary } = metadata;
  const text = element("textarea", { rows: 3, spellcheck: "false" });
  text.value = firstPrompt(model, metadata.unit);
  const errorMessage = message();
  const result = element("div", { class: "result" });
  const update = runLatest(async () => {
    const encoded = encodePrompt(text.value, metadata, "");
    errorMessage.show(encoded.ok ? "" : (encoded.error[0]?.message ?? ""));
    if (!encoded.ok || encoded.value.length === 0) return;
    const ids = encoded.value;
    const predictions = await predict(
      model,
      new Map([["inputs", { dtype: "int32", shape: [1, ids.length], data: Int32Array.from(ids) }]]),
    );
    const rendered = predictions.flatMap(({ output, scores: [scores] }) => {
      const last = Array.from(scores?.data.slice(-vocabulary.length) ?? [], (share, id) => ({
        name: JSON.stringify(vocabulary[id] ?? ""),
        share,
      }));
      return outputView(output, bars(last.sort((a, b) => b.share - a.share).slice(0, 10)));
    });
    result.replaceChildren(...rendered);
  });
  text.addEventListener("input", update);
  update();
  return element(
    "section",
    { class: "card" },
    field("Text", text),
    errorMessage.view,
    element("h2", {}, "Next token"),
    result,
  );
}
