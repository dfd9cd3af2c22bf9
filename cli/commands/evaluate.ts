/** `rnnx evaluate`: the metrics of a run on its own data, or on other data of the same kind. */
import { InvalidArgumentError, Option } from "commander";
import type { EvaluateOutcome, EvaluateRequest } from "../../runtime/evaluate-run.js";
import type { Override } from "../../schema/overrides.js";
import type { CommandModule } from "../command.js";
import { exit } from "../exit.js";
import { setOption } from "../flags.js";
import { tableText } from "../inspection/table.js";
import { count, decimal } from "../numbers.js";
import type { Output } from "../output.js";
import { endUnfinished, openRecordedSpec } from "../run.js";

interface Flags {
  readonly split?: "train" | "validation" | "test";
  readonly set?: readonly Override[];
  readonly checkpoint: EvaluateRequest["weights"];
  readonly device: EvaluateRequest["device"];
}

export const evaluate: CommandModule = {
  description:
    "Evaluates a run over every example of each part of its data. With --set data.file=… it evaluates other data, all of it\n" +
    "as test, read with the vocabulary, classes and scaler of the run.",
  example: "rnnx evaluate runs/stock --set data.file=next-year.csv",

  declare(face) {
    face
      .argument("<run>", "a run directory")
      .addOption(new Option("--split <part>", "evaluate this part alone").choices(["train", "validation", "test"]))
      .addOption(setOption())
      .option(
        "--checkpoint <which>",
        "weights of a checkpoint: best, last or a step (default: what the run ended with)",
        which,
        "end",
      )
      .addOption(
        new Option("--device <device>", "where to compute").choices(["auto", "cpu", "cuda", "webgpu"]).default("auto"),
      );
  },

  async run(output, face) {
    const [folder = ""] = face.args;
    const { split, set = [], checkpoint, device } = face.opts<Flags>();
    const opened = await openRecordedSpec(output, folder, set);
    if (opened === undefined) return exit.wrongInput;
    const { evaluateRun } = await import("../../runtime/evaluate-run.js");
    const request = { run: folder, data: opened.data, split: split ?? null, weights: checkpoint, device };
    const outcome = await evaluateRun(request);
    if (outcome.ok) {
      show(output, folder, outcome);
      return exit.done;
    }
    return endUnfinished(output, outcome, opened);
  },
};

function which(text: string): EvaluateRequest["weights"] {
  if (text === "best" || text === "last") return text;
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError("It takes best, last or a step.");
  return Number(text);
}

function show(
  output: Output,
  run: string,
  { step, examples, metrics, notices }: Extract<EvaluateOutcome, { ok: true }>,
) {
  for (const notice of notices) output.note(notice);
  output.record({ event: "result", run, step, examples, metrics });
  const parts = (["train", "validation", "test"] as const).filter((part) => examples[part] > 0);
  const names = Object.keys(metrics[parts[0] ?? "train"]);
  const columns = ["part", "examples", ...names].map(
    (title, place) => ({ title, align: place === 0 ? "left" : "right" }) as const,
  );
  const rows = parts.map((part) => [
    part,
    count(examples[part]),
    ...names.map((name) => decimal(metrics[part][name] ?? Number.NaN)),
  ]);
  output.print(`weights of step ${count(step)}\n\n${tableText(output.colors.print, columns, rows)}`);
}
