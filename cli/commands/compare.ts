/** `rnnx compare`: a table and a chart of several runs. */
import { basename, resolve } from "node:path";
import { formatCount, formatInteger, formatNumber, formatSpeed } from "../../runtime/format.js";
import { suggestion } from "../../schema/diagnostics/suggest.js";
import { reportedMetrics } from "../../schema/kinds/reported-metrics.js";
import { scaledUnitsNotice } from "../../schema/kinds/scaled-metrics.js";
import { absentValue, type ComparedRun } from "../../views/compare-runs.js";
import type { CommandModule } from "../command.js";
import { reportInvalidInput } from "../errors.js";
import { exitCodes } from "../exit-codes.js";
import { checkImageFile, writeImage } from "../image-output.js";
import { reportProblems } from "../open-run.js";
import type { Output } from "../output.js";
import { tableText } from "../table.js";

interface Flags {
  readonly metric: string;
  readonly out?: string;
}

export const compare: CommandModule = {
  description:
    "Prints a table of the settings that differ between runs, their speed and their metrics. --out plots one metric of all runs.",
  example: "rnnx compare runs/ship runs/ship-tied --out loss.svg",

  declare(command) {
    command
      .argument("<run...>", "run directories")
      .option("--metric <name>", "metric to plot", "loss")
      .option("--out <file>", "chart to write (.svg, .png)");
  },

  async run(output, command) {
    const { metric, out } = command.opts<Flags>();
    if (out === undefined && command.getOptionValueSource("metric") === "cli") {
      reportInvalidInput(output, "usage", "--metric requires --out", "The table has every metric; --out plots one.");
      return exitCodes.invalidInput;
    }
    const exitCode = out === undefined ? undefined : checkImageFile(output, out);
    if (exitCode !== undefined) return exitCode;
    const { compareRuns } = await import("../../views/compare-runs.js");
    const comparison = compareRuns(command.args);
    if (!comparison.ok) {
      reportProblems(output, comparison.error);
      return exitCodes.invalidInput;
    }
    const runs = comparison.value;
    if (out !== undefined) {
      const [{ comparisonChart }, { toSvg }, { comparedCurves }, { curveLabels, metricNames }] = await Promise.all([
        import("../../views/charts/learning-curves.js"),
        import("../../views/charts/render.js"),
        import("../../views/compare-runs.js"),
        import("../../views/metrics-history.js"),
      ]);
      const curves = comparedCurves(runs, metric);
      if (curves.length === 0) {
        const names = [...new Set(runs.flatMap(({ history }) => metricNames(history)))];
        reportInvalidInput(
          output,
          "unknown-metric",
          `no run has the metric "${metric}"`,
          suggestion(metric, names, "Metrics"),
        );
        return exitCodes.invalidInput;
      }
      const splits = [...new Set(curves.map(({ split }) => curveLabels[split]))];
      const title = `${metric} (${splits.join(", ")})`;
      await writeImage(out, await toSvg(comparisonChart(title, curves, { width: 720, height: 360 })));
    }
    const records = runs.map(({ history: _, spec: __, ...run }) => run);
    const names = [...new Set(runs.flatMap(({ spec }) => reportedMetrics(spec)))];
    const units = scaledUnitsNotice(
      runs.map(({ spec }) => spec),
      names,
    );
    if (units !== undefined) output.note(units);
    output.record({ event: "result", runs: records, ...(out !== undefined && { file: out }) });
    output.print(`${comparisonTable(output, runs)}${out === undefined ? "" : `\n\n${out}`}`);
    return exitCodes.success;
  },
};

function comparisonTable({ colors }: Output, runs: readonly ComparedRun[]): string {
  const { shown, omitted } = selectPaths(runs);
  const metrics = [...new Set(runs.flatMap(({ scores }) => Object.keys(scores)))];
  const rightAligned = (title: string) => ({ title, align: "right" as const });
  const table = tableText(
    colors.print,
    [
      { title: "run" },
      ...shown.map((title) => ({ title })),
      ...["parameters", "steps", "steps/s", ...metrics].map(rightAligned),
    ],
    runs.map((run) => [
      basename(resolve(run.run)),
      ...shown.map((path) => run.differences[path] ?? ""),
      formatInteger(run.parameters),
      formatInteger(run.steps),
      run.speed === null ? "" : formatSpeed(run.speed),
      ...metrics.map((name) => (run.scores[name] === undefined ? "" : formatNumber(run.scores[name]))),
    ]),
  );
  if (omitted.length === 0) return table;
  const options = formatCount(omitted.length, "option");
  return `${table}\n\n${colors.print.dim(`without ${options} of parts that only some of the runs have; --json prints them`)}`;
}

/** Keys whose value decides which other keys their object has. */
const kindKeys = ["layer", "cell", "type"];

/**
 * The differing paths. Omitted are the options that one run lacks because a part of its spec is of another kind, if
 * parts of that kind have one value of the option in all runs.
 */
function selectPaths(runs: readonly ComparedRun[]): {
  readonly shown: readonly string[];
  readonly omitted: readonly string[];
} {
  const all = [...new Set(runs.flatMap((run) => Object.keys(run.differences)))];
  const settingOf = ({ differences }: ComparedRun, path: string) => differences[path] ?? absentValue;
  const isUnset = (value: string) => value === absentValue || value === "null";
  // An object in some runs and null in the others: the paths of its keys have the difference.
  const paths = all.filter(
    (path) => !all.some((other) => other.startsWith(`${path}.`)) || !runs.every((run) => isUnset(settingOf(run, path))),
  );
  /** The path of the kind that differs between the runs, of the outermost part that contains an option. */
  const kindPath = (path: string): string | undefined => {
    const keys = path.split(".");
    return keys
      .flatMap((_, depth) => kindKeys.map((kind) => [...keys.slice(0, depth), kind].join(".")))
      .find((kind) => kind !== path && paths.includes(kind));
  };
  /** The values of each option by its kind of part and its name. */
  const values = new Map<string, Set<string>>();
  const optionName = (run: ComparedRun, path: string) =>
    `${settingOf(run, kindPath(path) ?? "")} ${path.split(".").at(-1)}`;
  const present = (path: string) => runs.filter((run) => settingOf(run, path) !== absentValue);
  const optional = paths.filter((path) => kindPath(path) !== undefined && present(path).length < runs.length);
  for (const path of optional)
    for (const run of present(path)) {
      const name = optionName(run, path);
      values.set(name, (values.get(name) ?? new Set()).add(settingOf(run, path)));
    }
  const omitted = optional.filter(
    (path) => new Set(present(path).flatMap((run) => [...(values.get(optionName(run, path)) ?? [])])).size === 1,
  );
  return { shown: paths.filter((path) => !omitted.includes(path)), omitted };
}
