/** The page that trains a model further on a person's own examples, shows its loss as it falls, and lets the result be tried and taken along. */
import { writeSafetensors } from "../../runtime/safetensors.js";
import { pageFiles } from "../../runtime/web/page.js";
import { lineChart, shortNumber } from "../charts.js";
import { button, element, message, slider, wholeNumber } from "../elements.js";
import { openPage } from "../frame.js";
import type { Model } from "../model.js";
import { panelOf } from "../try/panel.js";
import { materialsOf } from "./materials.js";
import type { Order, Report } from "./messages.js";
import { readLesson } from "./read.js";

/** Weight of the losses before in the smooth line. */
const smoothing = 0.9;

void openPage("learn.html", (first) => {
  let model = first;
  let before = 0;
  const losses: number[] = [];
  const trouble = message();
  const about = element("p", { class: "note", "aria-live": "polite" });
  const trial = element("div", { id: "trial" });

  const materials = materialsOf(first, () => describe());
  const describe = () => {
    const read = readLesson(materials.material(), first.page);
    about.textContent = read.ok ? `${read.lesson.about}.` : "";
    trouble.say(read.ok ? "" : `${read.problems[0]?.message ?? ""} ${read.problems[0]?.hint ?? ""}`);
    go.disabled = !read.ok;
  };

  const { learning_rate, optimizer } = first.page.training;
  const steps = wholeNumber("Steps", 1, 100_000, 100);
  const rate = slider("Learning rate", { minimum: -3, maximum: 0.5, step: 0.1, value: -0.7 }, (power) =>
    shortRate(learning_rate * 10 ** power),
  );
  const chart = lineChart(
    "The loss at each step",
    [
      { name: "loss", color: "--faint", width: 1 },
      { name: "smoothed", color: "--accent", width: 2 },
    ],
    "step",
  );
  const state = element("p", { class: "headline", "aria-live": "off" });
  const results = element("div", { class: "results", hidden: true }, state, chart.view);

  const trainer = new Worker(new URL("./trainer.js", import.meta.url), { type: "module" });
  const order = (what: Order) => trainer.postMessage(what);
  let began = 0;
  const working = (is: boolean) => {
    go.disabled = is;
    stop.hidden = !is;
  };
  const finish = (next: Model) => {
    model = next;
    before = losses.length;
    working(false);
    downloads.hidden = model === first;
    trial.replaceChildren(
      element("h2", { class: "between" }, model === first ? "Try it as it is" : "Try what it has learnt"),
      panelOf(model),
    );
  };
  trainer.addEventListener("message", ({ data }: MessageEvent<Report>) => {
    switch (data.type) {
      case "steps": {
        losses.push(...data.losses);
        chart.show(
          losses.map((_, index) => index + 1),
          [losses, smoothed(losses)],
        );
        const speed = data.step / ((performance.now() - began) / 1000);
        state.replaceChildren(
          `Step ${before + data.step}, loss ${shortNumber(losses[0] ?? Number.NaN)} → `,
          element("b", {}, shortNumber(losses.at(-1) ?? Number.NaN)),
          ` · ${speed.toFixed(speed < 10 ? 1 : 0)} steps a second`,
        );
        break;
      }
      case "done":
        finish(model.withParameters(data.parameters));
        break;
      case "refused":
      case "failed":
        trouble.say(data.message);
        working(false);
        break;
    }
  });
  trainer.addEventListener("error", ({ message: reason }) => {
    trouble.say(`The trainer stopped: ${reason}`);
    working(false);
  });

  const go = button(
    "Train",
    () => {
      trouble.say("");
      results.hidden = false;
      working(true);
      began = performance.now();
      order({
        type: "train",
        page: first.page,
        parameters: model.parameters,
        material: materials.material(),
        steps: steps.value(),
        rate: 10 ** rate.value(),
      });
    },
    { class: "primary" },
  );
  const stop = button("Stop", () => order({ type: "stop" }));
  stop.hidden = true;
  const anew = button("Forget it again", () => {
    losses.length = 0;
    results.hidden = true;
    finish(first);
  });
  const { name } = first.page;
  const downloads = element(
    "div",
    { class: "actions downloads", hidden: true },
    element("span", {}, "Take it along:"),
    button("Weights (.safetensors)", () =>
      download(`${name}-${pageFiles.weights}`, writeSafetensors(model.parameters)),
    ),
    button("Model (.onnx)", () => download(`${name}.onnx`, model.file("model"))),
    anew,
  );
  finish(first);
  describe();
  return [
    element(
      "section",
      { class: "card" },
      materials.view,
      about,
      element("div", { class: "controls" }, steps.field, rate.field),
      element(
        "p",
        { class: "note" },
        `The training graph of the run, ${optimizer}, runs here too; it was trained at a rate of ${shortRate(learning_rate)}.`,
      ),
      trouble.view,
      element("div", { class: "actions" }, go, stop),
      results,
      downloads,
    ),
    trial,
  ];
});

function smoothed(losses: readonly number[]): readonly number[] {
  let mean = losses[0] ?? 0;
  return losses.map((loss, index) => {
    // At the start fewer losses weigh more.
    const kept = Math.min(smoothing, index / (index + 1));
    mean = kept * mean + (1 - kept) * loss;
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
