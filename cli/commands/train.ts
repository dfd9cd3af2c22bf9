/** `rnnx train`: trains a spec, shows how it goes, and says what it learnt and where it is. */
import { join, resolve } from "node:path";
import { Option } from "commander";
import type { TrainRequest } from "../../runtime/events.js";
import type { Override } from "../../schema/overrides.js";
import type { CommandModule } from "../command.js";
import { exit } from "../exit.js";
import { reportFailure } from "../failures.js";
import { byteCount, setOption, wholeNumber, withoutOption } from "../flags.js";
import { refuseUnknownPasses } from "../passes.js";
import { openSpec, refuseSpec } from "../spec.js";
import { interruption } from "../training/signals.js";
import { openView } from "../training/view.js";

interface Flags {
  readonly out?: string;
  readonly device: TrainRequest["device"];
  readonly steps?: number;
  readonly seed?: number;
  readonly set?: readonly Override[];
  readonly init?: string;
  readonly resume?: boolean;
  readonly memory?: number;
  readonly without?: readonly string[];
}

export const trainCommand: CommandModule = {
  description: "Trains a spec. Leaves the models, checkpoints and metrics in a run directory.",
  example: "rnnx train specs/hihello.json --steps 500 --set optimizer.learning_rate=0.05",

  declare(face) {
    face
      .argument("<spec>", "the spec, a JSON file")
      .option("--out <dir>", "the run directory (default: runs/<name of the spec>)")
      .addOption(
        new Option("--device <device>", "where to compute").choices(["auto", "cpu", "cuda", "webgpu"]).default("auto"),
      )
      .option("--steps <n>", "updates to make, in place of the spec's", wholeNumber(1, 1_000_000_000))
      .option("--seed <n>", "the seed of every random choice, in place of the spec's", wholeNumber(0, 2 ** 32 - 1))
      .addOption(setOption())
      .option("--init <file>", "first weights, a safetensors file")
      .option(
        "--memory <size>",
        "memory for batches as large as it allows, such as 2GB (default: most of what is free)",
        byteCount,
      )
      .option("--resume", "go on from the last checkpoint of the run directory")
      .addOption(withoutOption());
  },

  async run(output, face) {
    const [file = ""] = face.args;
    const flags = face.opts<Flags>();
    const { without = [] } = flags;
    const refused = await refuseUnknownPasses(output, without);
    if (refused !== undefined) return refused;
    const opened = await openSpec(output, file, overridesOf(flags));
    if (opened === undefined) return exit.wrongInput;

    const { spec, origins, folder } = opened;
    const request: TrainRequest = {
      spec,
      folder,
      out: flags.out ?? join("runs", spec.name),
      device: flags.device,
      resume: flags.resume === true,
      init: flags.init === undefined ? null : resolve(flags.init),
      ...(flags.memory !== undefined && { memory: flags.memory }),
      without,
    };
    const view = await openView(output);
    const interrupted = interruption(view.say, output.unread);
    const { train } = await import("../../runtime/train.js");
    const outcome = await train(request, { origins, signal: interrupted.signal, onEvent: view.show });
    interrupted.release();
    view.close();

    if (outcome.ok) return outcome.done.interrupted ? interrupted.exitCode() : exit.done;
    if (outcome.kind === "input") {
      await refuseSpec(output, opened.place(outcome.problems), opened.source);
      return exit.wrongInput;
    }
    reportFailure(output, outcome.message, outcome.hint);
    return exit.failed;
  },
};

function overridesOf({ steps, seed, set = [] }: Flags): readonly Override[] {
  return [
    ...set,
    ...(steps === undefined ? [] : [{ path: "train.steps", value: `${steps}`, flag: `--steps ${steps}` }]),
    ...(seed === undefined ? [] : [{ path: "seed", value: `${seed}`, flag: `--seed ${seed}` }]),
  ];
}
