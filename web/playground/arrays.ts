/** The playground of array data: an example as JSON, and its prediction. */

import { ctcDecode } from "../../runtime/predict/ctc-decoder.js";
import { describeValues, type Scores, withoutPadding } from "../../runtime/predict/format-predictions.js";
import { batchProblems } from "../../runtime/predict/inputs.js";
import { predictionPort } from "../../runtime/sessions/ports.js";
import type { PageOutput } from "../../runtime/web/page-manifest.js";
import { blankClassOf } from "../../schema/kinds/losses.js";
import { outputSteps } from "../../schema/kinds/windows.js";
import { bars, element, exampleList, field, message, outputView, percent, runLatest } from "../dom.js";
import { dataPorts, readExamples, stackExamples } from "../examples/arrays.js";
import type { Model } from "../load-model.js";
import { predict } from "../predict.js";
import { shortened } from "./sequences.js";

export function arraysPanel(model: Model): HTMLElement {
  const { page } = model;
  const ports = dataPorts(page.manifest.model);
  const samples = page.samples?.type === "arrays" ? page.samples.examples : [];
  const formatExample = (example: Readonly<Record<string, unknown>>) =>
    JSON.stringify(Object.fromEntries(ports.map(({ name }) => [name, example[name]])));
  const input = element("textarea", { rows: 4, spellcheck: "false" });
  const [first] = samples;
  input.value = first === undefined ? "" : formatExample(first);
  const result = element("div", { class: "result" });
  const errorMessage = message();
  const predictInput = runLatest(async () => {
    errorMessage.show("");
    const read = readExamples(input.value, ports, page.id_limits);
    if (!read.ok) {
      const { message: text = "", hint = "" } = read.error[0] ?? {};
      errorMessage.show(`${text} ${hint}`.trim());
      result.replaceChildren();
      return;
    }
    const batch = stackExamples(read.value, ports);
    const [problem] = batchProblems(page.model, batch, (row) => `Example ${row + 1}`);
    if (problem !== undefined) {
      errorMessage.show(problem.message);
      result.replaceChildren();
      return;
    }
    const predictions = await predict(model, batch);
    const rendered = predictions.flatMap(({ output, scores }) => {
      const port = predictionPort(page.manifest.model, output.port);
      const views = read.value.flatMap((example, row) => {
        const [length] = example.get("lengths") ?? [];
        const steps = length === undefined ? undefined : outputSteps(output.model, length);
        const own = scores[row];
        return own === undefined ? [] : [renderPrediction(output, withoutPadding(own, port, steps))];
      });
      return outputView(output, ...views);
    });
    result.replaceChildren(...rendered);
  });
  input.addEventListener("input", predictInput);
  predictInput();
  const shape = ports.map(({ name, shape: [, ...rest] }) => `${name} [${rest.join(", ")}]`).join(", ");
  return element(
    "section",
    { class: "card" },
    field("An example as JSON", input, shape),
    errorMessage.view,
    result,
    exampleList(
      "Samples",
      samples.slice(0, 8),
      (example) => shortened(formatExample(example)),
      (example) => {
        input.value = formatExample(example);
        predictInput();
      },
    ),
  );
}

function renderPrediction({ uses, loss }: PageOutput, scores: Scores): HTMLElement {
  if (loss.type === "ctc") {
    const { labels, probability } = ctcDecode(scores, blankClassOf(loss, scores.shape.at(-1) ?? 1), 1);
    const labelText = labels.length === 0 ? "no label" : labels.join(" ");
    return element("p", { class: "headline" }, element("b", {}, labelText), ` ${percent(probability)}`);
  }
  if (uses.targets === "classes" && scores.shape.length === 1) {
    return bars(Array.from(scores.data, (share, id) => ({ name: `${id}`, share })));
  }
  return element("pre", {}, JSON.stringify(describeValues(scores)));
}
