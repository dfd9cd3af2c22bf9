/** The fine-tune page: trains the model on examples of the user, plots the loss, and offers the result for download. */
import { formatSpeed } from "../../runtime/format.js";
import { writeSafetensors } from "../../runtime/tensors/safetensors.js";
import { pageFiles } from "../../runtime/web/page-manifest.js";
import { button, element, integerField, message, slider } from "../dom.js";
import { readTrainingSet } from "../examples/index.js";
import { lineChart, shortNumber } from "../line-chart.js";
import type { Model } from "../load-model.js";
import { openPage } from "../page-shell.js";
import { panelOf } from "../playground/panel.js";
import { createExampleEditor } from "./example-editor.js";
import type { TrainerCommand, TrainerEvent } from "./worker-protocol.js";

/** Decay of the exponential moving average of the loss. */
const smoothing = 0.9;

void openPage("fine-tune.html", (originalModel) => {
  let model = originalModel;
  let stepsBefore = 0;
  const losses: number[] = [];
  const errorMessage = message();
  const summary = element("p", { class: "note", "aria-live": "polite" });
  const playground = element("div", { id: "playground" });

  const editor = createExampleEditor(originalModel, () => updateSummary());
  const updateSummary = () => {
    const read = readTrainingSet(editor.input(), originalModel.page);
    summary.textContent = read.ok ? `${read.value.summary}.` : "";
    errorMessage.show(read.ok ? "" : `${read.error[0]?.message ?? ""} ${read.error[0]?.hint ?? ""}`);
    trainButton.disabled = !read.ok;
  };

  const { learning_rate, optimizer } = originalModel.page.training;
  const steps = integerField("Steps", 1, 100_000, 100);
  const rate = slider("Learning rate", { minimum: -3, maximum: 0.5, step: 0.1, value: -0.7 }, (power) =>
    shortRate(learning_rate * 10 ** power),
  );
  const chart = lineChart(
    "Training loss per step",
    [
      { name: "loss", color: "--step", width: 1 },
      { name: "smoothed", color: "--accent", width: 2 },
    ],
    "step",
  );
  const state = element("p", { class: "headline", "aria-live": "off" });
  const results = element("div", { class: "results", hidden: true }, state, chart.view);

  const trainer = new Worker(new URL("./trainer-worker.js", import.meta.url), { type: "module" });
  const send = (command: TrainerCommand) => trainer.postMessage(command);
  let startedAt = 0;
  const setTraining = (active: boolean) => {
    trainButton.disabled = active;
    stopButton.hidden = !active;
  };
  const finish = (next: Model) => {
    model = next;
    stepsBefore = losses.length;
    setTraining(false);
    downloads.hidden = model === originalModel;
    playground.replaceChildren(
      element("h2", { class: "section" }, model === originalModel ? "Current model" : "Fine-tuned model"),
      panelOf(model),
    );
  };
  trainer.addEventListener("message", ({ data }: MessageEvent<TrainerEvent>) => {
    switch (data.type) {
      case "steps": {
        losses.push(...data.losses);
        chart.show(
          losses.map((_, index) => index + 1),
          [losses, smoothedLosses(losses)],
        );
        const speed = data.step / ((performance.now() - startedAt) / 1000);
        state.replaceChildren(
          `Step ${stepsBefore + data.step}, loss ${shortNumber(losses[0] ?? Number.NaN)} → `,
          element("b", {}, shortNumber(losses.at(-1) ?? Number.NaN)),
          ` · ${formatSpeed(speed)} steps/s`,
        );
        break;
      }
      case "done":
        finish(model.withParameters(data.parameters));
        break;
      case "rejected":
      case "failed":
        errorMessage.show(data.message);
        setTraining(false);
        break;
    }
  });
  trainer.addEventListener("error", ({ message: reason }) => {
    errorMessage.show(`Training failed: ${reason}`);
    setTraining(false);
  });

  const trainButton = button(
    "Train",
    () => {
      errorMessage.show("");
      results.hidden = false;
      setTraining(true);
      startedAt = performance.now();
      send({
        type: "train",
        page: originalModel.page,
        parameters: model.parameters,
        input: editor.input(),
        steps: steps.value(),
        learningRateScale: 10 ** rate.value(),
      });
    },
    { class: "primary" },
  );
  const stopButton = button("Stop", () => send({ type: "stop" }));
  stopButton.hidden = true;
  const resetButton = button("Reset", () => {
    losses.length = 0;
    results.hidden = true;
    finish(originalModel);
  });
  const { name } = originalModel.page;
  const downloads = element(
    "div",
    { class: "actions downloads", hidden: true },
    element("span", {}, "Download:"),
    button("Weights (.safetensors)", () =>
      download(`${name}-${pageFiles.weights}`, writeSafetensors(model.parameters)),
    ),
    button("Model (.onnx)", () => download(`${name}.onnx`, model.file("model"))),
    resetButton,
  );
  finish(originalModel);
  updateSummary();
  return [
    element(
      "section",
      { class: "card" },
      editor.view,
      summary,
      element("div", { class: "controls" }, steps.field, rate.field),
      element(
        "p",
        { class: "note" },
        `Trains with ${optimizer}, like the run, whose learning rate was ${shortRate(learning_rate)}.`,
      ),
      errorMessage.view,
      element("div", { class: "actions" }, trainButton, stopButton),
      results,
      downloads,
    ),
    playground,
  ];
});

function smoothedLosses(losses: readonly number[]): readonly number[] {
  let mean = losses[0] ?? 0;
  return losses.map((loss, index) => {
    // Bias correction: the first values are plain means.
    const decay = Math.min(smoothing, index / (index + 1));
    mean = decay * mean + (1 - decay) * loss;
    return mean;
  });
}

function shortRate(rate: number): string {
  return `${Number(rate.toPrecision(2))}`;
}

function download(name: string, bytes: Uint8Array): void {
  const address = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
