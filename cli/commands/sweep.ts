/** `rnnx sweep`: trains a spec many times over, with other values each time, and says which are best. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Option } from "commander";
import type { TrainRequest } from "../../runtime/events.js";
import type { GridAxis, SampleAxis, TrialValues } from "../../runtime/sweep/plan.js";
import { type Mode, type StoppingRule, stoppingRules } from "../../runtime/sweep/stopping.js";
import type { Trial } from "../../runtime/sweep/sweep.js";
import type { Override } from "../../schema/overrides.js";
import type { CommandModule } from "../command.js";
import { exit } from "../exit.js";
import { refuse, reportFailure } from "../failures.js";
import { setOption, wholeNumber } from "../flags.js";
import type { Output } from "../output.js";
import { refuseProblems } from "../run.js";
import { type OpenedSpec, openSpec } from "../spec.js";
import { gridAxis, sampleAxis } from "../sweep/axes.js";
import { drawSweep, ranked, rankingText, trialLines, valuesText } from "../sweep/view.js";
import { interruption } from "../training/signals.js";

interface Flags {
  readonly grid?: readonly GridAxis[];
  readonly sample?: readonly SampleAxis[];
  readonly draws: number;
  readonly seed: number;
  readonly metric: string;
  readonly mode?: Mode;
  readonly stop: StoppingRule;
  readonly jobs?: number;
  readonly out?: string;
  readonly set?: readonly Override[];
  readonly device: TrainRequest["device"];
}

/** Metrics of which more is better, when nothing is said. */
const larger = /accuracy|^f1$|^precision$|^recall$|^exact_sequence$/;

export const sweep: CommandModule = {
  description:
    "Trains a spec with every combination of the values of --grid, each with so many draws of --sample, several at a time. The same\n" +
    "command goes on with a sweep that was interrupted. Leaves a table (results.json), a chart (chart.svg) and every trial's run directory.",
  example:
    "rnnx sweep specs/ship.json --grid optimizer.learning_rate=0.1,0.03 --sample model.1.hidden_size=8..32 --draws 4",

  declare(face) {
    face
      .argument("<spec>", "the spec, a JSON file")
      .option("--grid <path.to.key=a,b,…>", "values to try, each; may be repeated", gridAxis)
      .option(
        "--sample <path.to.key=low..high>",
        "values to draw from a range (low..high:log by factors; whole numbers between whole ends) or a list; may be repeated",
        sampleAxis,
      )
      .option(
        "--draws <n>",
        "draws of the sampled values for each combination of the listed ones",
        wholeNumber(1, 100_000),
        10,
      )
      .option("--seed <n>", "chooses the draws", wholeNumber(0, 2 ** 32 - 1), 0)
      .option("--metric <name>", "what is compared: of the validation part, or of train where there is none", "loss")
      .addOption(
        new Option("--mode <mode>", "whether less or more of it is better (default: as the metric is)").choices([
          "min",
          "max",
        ]),
      )
      .addOption(
        new Option(
          "--stop <rule>",
          "end bad trials early: those worse than the median at the same step, or all but the best third at 1/9 and 1/3 of the steps",
        )
          .choices([...stoppingRules])
          .default("none"),
      )
      .option("--jobs <n>", "trials at a time (default: one for each core)", wholeNumber(1, 1024))
      .option("--out <dir>", "the sweep's folder (default: runs/<name of the spec>-sweep)")
      .addOption(setOption())
      .addOption(
        new Option("--device <device>", "where to compute").choices(["auto", "cpu", "cuda", "webgpu"]).default("auto"),
      );
  },

  async run(output, face) {
    const [file = ""] = face.args;
    const flags = face.opts<Flags>();
    const { grid = [], sample: samples = [], draws, seed, metric, stop: stopping, device, set = [] } = flags;
    if (grid.length + samples.length === 0) {
      refuse(output, "usage", "a sweep needs values to try", "For example --grid optimizer.learning_rate=0.1,0.01.");
      return exit.wrongInput;
    }
    const opened = await openSpec(output, file, set);
    if (opened === undefined) return exit.wrongInput;
    const { spec, folder } = opened;
    const [{ trialsOf }, { beginSweep }, { runSweep }] = await Promise.all([
      import("../../runtime/sweep/plan.js"),
      import("../../runtime/sweep/record.js"),
      import("../../runtime/sweep/sweep.js"),
    ]);
    const plan = { grid, samples, draws, seed };
    const trials = await trialSpecs(output, file, set, trialsOf(plan));
    if (trials === undefined) return exit.wrongInput;

    const mode = flags.mode ?? (larger.test(metric) ? "max" : "min");
    const out = flags.out ?? join("runs", `${spec.name}-sweep`);
    const text = JSON.stringify([file, set.map(({ flag }) => flag)]);
    const begun = beginSweep(out, { format: 1, spec: text, plan, metric, mode, stopping });
    if (!begun.ok) {
      refuseProblems(output, begun.problems);
      return exit.wrongInput;
    }
    const jobs = flags.jobs ?? availableParallelism();
    output.note(`${trials.length} trials, ${Math.min(jobs, trials.length)} at a time, in ${out}`);
    const interrupted = interruption(output.note, output.unread);
    const records = await runSweep(
      { trials, folder, out, jobs, device, metric, mode, stopping },
      { signal: interrupted.signal, onEvent: trialLines(output, trials.length) },
    );
    interrupted.release();

    const order = ranked(records, mode);
    const chart = await drawSweep(out, records, metric);
    const [best] = order.filter(({ state }) => state === "done");
    output.record({
      event: "result",
      out,
      metric,
      best: best ?? null,
      trials: order,
      ...(chart !== undefined && { chart }),
    });
    output.print(`\n${rankingText(output, order, metric)}${chart === undefined ? "" : `\n\n${chart}`}`);
    if (interrupted.signal.aborted) return interrupted.exitCode();
    if (best !== undefined) {
      if (best.value === null) output.note(`No trial reports "${metric}".`);
      return exit.done;
    }
    const [first] = order;
    reportFailure(output, "No trial came to its end.", first?.message ?? "");
    return exit.failed;
  },
};

/** The spec of every trial, or undefined when some values are wrong, which the user has been told. */
async function trialSpecs(
  output: Output,
  file: string,
  set: readonly Override[],
  values: readonly TrialValues[],
): Promise<readonly Trial[] | undefined> {
  const trials: Trial[] = [];
  for (const [index, given] of values.entries()) {
    const overrides = Object.entries(given).map(([path, value]) => ({
      path,
      value: typeof value === "string" ? value : JSON.stringify(value),
      flag: `the trial ${valuesText({ [path]: value })}`,
    }));
    const opened: OpenedSpec | undefined = await openSpec(output, file, [...set, ...overrides]);
    if (opened === undefined) return undefined;
    trials.push({ trial: index + 1, values: given, spec: opened.spec });
  }
  return trials;
}
