/** Terminal output of training: records with `--json`, else progress, evaluations and a summary. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DoneEvent, Metrics, SplitMetrics, TrainEvent } from "../../../runtime/events.js";
import { formatCount, formatInteger, formatNumber } from "../../../runtime/format.js";
import { runFiles } from "../../../runtime/run/layout.js";
import { joinWithAnd } from "../../../schema/diagnostics/suggest.js";
import { isObject } from "../../../schema/json-pointer.js";
import { terminalChart } from "../../../views/charts/ascii-chart.js";
import { curvesOf, readHistory } from "../../../views/metrics-history.js";
import { escapeLine, visibleText } from "../../escape-controls.js";
import type { Output } from "../../output.js";
import { openProgress } from "./progress-bar.js";

export interface TrainingDisplay {
  readonly show: (event: TrainEvent) => void;
  /** Prints a line above the progress bar. */
  readonly log: (text: string) => void;
  readonly close: () => void;
}

/** @param chart plots the loss at the end. */
export function openTrainingDisplay(output: Output, chart: boolean): TrainingDisplay {
  const progress = openProgress(output);
  const { dim } = output.colors.note;
  const show = (event: TrainEvent): void => {
    if (event.event === "predictions") return;
    if (event.event === "speed") {
      progress.speed(event.steps_per_second);
      return;
    }
    output.record(publicRecord(event));
    switch (event.event) {
      case "start":
        progress.log(dim(startText(event)));
        progress.start(event.step, event.steps);
        break;
      case "step":
        progress.step(event.step, event.loss);
        break;
      case "evaluation":
        progress.evaluation(event.step, event.metrics);
        progress.log(`epoch ${formatInteger(event.epoch)}  ${splitsText(event.metrics)}`);
        break;
      case "throughput":
        progress.suffix(throughputTexts(event));
        break;
      case "notice":
        progress.log(event.message);
        break;
      case "sample":
        progress.log(dim(`sample  ${visibleText(event.text)}`));
        break;
      case "checkpoint":
        break;
      case "done":
        progress.stop();
        if (chart) drawLoss(output, event.run);
        for (const line of summary(event)) output.print(line);
    }
  };
  return { show, log: progress.log, close: progress.stop };
}

/** Plots the loss of all steps, including those before `--resume`. */
function drawLoss(output: Output, run: string): void {
  const curves = curvesOf(readHistory(run), "loss");
  if (curves.length === 0) return;
  output.print(`${terminalChart("loss", curves, output.colors.print, process.stdout.columns || 80)}\n`);
}

type Event<K extends TrainEvent["event"]> = Extract<TrainEvent, { event: K }>;

/** "8 examples", "6 training, 1 validation and 1 test examples". */
export function examplesText({ train, validation, test }: Event<"start">["examples"]): string {
  const others = Object.entries({ validation, test }).filter(([, count]) => count > 0);
  if (others.length === 0) return formatCount(train, "example");
  const parts = [
    `${formatInteger(train)} training`,
    ...others.map(([name, count]) => `${formatInteger(count)} ${name}`),
  ];
  return `${joinWithAnd(parts)} examples`;
}

function startText({ parameters, examples, device, ranks }: Event<"start">): string {
  const shared = ranks === undefined ? "" : `, ${ranks} ranks`;
  return `${formatCount(parameters, "parameter")}, ${examplesText(examples)}, on ${device}${shared}`;
}

function throughputTexts({ ranks, examples_per_second, communication }: Event<"throughput">): readonly string[] {
  const share = `${Math.round(100 * communication)} % communication`;
  return [`${ranks} ranks`, `${formatInteger(examples_per_second)} examples/s`, share];
}

/** An event as a public record. */
function publicRecord(event: TrainEvent): object {
  if (event.event !== "done") return event;
  const { interrupted, ...record } = event;
  return record;
}

/** Predictions, metrics, and the path of the model or the checkpoint. */
function summary({ step, loss, metrics, best, predictions, examples, run, interrupted }: DoneEvent): readonly string[] {
  const scores = splitsText(metrics);
  const bestText = best === undefined ? "" : `best at step ${formatInteger(best.step)} (validation ${best.metric}): `;
  return [
    ...predictionLines(predictions, examples),
    loss === null
      ? "no step was trained: the weights are the initial ones"
      : `loss ${formatNumber(loss)} at step ${formatInteger(step)}${scores === "" ? "" : `, ${bestText}${scores}`}`,
    interrupted ? `interrupted, checkpoint in ${run}; continue with --resume` : resultPath(run),
  ];
}

/** The path of the model, or of its weights where the model has no file of its own. */
export function resultPath(run: string): string {
  const model = join(run, runFiles.model);
  return existsSync(model) ? `trained model: ${model}` : `trained weights: ${join(run, runFiles.weights)}`;
}

/** "input → predicted (target)" of each prediction, under a line that names the parts. */
function predictionLines(predictions: readonly unknown[], examples: DoneEvent["examples"]): readonly string[] {
  if (predictions.length === 0) return [];
  const hasInput = examples.some(({ input }) => input !== null);
  const hasTarget = examples.some(({ target }) => target !== null);
  const parts = (input: string, predicted: string, target: string) =>
    `${hasInput ? `${input} → ` : ""}${predicted}${hasTarget ? ` (${target})` : ""}`;
  return [
    `training examples: ${parts("input", "predicted", "target")}`,
    ...predictions.map((prediction, index) => {
      const { input = null, target = null } = examples[index] ?? {};
      return `  ${parts(valueText(input), valueText(prediction), valueText(target))}`;
    }),
  ];
}

const maxValueLength = 60;

/** Text, numbers of up to six digits, and several of either with spaces between them; at most 60 characters. Text with invisible ends is quoted. */
function valueText(value: unknown): string {
  const text = flatten(value).join(" ");
  const clipped = text.length > maxValueLength ? `${text.slice(0, maxValueLength - 1)}…` : text;
  return typeof value === "string" ? visibleText(clipped) : escapeLine(clipped);
}

/** An object has the values of several outputs by name. */
function flatten(value: unknown): readonly string[] {
  if (isObject(value)) return Object.entries(value).flatMap(([name, member]) => [`${name}:`, ...flatten(member)]);
  if (Array.isArray(value)) return value.flatMap(flatten);
  return [typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value ?? "")];
}

/** "train accuracy 1 perplexity 1.2  test accuracy 0.9", without absent splits. */
function splitsText({ train, validation, test }: SplitMetrics): string {
  return Object.entries({ train, validation, test })
    .filter(([, metrics]) => Object.keys(metrics).length > 0)
    .map(([split, metrics]) => `${split} ${metricsText(metrics)}`)
    .join("  ");
}

function metricsText(metrics: Metrics): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${formatNumber(value)}`)
    .join(" ");
}
