/** The playground of pairs: a source, and the sequence that the model generates. */

import type { PairsMetadata } from "../../runtime/data/metadata.js";
import { END, joinTokens, START } from "../../runtime/data/vocabulary/tokens.js";
import { formatCount } from "../../runtime/format.js";
import { beamSearch } from "../../runtime/generation/beam-search.js";
import { batchProblems } from "../../runtime/predict/inputs.js";
import { outputActivationOf } from "../../schema/kinds/outputs.js";
import { element, exampleList, field, message, runLatest, slider } from "../dom.js";
import { readSource, sourceBatch } from "../examples/pairs.js";
import type { Model } from "../load-model.js";
import { shortened, unknownTokensNotices } from "./sequences.js";

export function pairsPanel(model: Model, metadata: PairsMetadata): HTMLElement {
  const { page } = model;
  const samples = page.samples?.type === "pairs" ? page.samples.pairs : [];
  const formatSource = ([source]: (typeof samples)[number]) =>
    typeof source === "string" ? source : source.join(", ");
  const input = element("textarea", { rows: 2, spellcheck: "false" });
  const [first] = samples;
  input.value = first === undefined ? "" : formatSource(first);
  const beams = slider("Beam width", { minimum: 1, maximum: 8, step: 1, value: 1 }, (value) =>
    value === 1 ? "1 (greedy)" : `${value}`,
  );
  const output = element("output", { class: "output" });
  const note = element("p", { class: "note" });
  const errorMessage = message();
  const translate = runLatest(async () => {
    errorMessage.show("");
    const read = readSource(input.value, metadata, page);
    const batch = read.ok ? sourceBatch([read.value], metadata) : new Map();
    const [problem] = read.ok ? batchProblems(page.model, batch, () => "The source") : read.error;
    if (problem !== undefined) {
      output.textContent = "";
      note.textContent = "";
      if (input.value.trim() !== "") errorMessage.show(problem.message);
      return;
    }
    const session = await model.session("model");
    const [decoded] = await beamSearch(session, page.manifest, batch, {
      startId: START,
      endId: END,
      maxTokens: metadata.longest_target,
      beamWidth: beams.value(),
      outputsProbabilities: outputActivationOf(page.model) === "softmax",
    });
    const { ids = [], isComplete = false } = decoded ?? {};
    output.textContent = joinTokens(
      ids.map((id) => metadata.target_vocabulary[id] ?? ""),
      metadata,
    );
    const cut = `The output is cut at ${formatCount(metadata.longest_target, "token")}: it has no end token.`;
    note.textContent = [...unknownTokensNotices(input.value, metadata), ...(isComplete ? [] : [cut])].join(" ");
  });
  const update = () => translate();
  input.addEventListener("input", update);
  beams.field.addEventListener("change", update);
  update();
  return element(
    "section",
    { class: "card" },
    field(metadata.vocabulary === null ? "Source (list of numbers)" : "Source", input),
    element("div", { class: "controls" }, beams.field),
    errorMessage.view,
    element("h2", {}, "Output"),
    output,
    note,
    exampleList(
      "Samples",
      samples.slice(0, 8),
      (pair) => shortened(formatSource(pair)),
      (pair) => {
        input.value = formatSource(pair);
        update();
      },
    ),
  );
}
