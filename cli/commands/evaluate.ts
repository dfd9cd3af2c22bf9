/** `rnnx evaluate`: the metrics of a run on its own or on other data. */
import { InvalidArgumentError, Option } from "commander";
import type { Baseline, ColumnErrors } from "../../runtime/evaluation/baselines.js";
import type { EvaluateRequest, RunEvaluation } from "../../runtime/evaluation/evaluate-run.js";
import type { SplitDetails } from "../../runtime/evaluation/split-details.js";
import { formatInteger, formatNumber } from "../../runtime/format.js";
import type { Override } from "../../schema/parse/overrides.js";
import type { CommandModule } from "../command.js";
import { confusionText } from "../confusion-text.js";
import { escapeLine } from "../escape-controls.js";
import { exitCodes } from "../exit-codes.js";
import { openRunSpec, reportRunFailure } from "../open-run.js";
import { deviceOption, setOption } from "../option-parsers.js";
import type { Output } from "../output.js";
import { tableText } from "../table.js";

interface Flags {
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
      .addOption(setOption())
      .addOption(
        new Option("--checkpoint <which>", "checkpoint to evaluate: best, last or a step")
          .argParser(parseCheckpoint)
          .default("end", "the final model"),
      )
      .addOption(deviceOption());
  },

  async run(output, command) {
    const [folder = ""] = command.args;
    const { split, set = [], checkpoint, device } = command.opts<Flags>();
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
      printMetrics(output, folder, outcome.value);
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

function printMetrics(output: Output, run: string, { step, examples, metrics, details, notices }: RunEvaluation) {
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
  if (details !== undefined) printDetails(output, details);
}

/** Classes of the largest confusion matrix that is printed; the record has every one. */
const maxConfusionClasses = 12;

function printDetails(output: Output, { split, outputs, ...details }: NonNullable<RunEvaluation["details"]>) {
  if (outputs === undefined) printSplitDetails(output, `the ${split} split`, details);
  for (const [name, ofOutput] of Object.entries(outputs ?? {}))
    printSplitDetails(output, `${escapeLine(name)} in the ${split} split`, ofOutput);
}

/** Rows and columns of the table of errors by step; the record has all. */
const maxSteps = 12;
const maxColumns = 6;

/** The mean absolute errors of each column by step, with those of its baselines where there is one column. */
function stepErrors(columns: readonly ColumnErrors[], baselines: readonly Baseline[]) {
  const shown = columns.slice(0, maxColumns).map((errors) => ({ title: escapeLine(errors.column), ...errors }));
  const series = columns.length > 1 ? shown : [...shown, ...baselines.map((one) => ({ title: one.baseline, ...one }))];
  const steps = series[0]?.steps ?? [];
  const count = Math.min(maxSteps, steps.length);
  const places = Array.from({ length: count }, (_, row) => Math.round((row * (steps.length - 1)) / (count - 1)));
  return {
    titles: series.map(({ title }) => title),
    rows: places.map((place) => [
      `${steps[place]?.step}`,
      ...series.map((errors) => formatNumber(errors.steps?.[place]?.mae ?? Number.NaN)),
    ]),
  };
}

/** @param what that has the details, for the titles. */
function printSplitDetails(
  output: Output,
  what: string,
  { classes, confusion, columns, baselines = [] }: SplitDetails,
) {
  const table = (first: string, titles: readonly string[], rows: readonly (readonly string[])[]) => {
    const numbers = titles.map((title) => ({ title, align: "right" as const }));
    return tableText(output.colors.print, [{ title: first }, ...numbers], rows);
  };
  if (columns !== undefined) {
    const isForecast = baselines.length > 0;
    const numbersOf = ({ rmse, mae, smape, wape }: Omit<ColumnErrors, "column">) => [
      formatNumber(rmse),
      formatNumber(mae),
      ...(isForecast ? [formatNumber(smape), wape === null ? "" : formatNumber(wape)] : []),
    ];
    const rows = columns.flatMap((errors) => [
      [escapeLine(errors.column), ...numbersOf(errors)],
      ...baselines
        .filter(({ column }) => column === errors.column)
        .map((baseline) => [`  ${baseline.baseline}`, ...numbersOf(baseline)]),
    ]);
    const titles = ["rmse", "mae", ...(isForecast ? ["smape %", "wape %"] : [])];
    output.print(`\nerrors of ${what} in the units of the data\n\n${table("column", titles, rows)}`);
    if (columns.some(({ steps }) => steps !== undefined)) {
      const { titles: names, rows: byStep } = stepErrors(columns, baselines);
      output.print(`\nmae by step, in rows after the window\n\n${table("step", names, byStep)}`);
    }
    for (const { column, mae } of columns) {
      const better = baselines.find((baseline) => baseline.column === column && baseline.mae < mae);
      if (better === undefined) continue;
      output.note(
        `The model is worse than the ${better.baseline} of "${column}" as a forecast: its mae is ${formatNumber(mae)}, that of the ${better.baseline} ${formatNumber(better.mae)}.`,
      );
    }
  }
  if (classes === undefined || confusion === undefined) return;
  const rows = classes.map((scores) => [
    escapeLine(scores.class),
    formatNumber(scores.precision),
    formatNumber(scores.recall),
    formatInteger(scores.targets),
    formatInteger(scores.predicted),
  ]);
  const titles = ["precision", "recall", "targets", "predicted"];
  output.print(`\nclasses of ${what}\n\n${table("class", titles, rows)}`);
  if (classes.length > maxConfusionClasses) return;
  const names = classes.map((scores) => escapeLine(scores.class));
  const counts = confusion.map((row) => row.map(formatInteger));
  const matrix = confusionText(output.colors.print, names, counts);
  output.print(`\nconfusion: a row per target, a column per prediction\n\n${matrix}`);
}
