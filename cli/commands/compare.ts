/** `rnnx compare`: a table and a chart of several runs. */
import { basename, resolve } from "node:path";
import { formatInteger, formatNumber, formatSpeed } from "../../runtime/format.js";
import { suggestion } from "../../schema/diagnostics/suggest.js";
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
    const records = runs.map(({ history: _, ...run }) => run);
    output.record({ event: "result", runs: records, ...(out !== undefined && { file: out }) });
    output.print(`${comparisonTable(output, runs)}${out === undefined ? "" : `\n\n${out}`}`);
    return exitCodes.success;
  },
};

function comparisonTable({ colors }: Output, runs: readonly ComparedRun[]): string {
  const differingPaths = essentialPaths(runs);
  const metrics = [...new Set(runs.flatMap(({ scores }) => Object.keys(scores)))];
  const rightAligned = (title: string) => ({ title, align: "right" as const });
  return tableText(
    colors.print,
    [
      { title: "run" },
      ...differingPaths.map((title) => ({ title })),
      ...["parameters", "steps", "steps/s", ...metrics].map(rightAligned),
    ],
    runs.map((run) => [
      basename(resolve(run.run)),
      ...differingPaths.map((path) => run.differences[path] ?? ""),
      formatInteger(run.parameters),
      formatInteger(run.steps),
      run.speed === null ? "" : formatSpeed(run.speed),
      ...metrics.map((name) => (run.scores[name] === undefined ? "" : formatNumber(run.scores[name]))),
    ]),
  );
}

/** Keys whose value decides which other keys their object has. */
const kindKeys = ["layer", "cell", "type"];

/** The differing paths, without options that one run lacks because a part of its model is of another kind. */
function essentialPaths(runs: readonly ComparedRun[]): readonly string[] {
  const paths = [...new Set(runs.flatMap((run) => Object.keys(run.differences)))];
  const hasOtherKind = (path: string): boolean => {
    const keys = path.split(".");
    return keys.some((_, depth) => {
      const parent = keys.slice(0, depth).join(".");
      return kindKeys.some((kind) => `${parent}.${kind}` !== path && paths.includes(`${parent}.${kind}`));
    });
  };
  return paths.filter(
    (path) =>
      runs.every(({ differences }) => (differences[path] ?? absentValue) !== absentValue) || !hasOtherKind(path),
  );
}
