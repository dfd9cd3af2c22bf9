/** `rnnx evaluate`: the metrics of a run on its own or on other data. */
import { InvalidArgumentError, Option } from "commander";
import type { EvaluateRequest, RunEvaluation } from "../../runtime/evaluation/evaluate-run.js";
import type { SplitDetails } from "../../runtime/evaluation/split-details.js";
import { formatInteger, formatNumber } from "../../runtime/format.js";
import type { Override } from "../../schema/parse/overrides.js";
import type { CommandModule } from "../command.js";
import { confusionText } from "../confusion-text.js";
import { escapeLine } from "../escape-controls.js";
import { exitCodes } from "../exit-codes.js";
import { numbersTable, printForecastErrors, printSeriesErrors } from "../forecast-errors.js";
import { openRunSpec, reportRunFailure } from "../open-run.js";
import { allowTf32Option, deviceOption, setOption } from "../option-parsers.js";
import type { Output } from "../output.js";
import { tableText } from "../table.js";

interface Flags {
  readonly by?: "series";
  readonly split?: "train" | "validation" | "test";
  readonly set?: readonly Override[];
  readonly checkpoint: EvaluateRequest["weights"];
  readonly device: EvaluateRequest["device"];
}

export const evaluate: CommandModule = {
  description:
    "Evaluates a trained model on every split of its data. With --set data.file=FILE it evaluates other data as a test split, with the " +
    "vocabulary, the classes and the scaler of the run.",
  example: "rnnx evaluate runs/stock --set data.file=next-year.csv",

  declare(command) {
    command
      .argument("<run>", "run directory")
      .addOption(new Option("--split <split>", "evaluate one split only").choices(["train", "validation", "test"]))
      .addOption(new Option("--by <what>", "adds the errors of each series of a table").choices(["series"]))
      .addOption(setOption())
      .addOption(
        new Option("--checkpoint <which>", "checkpoint to evaluate: best, last or a step")
          .argParser(parseCheckpoint)
          .default("end", "the final model"),
      )
      .addOption(deviceOption())
      .addOption(allowTf32Option());
  },

  async run(output, command) {
    const [folder = ""] = command.args;
    const { by, split, set = [], checkpoint, device } = command.opts<Flags>();
    const opened = await openRunSpec(output, folder, set);
    if (opened === undefined) return exitCodes.invalidInput;
    const { evaluateRun } = await import("../../runtime/evaluation/evaluate-run.js");
    const request = {
      run: folder,
      data: opened.data,
      split: split ?? null,
      weights: checkpoint,
      device,
      withDetails: true,
    };
    const outcome = await evaluateRun(request);
    if (outcome.ok) {
      printMetrics(output, folder, by, outcome.value);
      return exitCodes.success;
    }
    return reportRunFailure(output, outcome.error, opened);
  },
};

function parseCheckpoint(text: string): EvaluateRequest["weights"] {
  if (text === "best" || text === "last") return text;
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError("Expected best, last or a step.");
  return Number(text);
}

function printMetrics(
  output: Output,
  run: string,
  by: Flags["by"],
  { step, examples, metrics, details, notices }: RunEvaluation,
) {
  for (const notice of notices) output.note(notice);
  output.record({ event: "result", run, step, examples, metrics, ...(details !== undefined && { details }) });
  const splits = (["train", "validation", "test"] as const).filter((split) => examples[split] > 0);
  const metricNames = Object.keys(metrics[splits[0] ?? "train"]);
  const columns = ["split", "examples", ...metricNames].map(
    (title, index) => ({ title, align: index === 0 ? "left" : "right" }) as const,
  );
  const rows = splits.map((split) => [
    split,
    formatInteger(examples[split]),
    ...metricNames.map((name) => formatNumber(metrics[split][name] ?? Number.NaN)),
  ]);
  output.print(`weights of step ${formatInteger(step)}\n\n${tableText(output.colors.print, columns, rows)}`);
  if (details !== undefined) printDetails(output, by, details);
}

/** Classes of the largest confusion matrix that is printed; the record has every one. */
const maxConfusionClasses = 12;

function printDetails(
  output: Output,
  by: Flags["by"],
  { split, outputs, ...details }: NonNullable<RunEvaluation["details"]>,
) {
  if (outputs === undefined) printSplitDetails(output, `the ${split} split`, by, details);
  for (const [name, ofOutput] of Object.entries(outputs ?? {}))
    printSplitDetails(output, `${escapeLine(name)} in the ${split} split`, by, ofOutput);
}

/** @param what that has the details, for the titles. */
function printSplitDetails(output: Output, what: string, by: Flags["by"], details: SplitDetails) {
  const { classes, confusion } = details;
  printForecastErrors(output, what, details);
  if (by === "series") printSeriesErrors(output, details);
  if (classes === undefined || confusion === undefined) return;
  const rows = classes.map((scores) => [
    escapeLine(scores.class),
    formatNumber(scores.precision),
    formatNumber(scores.recall),
    formatInteger(scores.targets),
    formatInteger(scores.predicted),
  ]);
  const titles = ["precision", "recall", "targets", "predicted"];
  output.print(`\nclasses of ${what}\n\n${numbersTable(output, "class", titles, rows)}`);
  if (classes.length > maxConfusionClasses) return;
  const names = classes.map((scores) => escapeLine(scores.class));
  const counts = confusion.map((row) => row.map(formatInteger));
  const matrix = confusionText(output.colors.print, names, counts);
  output.print(`\nconfusion: a row per target, a column per prediction\n\n${matrix}`);
}
