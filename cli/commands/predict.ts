/** `rnnx predict`: what a trained run says of new inputs. */
import { Option } from "commander";
import type { PredictRequest } from "../../runtime/predict/predict-run.js";
import { formatInteger } from "../../views/format.js";
import type { CommandModule } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { openRunSpec, reportRunFailure } from "../open-run.js";
import { integerParser } from "../option-parsers.js";

interface Flags {
  readonly input: string;
  readonly output: string;
  readonly beam: number | undefined;
  readonly device: PredictRequest["device"];
}

export const predict: CommandModule = {
  description:
    "Reads inputs in the format of the run's data, without answers: lines of text, rows of a table, sequences (.jsonl, .csv),\n" +
    "sources of pairs, images (IDX), arrays (.npy, .npz, .json). Writes what the model says of each, by the output's ending:\n" +
    ".csv, .json or .jsonl in words (classes by name, quantities scaled back), .npy as numbers.",
  example: "rnnx predict runs/spam --input messages.jsonl --output labels.csv",

  declare(command) {
    command
      .argument("<run>", "a run directory")
      .requiredOption("--input <file>", "the inputs")
      .requiredOption("--output <file>", "where predictions are written, all of them or none")
      .option(
        "--beam <n>",
        "for pairs and ctc: sequences kept while one is written; 1, the default, is greedy",
        integerParser(1, 100),
      )
      .addOption(
        new Option("--device <device>", "where to compute").choices(["auto", "cpu", "cuda", "webgpu"]).default("auto"),
      );
  },

  async run(output, command) {
    const [run = ""] = command.args;
    const { input, output: target, beam, device } = command.opts<Flags>();
    const opened = await openRunSpec(output, run, []);
    if (opened === undefined) return exitCodes.invalidInput;
    const { predictRun } = await import("../../runtime/predict/predict-run.js");
    const outcome = await predictRun({ run, input, output: target, folder: process.cwd(), beam: beam ?? null, device });
    if (outcome.ok) {
      for (const notice of outcome.notices) output.note(notice);
      output.record({ event: "result", run, output: target, predictions: outcome.predictions });
      output.print(
        `${formatInteger(outcome.predictions)} prediction${outcome.predictions === 1 ? "" : "s"} in ${target}`,
      );
      return exitCodes.success;
    }
    return reportRunFailure(output, outcome, opened);
  },
};
