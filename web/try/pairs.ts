/** Pairs: a source, and the sequence that the model writes for it. */
import type { PairsMetadata } from "../../runtime/data/metadata.js";
import { END, joinTokens, START } from "../../runtime/data/tokens.js";
import { decodeSequences } from "../../runtime/decode.js";
import { scoresOf } from "../../runtime/sampling.js";
import { element, examples, field, latest, message, slider } from "../elements.js";
import { readSource, sourceBatch } from "../learn/pairs.js";
import type { Model } from "../model.js";
import { shortened } from "./sequences.js";

export function pairsPanel(model: Model, metadata: PairsMetadata): HTMLElement {
  const { page } = model;
  const all = page.samples?.type === "pairs" ? page.samples.pairs : [];
  const write = ([source]: (typeof all)[number]) => (typeof source === "string" ? source : source.join(", "));
  const input = element("textarea", { rows: 2, spellcheck: "false" });
  const [first] = all;
  input.value = first === undefined ? "" : write(first);
  const beams = slider("Beam", { minimum: 1, maximum: 8, step: 1, value: 1 }, (value) =>
    value === 1 ? "1, greedy" : `${value}`,
  );
  const output = element("output", { class: "paper" });
  const trouble = message();
  const translate = latest(async () => {
    trouble.say("");
    const read = readSource(input.value, metadata, page);
    if (!read.ok) {
      output.textContent = "";
      if (input.value.trim() !== "") trouble.say(read.problems[0]?.message ?? "");
      return;
    }
    const session = await model.session("model");
    const [ids = []] = await decodeSequences(session, page.manifest, sourceBatch([read.source], metadata), {
      start: START,
      end: END,
      longest: metadata.longest_target,
      beams: beams.value(),
      probabilities: scoresOf(page.model) === "softmax",
    });
    output.textContent = joinTokens(
      ids.map((id) => metadata.target_vocabulary[id] ?? ""),
      metadata.unit,
    );
  });
  const look = () => translate();
  input.addEventListener("input", look);
  beams.field.addEventListener("change", look);
  look();
  return element(
    "section",
    { class: "card" },
    field(metadata.vocabulary === null ? "Source, a list of numbers" : "Source", input),
    element("div", { class: "controls" }, beams.field),
    trouble.view,
    element("h2", {}, "The model writes"),
    output,
    examples(
      "Or take one of the data",
      all.slice(0, 8),
      (pair) => shortened(write(pair)),
      (pair) => {
        input.value = write(pair);
        look();
      },
    ),
  );
}
