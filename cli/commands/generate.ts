/** `rnnx generate`: text that a trained model writes after a prompt. */
import type { Sampling } from "../../runtime/generation/sampling.js";
import type { CommandModule } from "../command.js";
import { reportFailure, reportInvalidInput } from "../errors.js";
import { escapeText } from "../escape-controls.js";
import { exitCodes } from "../exit-codes.js";
import { reportProblems } from "../open-run.js";
import { integerParser, numberParser } from "../option-parsers.js";

interface Flags {
  readonly prompt: string;
  readonly length: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly greedy?: boolean;
}

export const generate: CommandModule = {
  description:
    "Writes text with a model that was trained on text: reads the prompt, then draws unit after unit (characters, words or bytes,\n" +
    "as the model was trained). The same seed gives the same text.",
  example: 'rnnx generate runs/shakespeare --prompt "ROMEO:" --length 300 --temperature 0.8 --seed 1',

  declare(command) {
    command
      .argument("<run>", "a run directory")
      .option("--prompt <text>", "what the text begins with (default: the first unit of the training text)", "")
      .option("--length <n>", "units to write after the prompt", integerParser(1, 10_000_000), 200)
      .option("--temperature <t>", "divides the logits; 0 is --greedy (default: 1)", numberParser(0, 100))
      .option("--top-k <k>", "draw among the likeliest k alone", integerParser(1, 1_000_000))
      .option("--top-p <p>", "draw among the likeliest that together have this probability", numberParser(0, 1))
      .option("--seed <n>", "chooses the text (default: the seed of the run)", integerParser(0, 2 ** 32 - 1))
      .option("--greedy", "always take the likeliest");
  },

  async run(output, command) {
    const [folder = ""] = command.args;
    const flags = command.opts<Flags>();
    const { prompt, length, greedy = false, temperature = greedy ? 0 : 1 } = flags;
    if (greedy && temperature > 0) {
      reportInvalidInput(
        output,
        "usage",
        "--greedy always takes the likeliest, whatever the temperature",
        "Leave one of them out.",
      );
      return exitCodes.invalidInput;
    }
    const sampling: Sampling = { temperature, topK: flags.topK ?? null, topP: flags.topP ?? null };

    const { openTextGenerator: openGenerator } = await import("../../runtime/generation/generate-run.js");
    const opened = await openGenerator(folder);
    if (!opened.ok) {
      reportProblems(output, opened.problems);
      return exitCodes.invalidInput;
    }
    // On a terminal the text appears as it is written; elsewhere it comes whole.
    const isInteractive = process.stdout.isTTY === true;
    const onText = (chunk: string) => {
      if (isInteractive) output.write(escapeText(chunk));
    };
    const result = await opened.generator.generate({ prompt, length, sampling, seed: flags.seed ?? null }, onText);
    if (!result.ok) {
      reportProblems(output, result.problems);
      return exitCodes.invalidInput;
    }
    const { text, tokens, seed } = result.generated;
    output.write(isInteractive ? "\n" : `${text}\n`);
    output.record({ event: "result", prompt, text, tokens, seed });
    if (tokens.length === length) return exitCodes.success;
    reportFailure(output, `The model's outputs stopped being numbers after ${tokens.length} units.`, "");
    return exitCodes.failure;
  },
};
