/** What a user sees of a training: records, or progress while it runs and what it learnt at the end. */
import { join } from "node:path";
import type { DoneEvent, Metrics, SplitMetrics, TrainEvent } from "../../runtime/events.js";
import { terminalChart } from "../../views/charts/terminal.js";
import { curvesOf, readHistory } from "../../views/history.js";
import { count, decimal } from "../numbers.js";
import type { Output } from "../output.js";
import { oneLine } from "../terminal.js";
import { openProgress } from "./progress.js";

export interface View {
  readonly show: (event: TrainEvent) => void;
  /** A line beside the progress. */
  readonly say: (text: string) => void;
  readonly close: () => void;
}

/** @param chart whether the end shows the loss as a chart. */
export async function openView(output: Output, chart: boolean): Promise<View> {
  const progress = await openProgress(output);
  const { dim } = output.colors.note;
  const show = (event: TrainEvent): void => {
    if (event.event === "glimpse") return;
    output.record(recordOf(event));
    switch (event.event) {
      case "start":
        progress.say(dim(startText(event)));
        progress.start(event.step, event.steps);
        break;
      case "step":
        progress.step(event.step, event.loss);
        break;
      case "epoch":
        progress.evaluated(event.metrics);
        progress.say(`epoch ${event.epoch}  ${splitsText(event.metrics)}`);
        break;
      case "throughput":
        progress.beside(throughputTexts(event));
        break;
      case "notice":
        progress.say(event.message);
        break;
      case "sample":
        progress.say(dim(`sample  ${oneLine(event.text)}`));
        break;
      case "checkpoint":
        break;
      case "done":
        progress.stop();
        if (chart) drawLoss(output, event.run);
        for (const line of summary(event)) output.print(line);
    }
  };
  return { show, say: progress.say, close: progress.stop };
}

/** The loss over all steps of the run, those before a resumption too. */
function drawLoss(output: Output, run: string): void {
  const curves = curvesOf(readHistory(run), "loss");
  if (curves.length === 0) return;
  output.print(`${terminalChart("loss", curves, output.colors.print, process.stdout.columns ?? 80)}\n`);
}

type Event<K extends TrainEvent["event"]> = Extract<TrainEvent, { event: K }>;

function startText({ parameters, examples, device, ranks }: Event<"start">): string {
  const shared = ranks === undefined ? "" : `, ${ranks} ranks`;
  return `${count(parameters)} parameters, ${count(examples)} examples, on ${device}${shared}`;
}

function throughputTexts({ ranks, examples_per_second, communication }: Event<"throughput">): readonly string[] {
  const share = `${Math.round(100 * communication)} % communication`;
  return [`${ranks} ranks`, `${count(examples_per_second)} examples/s`, share];
}

/** The public record of an event. */
function recordOf(event: TrainEvent): object {
  if (event.event !== "done") return event;
  const { interrupted, ...record } = event;
  return record;
}

/** The predictions first, then how good they are and where the run is. */
function summary({ step, loss, metrics, best, predictions, run, interrupted }: DoneEvent): readonly string[] {
  const scores = splitsText(metrics);
  const at = best === undefined ? "" : `best at step ${count(best.step)} (validation ${best.metric}): `;
  return [
    ...predictions.map(predictionText),
    `loss ${decimal(loss)} at step ${count(step)}${scores === "" ? "" : `, ${at}${scores}`}`,
    interrupted ? `stopped with a checkpoint in ${run}; --resume goes on` : `trained model: ${join(run, "model.onnx")}`,
  ];
}

/** Text as it is; numbers on one line of at most 100 characters. */
function predictionText(prediction: unknown): string {
  if (typeof prediction === "string") return oneLine(prediction);
  const text = JSON.stringify(prediction);
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

/** "train accuracy 1 perplexity 1.2  test accuracy 0.9", without the splits that the data does not have. */
function splitsText({ train, validation, test }: SplitMetrics): string {
  return Object.entries({ train, validation, test })
    .filter(([, metrics]) => Object.keys(metrics).length > 0)
    .map(([split, metrics]) => `${split} ${metricsText(metrics)}`)
    .join("  ");
}

function metricsText(metrics: Metrics): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${decimal(value)}`)
    .join(" ");
}
