/** The playground of sequences: predictions for a sequence, or for each of its steps. */
import { metadataOf, type SequencesMetadata } from "../../runtime/data/metadata.js";
import type { Tokenization } from "../../runtime/data/vocabulary/normalize-text.js";
import { type TextUnit, tokenize, unitNames, unknownUnitsNotices } from "../../runtime/data/vocabulary/tokens.js";
import { describeValues, type Scores, topClasses } from "../../runtime/predict/format-predictions.js";
import { batchProblems } from "../../runtime/predict/inputs.js";
import type { PageOutput, SampleSequence } from "../../runtime/web/page-manifest.js";
import { bars, element, exampleList, field, message, outputView, percent, runLatest } from "../dom.js";
import { readSequence, sequenceBatch } from "../examples/sequences.js";
import type { Model } from "../load-model.js";
import { predict } from "../predict.js";

/** Maximum number of classes in the result. */
const maxClasses = 12;

export function sequencesPanel(model: Model, metadata: SequencesMetadata): HTMLElement {
  const { page } = model;
  const isText = metadata.vocabulary !== undefined;
  const samples = page.samples?.type === "sequences" ? page.samples.examples : [];
  const formatSteps = ({ steps }: SampleSequence) => (typeof steps === "string" ? steps : JSON.stringify(steps));
  const input = element("textarea", { rows: 3, spellcheck: "false" });
  const [first] = samples;
  input.value = first === undefined ? "" : formatSteps(first);
  const result = element("div", { class: "result" });
  const errorMessage = message();
  const classify = runLatest(async () => {
    errorMessage.show("");
    const read = readSequence(input.value, metadata, page);
    if (!read.ok) {
      if (input.value.trim() !== "") errorMessage.show(read.error[0]?.message ?? "");
      result.replaceChildren();
      return;
    }
    const batch = sequenceBatch([read.value], page);
    const [problem] = batchProblems(page.model, batch, () => "The sequence");
    if (problem !== undefined) {
      errorMessage.show(problem.message);
      result.replaceChildren();
      return;
    }
    const predictions = await predict(model, batch);
    const names = isText ? tokenize(input.value, metadata) : null;
    result.replaceChildren(
      ...predictions.flatMap(({ output, scores }) => {
        const own = metadataOf(metadata, output.loss.target);
        return outputView(output, ...scores.map((row) => renderPrediction(output, own, row, names)));
      }),
      ...unknownTokensNotices(input.value, metadata).map((text) => element("p", { class: "note" }, text)),
    );
  });
  const update = () => {
    try {
      classify();
    } catch (error) {
      errorMessage.show(String(error));
    }
  };
  input.addEventListener("input", update);
  update();
  const title = isText ? (metadata.unit === "char" ? "Characters" : "Text") : "Vectors as JSON, one per step";
  return element(
    "section",
    { class: "card" },
    field(title, input),
    errorMessage.view,
    result,
    exampleList(
      "Samples",
      samples.slice(0, 6),
      (example) => shortened(formatSteps(example)),
      (example) => {
        input.value = formatSteps(example);
        update();
      },
    ),
  );
}

function renderPrediction(
  { uses }: PageOutput,
  { classes }: SequencesMetadata,
  scores: Scores,
  names: readonly string[] | null,
): HTMLElement {
  const perStep = scores.shape.length > 1;
  if (uses.targets !== "classes") return element("pre", {}, JSON.stringify(describeValues(scores), undefined, 1));
  if (!perStep) {
    const shares = Array.from(scores.data, (share, id) => ({ name: `${classes?.[id] ?? id}`, share }));
    return bars(shares.sort((a, b) => b.share - a.share).slice(0, maxClasses));
  }
  const steps = topClasses(scores, classes ?? null).map(({ name, probability }, step) =>
    element(
      "li",
      { title: `probability ${percent(probability)}` },
      element("span", {}, names?.[step] ?? `${step + 1}`),
      element("b", {}, `${name}`),
    ),
  );
  return element("ol", { class: "tags" }, ...steps);
}

/** A notice of the tokens of a text that the vocabulary does not contain; none for inputs without a vocabulary. */
export function unknownTokensNotices(
  text: string,
  metadata: Tokenization<TextUnit> & { readonly vocabulary?: readonly string[] | null },
): readonly string[] {
  const { vocabulary, unit } = metadata;
  if (vocabulary === undefined || vocabulary === null) return [];
  const known = new Set(vocabulary);
  const unknown = tokenize(text, metadata).filter((token) => !known.has(token));
  return unknownUnitsNotices(unknown, unitNames[unit]);
}

export function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
