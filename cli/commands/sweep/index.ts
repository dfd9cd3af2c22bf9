/** `rnnx sweep`: hyperparameter search by grid and random sampling, with pruning. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Option } from "commander";
import { type Mode, type Pruner, pruners } from "../../../runtime/sweep/pruning.js";
import type { GridAxis, SampleAxis, TrialValues } from "../../../runtime/sweep/search-space.js";
import type { Trial } from "../../../runtime/sweep/sweep.js";
import type { TrainRequest } from "../../../runtime/training/request.js";
import { suggestion } from "../../../schema/diagnostics/suggest.js";
import { directionOf } from "../../../schema/kinds/metrics.js";
import { ownMetricDirections, reportedMetrics } from "../../../schema/kinds/reported-metrics.js";
import { foldUnitsNotice, scaledUnitsNotice } from "../../../schema/kinds/scaled-metrics.js";
import type { Override } from "../../../schema/parse/overrides.js";
import type { CommandModule } from "../../command.js";
import { reportFailure, reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import { reportProblems } from "../../open-run.js";
import { type OpenedSpec, openSpec } from "../../open-spec.js";
import { allowTf32Option, deviceOption, integerParser, setOption } from "../../option-parsers.js";
import type { Output } from "../../output.js";
import { stopOnSignal } from "../../signals.js";
import { foldsText, rankingText, rankTrials, trialReporter, valuesText, writeSweepChart } from "./console.js";
import { parseGridAxis, parseSampleAxis } from "./search-space-flags.js";

interface Flags {
  readonly grid?: readonly GridAxis[];
  readonly sample?: readonly SampleAxis[];
  readonly numSamples: number;
  readonly seed: number;
  readonly metric: string;
  readonly mode?: Mode;
  readonly pruner: Pruner;
  readonly jobs?: number;
  readonly out?: string;
  readonly set?: readonly Override[];
  readonly device: TrainRequest["device"];
}

export const sweep: CommandModule = {
  description:
    "Trains a spec with every combination of --grid values and --num-samples samples of --sample, several trials at a time. " +
    "Writes results.json, chart.svg and a run directory per trial. The same command resumes an interrupted sweep. " +
    "A spec with data.split.folds is trained in every fold, also without values.",
  example:
    "rnnx sweep specs/ship.json --grid optimizer.learning_rate=0.1,0.03 --sample model.1.hidden_size=8..32 --num-samples 4",

  declare(command) {
    command
      .argument("<spec>", "spec (.json)")
      .optionsGroup("Search space:")
      .option("--grid <path.to.key=a,b,…>", "grid axis: try every listed value (repeatable)", parseGridAxis)
      .option(
        "--sample <path.to.key=low..high>",
        "random axis: low..high (integers between integer bounds), low..high:log, or a list a,b,… (repeatable)",
        parseSampleAxis,
      )
      .option("--num-samples <n>", "samples per grid combination", integerParser(1, 100_000), 10)
      .option("--seed <n>", "random seed of the samples", integerParser(0, 2 ** 32 - 1), 0)
      .addOption(setOption())
      .optionsGroup("Objective:")
      .option("--metric <name>", "validation metric to compare, or train metric without a validation split", "loss")
      .addOption(
        new Option("--mode <mode>", "minimize or maximize the metric")
          .choices(["min", "max"])
          .default(undefined, "by metric"),
      )
      .addOption(
        new Option(
          "--pruner <rule>",
          "stop trials early that are worse than the median at the same step, or not in the best third at 1/9 and 1/3 of the steps",
        )
          .choices([...pruners])
          .default("none"),
      )
      .optionsGroup("Execution:")
      .option("--out <dir>", "sweep directory (default: runs/<spec name>-sweep)")
      .option("--jobs <n>", "parallel trials (default: one per core)", integerParser(1, 1024))
      .addOption(deviceOption())
      .addOption(allowTf32Option());
  },

  async run(output, command) {
    const [file = ""] = command.args;
    const flags = command.opts<Flags>();
    const { grid = [], sample: samples = [], numSamples, seed, metric, pruner, device, set = [] } = flags;
    const opened = await openSpec(output, file, set);
    if (opened === undefined) return exitCodes.invalidInput;
    const { spec, folder } = opened;
    const [{ generateTrials }, { openSweep }, { runSweep }, { foldsOf, inFolds, summarizeFolds }] = await Promise.all([
      import("../../../runtime/sweep/search-space.js"),
      import("../../../runtime/sweep/results.js"),
      import("../../../runtime/sweep/sweep.js"),
      import("../../../runtime/sweep/cross-validation.js"),
    ]);
    const folds = foldsOf(
      spec,
      [...grid, ...samples, ...set].map(({ path }) => path),
    );
    const conflict = usageProblem(grid.length + samples.length, folds, pruner);
    if (conflict !== undefined) {
      reportInvalidInput(output, "usage", conflict.message, conflict.hint);
      return exitCodes.invalidInput;
    }
    const searchSpace = { grid, samples, num_samples: numSamples, seed };
    const combinations = generateTrials(searchSpace);
    const values = folds === null ? combinations : inFolds(combinations, folds);
    const trials = await openTrials(output, file, set, values);
    if (trials === undefined) return exitCodes.invalidInput;

    const metrics = new Set(trials.flatMap((trial) => reportedMetrics(trial.spec)));
    if (!metrics.has(metric)) {
      reportInvalidInput(
        output,
        "unknown-metric",
        `no trial has a metric "${metric}"`,
        suggestion(metric, [...metrics], "Metrics"),
      );
      return exitCodes.invalidInput;
    }
    const measured = trials.find((trial) => reportedMetrics(trial.spec).includes(metric))?.spec ?? spec;
    const mode = flags.mode ?? directionOf(metric, ownMetricDirections(measured));
    const out = flags.out ?? join("runs", `${spec.name}-sweep`);
    const specKey = JSON.stringify([file, set.map(({ flag }) => flag)]);
    const started = openSweep(out, { format: 1, spec: specKey, search_space: searchSpace, metric, mode, pruner });
    if (!started.ok) {
      reportProblems(output, started.error);
      return exitCodes.invalidInput;
    }
    const jobs = flags.jobs ?? availableParallelism();
    output.note(`${trials.length} trials, ${Math.min(jobs, trials.length)} in parallel, in ${out}`);
    const specs = trials.map((trial) => trial.spec);
    const units = scaledUnitsNotice(specs, [metric]) ?? (folds === null ? undefined : foldUnitsNotice(spec, metric));
    if (units !== undefined) output.note(units);
    const interrupt = stopOnSignal(output.note, output.closed);
    const records = await runSweep(
      { trials, folder, out, jobs, device, metric, mode, pruner, isCrossValidation: folds !== null },
      { signal: interrupt.signal, onEvent: trialReporter(output, trials.length) },
    );
    interrupt.release();

    const ranking = folds === null ? rankTrials(records, mode) : records;
    const summaries = folds === null ? undefined : summarizeFolds(records, mode);
    const chart = await writeSweepChart(out, records, metric);
    const [best] = ranking.filter(({ state }) => state === "done");
    const column = summaries === undefined ? metric : `test ${metric}`;
    output.record({
      event: "result",
      out,
      metric,
      best: summaries === undefined ? (best ?? null) : null,
      ...(summaries !== undefined && { folds: summaries }),
      trials: ranking,
      ...(chart !== undefined && { chart }),
    });
    output.print(`\n${rankingText(output, ranking, column)}${chart === undefined ? "" : `\n\n${chart}`}`);
    if (summaries !== undefined) output.print(`\n${foldsText(output, summaries, metric)}`);
    if (interrupt.signal.aborted) return interrupt.exitCode();
    if (best !== undefined) {
      if (best.value === null) output.note(`No trial has the metric "${metric}".`);
      return exitCodes.success;
    }
    const [first] = ranking;
    reportFailure(output, "No trial finished.", first?.message ?? "");
    return exitCodes.failure;
  },
};

/** The problem of flags without anything to search, or that folds do not have. @param axes of the search space. */
function usageProblem(axes: number, folds: number | null, pruner: Pruner) {
  if (axes === 0 && folds === null)
    return {
      message: "a sweep needs --grid or --sample, or a spec with data.split.folds",
      hint: "For example --grid optimizer.learning_rate=0.1,0.01.",
    };
  if (folds === null || pruner === "none") return undefined;
  return { message: "folds are compared when all of them are trained", hint: "Remove --pruner." };
}

/** The spec of every trial; undefined after reporting invalid values. */
async function openTrials(
  output: Output,
  file: string,
  baseOverrides: readonly Override[],
  values: readonly TrialValues[],
): Promise<readonly Trial[] | undefined> {
  const trials: Trial[] = [];
  for (const [index, trialValues] of values.entries()) {
    const overrides = Object.entries(trialValues).map(([path, value]) => ({
      path,
      value: typeof value === "string" ? value : JSON.stringify(value),
      flag: `the trial ${valuesText({ [path]: value })}`,
    }));
    const opened: OpenedSpec | undefined = await openSpec(output, file, [...baseOverrides, ...overrides]);
    if (opened === undefined) return undefined;
    trials.push({ trial: index + 1, values: trialValues, spec: opened.spec });
  }
  return trials;
}
