/** `rnnx generate`: text that a trained model writes after a prompt. */
import type { Sampling } from "../../runtime/sampling.js";
import type { CommandModule } from "../command.js";
import { exit } from "../exit.js";
import { refuse, reportFailure } from "../failures.js";
import { realNumber, wholeNumber } from "../flags.js";
import { refuseProblems } from "../run.js";
import { laidOut } from "../terminal.js";

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

  declare(face) {
    face
      .argument("<run>", "a run directory")
      .option("--prompt <text>", "what the text begins with (default: the first unit of the training text)", "")
      .option("--length <n>", "units to write after the prompt", wholeNumber(1, 10_000_000), 200)
      .option("--temperature <t>", "divides the logits; 0 is --greedy (default: 1)", realNumber(0, 100))
      .option("--top-k <k>", "draw among the likeliest k alone", wholeNumber(1, 1_000_000))
      .option("--top-p <p>", "draw among the likeliest that together have this probability", realNumber(0, 1))
      .option("--seed <n>", "chooses the text (default: the seed of the run)", wholeNumber(0, 2 ** 32 - 1))
      .option("--greedy", "always take the likeliest");
  },

  async run(output, face) {
    const [folder = ""] = face.args;
    const flags = face.opts<Flags>();
    const { prompt, length, greedy = false, temperature = greedy ? 0 : 1 } = flags;
    if (greedy && temperature > 0) {
      refuse(
        output,
        "usage",
        "--greedy always takes the likeliest, whatever the temperature",
        "Leave one of them out.",
      );
      return exit.wrongInput;
    }
    const sampling: Sampling = { temperature, topK: flags.topK ?? null, topP: flags.topP ?? null };

    const { openGenerator } = await import("../../runtime/generate.js");
    const opened = await openGenerator(folder);
    if (!opened.ok) {
      refuseProblems(output, opened.problems);
      return exit.wrongInput;
    }
    // On a terminal the text appears as it is written; elsewhere it comes whole.
    const live = process.stdout.isTTY === true;
    const onText = (piece: string) => {
      if (live) output.write(laidOut(piece));
    };
    const made = await opened.generator.generate({ prompt, length, sampling, seed: flags.seed ?? null }, onText);
    if (!made.ok) {
      refuseProblems(output, made.problems);
      return exit.wrongInput;
    }
    const { text, tokens, seed } = made.generated;
    output.write(live ? "\n" : `${text}\n`);
    output.record({ event: "result", prompt, text, tokens, seed });
    if (tokens.length === length) return exit.done;
    reportFailure(output, `The model's outputs stopped being numbers after ${tokens.length} units.`, "");
    return exit.failed;
  },
};
