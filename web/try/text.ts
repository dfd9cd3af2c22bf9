/** Text: a prompt, and what the model writes after it, unit by unit. */
import type { TextMetadata } from "../../runtime/data/metadata.js";
import { encodePrompt, opening, openSpeller } from "../../runtime/prompt.js";
import { stream } from "../../runtime/random.js";
import { scoresOf } from "../../runtime/sampling.js";
import { feedsOf } from "../../runtime/tensors.js";
import { openWriter } from "../../runtime/writer.js";
import { bars, button, element, field, latest, message, slider, wholeNumber } from "../elements.js";
import type { Model } from "../model.js";
import { predict } from "../predict.js";

/** Time that writing may take of the page before it is drawn again, in milliseconds. */
const patience = 24;

export function textPanel(model: Model, metadata: TextMetadata): HTMLElement {
  return model.page.manifest.stream === null ? readingPanel(model, metadata) : writingPanel(model, metadata);
}

function writingPanel(model: Model, metadata: TextMetadata): HTMLElement {
  const { page } = model;
  const { unit, unknown } = metadata;
  const units = { char: "characters", word: "words", byte: "bytes" }[unit];
  const prompt = element("textarea", {
    rows: 2,
    spellcheck: "false",
    placeholder: "Without a prompt the model begins as its training text does.",
  });
  prompt.value = firstPrompt(model, unit);
  const temperature = slider("Temperature", { minimum: 0, maximum: 2, step: 0.05, value: 0.8 }, (value) =>
    value === 0 ? "0, always the likeliest" : value.toFixed(2),
  );
  const length = wholeNumber(`Length in ${units}`, 1, 100_000, unit === "word" ? 60 : 300);
  const seed = wholeNumber("Seed", 0, 2 ** 32 - 1, page.seed);
  const trouble = message();
  const given = element("span", { class: "given" });
  const written = element("span", {});
  const paper = element("output", { class: "paper", "aria-live": "off" }, given, written);
  const note = element("p", { class: "note" });
  let turn = 0;

  const write = async () => {
    turn += 1;
    const own = turn;
    trouble.say("");
    const encoded = encodePrompt(prompt.value, metadata, "");
    if (!encoded.ok) {
      const [problem] = encoded.problems;
      trouble.say(`${problem?.message ?? ""} ${problem?.hint ?? ""}`);
      return;
    }
    if (page.manifest.stream === null) return;
    const { start, rest } = opening(encoded.ids, length.value());
    const speller = openSpeller(metadata);
    given.textContent = start.map(speller.add).join("");
    written.textContent = "";
    stop.hidden = false;
    const session = await model.session("stream");
    const never = unknown === undefined ? [] : [unknown];
    const writer = await openWriter(session, page.manifest.stream, scoresOf(page.model), never);
    const sampling = { temperature: temperature.value(), topK: null, topP: null };
    const random = stream(seed.value(), "generate");
    const began = performance.now();
    let drawn = began;
    let count = 0;
    let pending = "";
    for await (const id of writer.write({
      prompt: start,
      length: rest,
      sampling,
      random,
      parameters: feedsOf(model.parameters),
    })) {
      if (own !== turn) return;
      pending += speller.add(id);
      count += 1;
      if (performance.now() - drawn < patience) continue;
      written.append(pending);
      pending = "";
      await new Promise((resume) => setTimeout(resume));
      drawn = performance.now();
    }
    written.append(pending + speller.end());
    const seconds = (performance.now() - began) / 1000;
    note.textContent = `${count.toLocaleString("en")} ${units} in ${seconds.toFixed(1)} s. The same seed writes the same text.`;
    stop.hidden = true;
  };
  const start = () => {
    write().catch((error: unknown) => trouble.say(String(error)));
  };
  const stop = button("Stop", () => {
    turn += 1;
    stop.hidden = true;
  });
  stop.hidden = true;
  const another = button("Another", () => {
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
    element("div", { class: "controls" }, temperature.field, length.field, seed.field),
    element("div", { class: "actions" }, button("Write", start, { class: "primary" }), another, stop),
    trouble.view,
    paper,
    note,
  );
}

/** The first words of the data, so that there is something to go on from. */
function firstPrompt({ page: { samples } }: Model, unit: TextMetadata["unit"]): string {
  if (samples?.type !== "text") return "";
  const words = samples.text.trimStart().split(/(?<=\s)/u);
  if (unit === "word") return words.slice(0, 3).join("").trim();
  const [line = ""] = samples.text.trimStart().split("\n");
  return line.length <= 24 ? line : (words[0] ?? "").trim().slice(0, 24);
}

/** A model that reads the whole text at once: what it expects after each unit. */
function readingPanel(model: Model, metadata: TextMetadata): HTMLElement {
  const { vocabulary } = metadata;
  const text = element("textarea", { rows: 3, spellcheck: "false" });
  text.value = firstPrompt(model, metadata.unit);
  const trouble = message();
  const result = element("div", { class: "result" });
  const read = latest(async () => {
    const encoded = encodePrompt(text.value, metadata, "");
    trouble.say(encoded.ok ? "" : (encoded.problems[0]?.message ?? ""));
    if (!encoded.ok || encoded.ids.length === 0) return;
    const { ids } = encoded;
    const [scores] = await predict(
      model,
      new Map([["inputs", { dtype: "int32", shape: [1, ids.length], data: Int32Array.from(ids) }]]),
    );
    if (scores === undefined) return;
    const last = Array.from(scores.data.slice(-vocabulary.length), (share, id) => ({
      name: JSON.stringify(vocabulary[id] ?? ""),
      share,
    }));
    result.replaceChildren(bars(last.sort((a, b) => b.share - a.share).slice(0, 10)));
  });
  text.addEventListener("input", read);
  read();
  return element(
    "section",
    { class: "card" },
    field("Text", text),
    trouble.view,
    element("h2", {}, "What comes next"),
    result,
  );
}
