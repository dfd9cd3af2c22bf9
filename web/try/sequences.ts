/** Sequences: what the model says of a text, or of each of its steps. */
import type { SequencesMetadata } from "../../runtime/data/metadata.js";
import { tokenize } from "../../runtime/data/tokens.js";
import { likeliest, quantities, type Scores } from "../../runtime/predict/answers.js";
import type { SampleSequence } from "../../runtime/web/page.js";
import { bars, element, examples, field, latest, message, percent } from "../elements.js";
import { readSequence, sequenceBatch } from "../learn/sequences.js";
import type { Model } from "../model.js";
import { predict } from "../predict.js";

/** Classes that are shown at most. */
const shown = 12;

export function sequencesPanel(model: Model, metadata: SequencesMetadata): HTMLElement {
  const { page } = model;
  const words = metadata.vocabulary !== undefined;
  const all = page.samples?.type === "sequences" ? page.samples.examples : [];
  const write = ({ steps }: SampleSequence) => (typeof steps === "string" ? steps : JSON.stringify(steps));
  const input = element("textarea", { rows: 3, spellcheck: "false" });
  const [first] = all;
  input.value = first === undefined ? "" : write(first);
  const result = element("div", { class: "result" });
  const trouble = message();
  const judge = latest(async () => {
    trouble.say("");
    const read = readSequence(input.value, metadata, page);
    if (!read.ok) {
      if (input.value.trim() !== "") trouble.say(read.problems[0]?.message ?? "");
      result.replaceChildren();
      return;
    }
    const [scores] = await predict(model, sequenceBatch([read.sequence], metadata, page));
    if (scores === undefined) return;
    const names = tokenize(input.value, metadata.unit);
    const unknown = words ? names.filter((name) => !metadata.vocabulary?.includes(name)) : [];
    result.replaceChildren(answerOf(model, metadata, scores, words ? names : null), ...strangers(unknown));
  });
  const look = () => {
    try {
      judge();
    } catch (error) {
      trouble.say(String(error));
    }
  };
  input.addEventListener("input", look);
  look();
  const title = words
    ? metadata.unit === "word"
      ? "Write something"
      : "Write characters"
    : "Vectors, one for each step, as JSON";
  return element(
    "section",
    { class: "card" },
    field(title, input),
    trouble.view,
    result,
    examples(
      "Or take one of the data",
      all.slice(0, 6),
      (example) => shortened(write(example)),
      (example) => {
        input.value = write(example);
        look();
      },
    ),
  );
}

function answerOf(
  { page: { uses } }: Model,
  { classes }: SequencesMetadata,
  scores: Scores,
  names: readonly string[] | null,
): HTMLElement {
  const perStep = scores.shape.length > 1;
  if (uses.targets !== "classes") return element("pre", {}, JSON.stringify(quantities(scores), undefined, 1));
  if (!perStep) {
    const shares = Array.from(scores.data, (share, id) => ({ name: `${classes?.[id] ?? id}`, share }));
    return bars(shares.sort((a, b) => b.share - a.share).slice(0, shown));
  }
  const steps = likeliest(scores, classes ?? null).map(({ name, probability }, step) =>
    element(
      "li",
      { title: `${percent(probability)} sure` },
      element("span", {}, names?.[step] ?? `${step + 1}`),
      element("b", {}, `${name}`),
    ),
  );
  return element("ol", { class: "tags" }, ...steps);
}

function strangers(unknown: readonly string[]): readonly HTMLElement[] {
  if (unknown.length === 0) return [];
  return [element("p", { class: "note" }, `The model has not met: ${[...new Set(unknown)].join(", ")}.`)];
}

export function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
