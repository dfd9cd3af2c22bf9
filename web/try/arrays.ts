/** Arrays: numbers as JSON, and what the model makes of them. */
import { quantities, type Scores } from "../../runtime/predict/answers.js";
import { bars, element, examples, field, latest, message } from "../elements.js";
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
    result.replaceChildren(...answers.map((scores) => answerOf(model, scores)));
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

function answerOf({ page: { uses } }: Model, scores: Scores): HTMLElement {
  if (uses.targets === "classes" && scores.shape.length === 1) {
    return bars(Array.from(scores.data, (share, id) => ({ name: `${id}`, share })));
  }
  return element("pre", {}, JSON.stringify(quantities(scores)));
}
