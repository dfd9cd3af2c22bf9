/** `rnnx generate`: generates text from a prompt with a trained model. */

import { Option } from "commander";
import { formatCount } from "../../runtime/format.js";
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
  readonly output?: string;
}

export const generate: CommandModule = {
  description:
    "Generates text with a model trained on text: reads the prompt, then samples tokens (characters, words or bytes, as in training). " +
    "The same seed gives the same text.",
  example: 'rnnx generate runs/shakespeare --prompt "ROMEO:" --length 300 --temperature 0.8 --seed 1',

  declare(command) {
    command
      .argument("<run>", "run directory")
      .addOption(
        new Option("--prompt <text>", "beginning of the text").default("", "the first token of the training text"),
      )
      .option("--length <n>", "tokens to generate", integerParser(1, 10_000_000), 200)
      .option("--temperature <t>", "divisor of the logits; 0 is greedy (default: 1)", numberParser(0, 100))
      .option("--top-k <k>", "sample from the k most likely tokens", integerParser(1, 1_000_000))
      .option("--top-p <p>", "sample from the most likely tokens with total probability p", numberParser(0, 1))
      .option("--seed <n>", "random seed (default: the seed of the run)", integerParser(0, 2 ** 32 - 1))
      .option("--greedy", "always take the most likely token")
      .option("--output <name>", "of several outputs the one that continues the text");
  },

  async run(output, command) {
    const [folder = ""] = command.args;
    const flags = command.opts<Flags>();
    const { prompt, length, greedy = false, temperature = greedy ? 0 : 1 } = flags;
    if (greedy && temperature > 0) {
      reportInvalidInput(output, "usage", "--greedy ignores the temperature", "Remove --greedy or --temperature.");
      return exitCodes.invalidInput;
    }
    const sampling: Sampling = { temperature, topK: flags.topK ?? null, topP: flags.topP ?? null };

    const { openTextGenerator } = await import("../../runtime/generation/generate-run.js");
    const opened = await openTextGenerator(folder);
    if (!opened.ok) {
      reportProblems(output, opened.error);
      return exitCodes.invalidInput;
    }
    // A terminal shows the text token by token; a pipe gets it whole.
    const isInteractive = process.stdout.isTTY === true;
    const onText = (chunk: string) => {
      if (isInteractive) output.write(escapeText(chunk));
    };
    const result = await opened.value.generate(
      { prompt, length, sampling, seed: flags.seed ?? null, output: flags.output ?? null },
      onText,
    );
    if (!result.ok) {
      reportProblems(output, result.error);
      return exitCodes.invalidInput;
    }
    const { text, tokens, seed } = result.value;
    output.write(isInteractive ? "\n" : `${text}\n`);
    output.record({ event: "result", prompt, text, tokens, seed });
    if (tokens.length === length) return exitCodes.success;
    reportFailure(output, `The outputs of the model became NaN after ${formatCount(tokens.length, "token")}.`, "");
    return exitCodes.failure;
  },
};
