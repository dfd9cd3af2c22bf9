/** Arrays: numbers as JSON, and what the model makes of them. */
import { quantities, type Scores } from "../../runtime/predict/answers.js";
import { blankOf, spell } from "../../runtime/predict/spelling.js";
import { bars, element, examples, field, latest, message, percent } from "../elements.js";
import { inputsOf, readExamples, stack } from "../learn/arrays.js";
import type { Model } from "../model.js";
import { predict } from "../predict.js";
import { shortened } from "./sequences.js";

export function arraysPanel(model: Model): HTMLElement {
  const { page } = model;
  const ports = inputsOf(page.manifest.model);
  const all = page.samples?.type === "arrays" ? page.samples.examples : [];
  const write = (example: Readonly<Record<string, unknown>>) =>
    JSON.stringify(Object.fromEntries(ports.map(({ name }) => [name, example[name]])));
  const input = element("textarea", { rows: 4, spellcheck: "false" });
  const [first] = all;
  input.value = first === undefined ? "" : write(first);
  const result = element("div", { class: "result" });
  const trouble = message();
  const judge = latest(async () => {
    trouble.say("");
    const read = readExamples(input.value, ports);
    if (!read.ok) {
      trouble.say(read.problems[0]?.message ?? "");
      result.replaceChildren();
      return;
    }
    const answers = await predict(model, stack(read.examples, ports));
    const lengths = read.examples.map((example) => example.get("lengths")?.[0]);
    result.replaceChildren(...answers.map((scores, example) => answerOf(model, live(scores, lengths[example]))));
  });
  input.addEventListener("input", judge);
  judge();
  const shape = ports.map(({ name, shape: [, ...rest] }) => `${name} [${rest.join(", ")}]`).join(", ");
  return element(
    "section",
    { class: "card" },
    field("An example as JSON", input, shape),
    trouble.view,
    result,
    examples(
      "Or take one of the data",
      all.slice(0, 8),
      (example) => shortened(write(example)),
      (example) => {
        input.value = write(example);
        judge();
      },
    ),
  );
}

/** The answers of an example's own steps, without those of its padding. */
function live({ shape: [steps = 0, ...each], data }: Scores, length = steps): Scores {
  const own = each.length === 0 ? steps : Math.min(length, steps);
  return { shape: [own, ...each], data: data.subarray(0, (data.length / steps) * own) };
}

function answerOf({ page: { uses, loss } }: Model, scores: Scores): HTMLElement {
  if (loss.type === "ctc") {
    const { labels, probability } = spell(scores, blankOf(loss, scores), 1);
    const said = labels.length === 0 ? "no label" : labels.join(" ");
    return element("p", { class: "headline" }, element("b", {}, said), ` ${percent(probability)}`);
  }
  if (uses.targets === "classes" && scores.shape.length === 1) {
    return bars(Array.from(scores.data, (share, id) => ({ name: `${id}`, share })));
  }
  return element("pre", {}, JSON.stringify(quantities(scores)));
}
