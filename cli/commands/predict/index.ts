/** `rnnx predict`: predictions of a trained model for new inputs. */
import { InvalidArgumentError, Option } from "commander";
import { formatCount } from "../../../runtime/format.js";
import { entriesInOrder, keepOrder, mergeInOrder } from "../../../runtime/ordered-json.js";
import type { RunFailure } from "../../../runtime/outcome.js";
import type { Prediction } from "../../../runtime/predict/format-predictions.js";
import type { PredictRequest } from "../../../runtime/predict/predict-run.js";
import type { InputFormat } from "../../../runtime/predict/temporary-input.js";
import type { CommandModule } from "../../command.js";
import { reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import { openRunSpec, reportProblems, reportRunFailure } from "../../open-run.js";
import { allowTf32Option, deviceOption, integerParser, numberParser } from "../../option-parsers.js";
import type { Output } from "../../output.js";

interface Flags {
  readonly input: string | undefined;
  readonly inputFormat: InputFormat | undefined;
  readonly output: string | undefined;
  readonly beam: number | undefined;
  readonly windows: "all" | "last" | undefined;
  readonly levels: readonly number[] | undefined;
  readonly samples: number | undefined;
  readonly device: PredictRequest["device"];
}

export const predict: CommandModule = {
  description:
    "Reads inputs in the format of the training data, without targets: texts as arguments, text lines, table rows, sequences (.jsonl, .csv, " +
    ".txt), sources of pairs, images (IDX), sounds (.wav files, folders, patterns, lists) or arrays (.npy, .csv; .npz or .json for several by name). Prints the predictions, as a table on a " +
    "terminal, else as CSV; or writes .csv, .json or .jsonl (class names, values in original units), .npy, or .npz with an array for each output. " +
    "Predictions of sequences and pairs repeat their text and the other columns of the input.",
  example: 'rnnx predict runs/spam "win a free prize"',

  declare(command) {
    command
      .argument("<run>", "run directory")
      .argument("[texts...]", "texts to predict from, in place of --input")
      .option("--input <file>", "inputs; - reads standard input")
      .addOption(
        new Option(
          "--input-format <format>",
          "format of standard input (default: JSON lines if it starts with {, else that of the training data)",
        ).choices(["csv", "tsv", "jsonl", "txt"]),
      )
      .option("--output <file>", "predictions to write (.csv, .json, .jsonl, .npy, .npz)")
      .option("--beam <n>", "beam width for pairs and CTC (default: 1, greedy)", integerParser(1, 100))
      .addOption(
        new Option(
          "--windows <which>",
          "windows of a table to predict from (default: all for a horizon of one row, the last of each series for several)",
        ).choices(["all", "last"]),
      )
      .option("--levels <list>", "levels of quantiles and distributions, such as 0.05,0.95", parseLevels)
      .option("--samples <n>", "values to draw from the distribution of each forecast", integerParser(1, 10_000))
      .addOption(deviceOption())
      .addOption(allowTf32Option());
  },

  async run(output, command) {
    const [run = "", ...texts] = command.args;
    const { input, inputFormat, output: target, beam, windows, levels, samples, device } = command.opts<Flags>();
    const fault = usageFault(texts, input, inputFormat);
    if (fault !== undefined) {
      reportInvalidInput(output, "usage", fault.message, fault.hint);
      return exitCodes.invalidInput;
    }
    const opened = await openRunSpec(output, run, []);
    if (opened === undefined) return exitCodes.invalidInput;
    const inputs = await inputsOf(output, run, texts, input ?? "", inputFormat);
    if (inputs === undefined) return exitCodes.invalidInput;
    const { predictRun } = await import("../../../runtime/predict/predict-run.js");
    const folder = process.cwd();
    const outcome = await predictRun({
      run,
      input: inputs,
      output: target ?? null,
      folder,
      beam: beam ?? null,
      windows: windows ?? null,
      forecast: { levels: levels ?? null, samples: samples ?? 0 },
      device,
    });
    if (!outcome.ok) {
      const failure = input === "-" ? withLinesHint(outcome.error, opened.spec.data.type) : outcome.error;
      return reportRunFailure(output, failure, opened);
    }
    const { predictions, notices } = outcome.value;
    for (const notice of notices) output.note(notice);
    if (target === undefined) await printPredictions(output, predictions, texts.length > 0);
    output.record({ event: "result", run, output: target ?? null, predictions: predictions.length });
    if (target !== undefined) output.print(`${formatCount(predictions.length, "prediction")} in ${target}`);
    return exitCodes.success;
  },
};

function parseLevels(text: string): readonly number[] {
  const levels = text.split(",").map(numberParser(0, 1));
  if (levels.some((level) => level === 0 || level === 1))
    throw new InvalidArgumentError("Levels are above 0 and below 1.");
  return [...new Set(levels)].sort((a, b) => a - b);
}

/** Standard input of a run on a table of texts is a table too: the way out for lines of text. */
function withLinesHint(failure: RunFailure, type: string): RunFailure {
  if (failure.kind !== "input" || (type !== "sequences" && type !== "pairs")) return failure;
  const hint = "Name the columns on the first line, or read lines of text with --input-format txt.";
  const problems = failure.problems.map((problem) =>
    problem.code === "column-missing" ? { ...problem, hint: `${problem.hint} ${hint}` } : problem,
  );
  return { ...failure, problems };
}

function usageFault(texts: readonly string[], input: string | undefined, inputFormat: InputFormat | undefined) {
  if (texts.length > 0 && input !== undefined)
    return { message: "texts and --input cannot be used together", hint: "Remove one of them." };
  if (texts.length === 0 && input === undefined)
    return {
      message: "no inputs",
      hint: 'Name texts, as in rnnx predict RUN "some text", or a file: --input FILE (- for standard input).',
    };
  return inputFormat !== undefined && input !== "-"
    ? { message: "--input-format is for standard input", hint: "Read it with --input -; files have extensions." }
    : undefined;
}

/** Undefined after reporting a problem. */
async function inputsOf(
  output: Output,
  folder: string,
  texts: readonly string[],
  input: string,
  inputFormat: InputFormat | undefined,
): Promise<PredictRequest["input"] | undefined> {
  if (texts.length === 0 && input !== "-") return input;
  const [{ openRun }, { standardInput, textInputs }] = await Promise.all([
    import("../../../runtime/run/open.js"),
    import("../../../runtime/predict/temporary-input.js"),
  ]);
  const run = openRun(folder);
  if (!run.ok) {
    reportProblems(output, run.error);
    return undefined;
  }
  const { spec, metadata } = run.value;
  if (texts.length > 0) {
    const inputs = textInputs(spec.data, metadata, texts);
    if (inputs.ok) return inputs.value;
    reportProblems(output, inputs.error);
    return undefined;
  }
  if (process.stdin.isTTY === true) output.note("Reading standard input, up to Ctrl+D.");
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return standardInput(spec.data, Buffer.concat(chunks), inputFormat);
}

/** Prints a table on a terminal, CSV to a file or a pipe, and one object a line with `--json`. */
async function printPredictions(output: Output, predictions: readonly Prediction[], isInline: boolean): Promise<void> {
  for (const prediction of predictions) {
    const members = entriesInOrder(prediction).map(
      ([name, value]) => [name === "event" ? "event (input)" : name, value] as const,
    );
    output.record(mergeInOrder({ event: "prediction" }, keepOrder(members)));
  }
  if (process.stdout.isTTY === true) {
    const { predictionsText } = await import("./predictions-text.js");
    output.print(predictionsText(output.colors.print, predictions, isInline));
    return;
  }
  const { outputText } = await import("../../../runtime/predict/write-predictions.js");
  output.write(outputText(".csv", predictions));
}
