/** `rnnx predict`: predictions of a trained model for new inputs. */
import { formatInteger } from "../../runtime/format.js";
import type { PredictRequest } from "../../runtime/predict/predict-run.js";
import type { CommandModule } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { openRunSpec, reportRunFailure } from "../open-run.js";
import { deviceOption, integerParser } from "../option-parsers.js";

interface Flags {
  readonly input: string;
  readonly output: string;
  readonly beam: number | undefined;
  readonly device: PredictRequest["device"];
}

export const predict: CommandModule = {
  description:
    "Reads inputs in the format of the training data, without targets: text lines, table rows, sequences (.jsonl, .csv), sources of " +
    "pairs, images (IDX) or arrays (.npy, .csv; .npz or .json for several by name). Writes .csv, .json or .jsonl (class names, values in original units) or .npy. " +
    "Predictions of sequences and pairs repeat their text and the other columns of the input.",
  example: "rnnx predict runs/spam --input messages.jsonl --output labels.csv",

  declare(command) {
    command
      .argument("<run>", "run directory")
      .requiredOption("--input <file>", "inputs")
      .requiredOption("--output <file>", "predictions to write (.csv, .json, .jsonl, .npy)")
      .option("--beam <n>", "beam width for pairs and CTC (default: 1, greedy)", integerParser(1, 100))
      .addOption(deviceOption());
  },

  async run(output, command) {
    const [run = ""] = command.args;
    const { input, output: target, beam, device } = command.opts<Flags>();
    const opened = await openRunSpec(output, run, []);
    if (opened === undefined) return exitCodes.invalidInput;
    const { predictRun } = await import("../../runtime/predict/predict-run.js");
    const outcome = await predictRun({ run, input, output: target, folder: process.cwd(), beam: beam ?? null, device });
    if (outcome.ok) {
      for (const notice of outcome.value.notices) output.note(notice);
      output.record({ event: "result", run, output: target, predictions: outcome.value.predictions });
      output.print(
        `${formatInteger(outcome.value.predictions)} prediction${outcome.value.predictions === 1 ? "" : "s"} in ${target}`,
      );
      return exitCodes.success;
    }
    return reportRunFailure(output, outcome.error, opened);
  },
};
