/** `rnnx plot`: a metric of a run over its steps, on the terminal or as an image. */
import { join } from "node:path";
import { suggestion } from "../../schema/diagnostics/suggest.js";
import type { CommandModule } from "../command.js";
import { reportInvalidInput } from "../errors.js";
import { exitCodes } from "../exit-codes.js";
import { checkImageFile, writeImage } from "../image-output.js";
import { reportProblems } from "../open-run.js";
import { integerParser } from "../option-parsers.js";

interface Flags {
  readonly metric: string;
  readonly out?: string;
  readonly width: number;
  readonly height: number;
}

export const plot: CommandModule = {
  description:
    "Plots one metric of a run over its steps: loss, gradient_norm, learning_rate, loss_scale (float16) or an evaluation metric. " +
    "Draws on the terminal, or an SVG or PNG image with --out.",
  example: "rnnx plot runs/stock --metric rmse --out rmse.svg",

  declare(command) {
    command
      .argument("<run>", "run directory")
      .option("--metric <name>", "metric to plot", "loss")
      .option("--out <file>", "image to write (.svg, .png)")
      .option("--width <n>", "width of the image in pixels", integerParser(100, 4000), 720)
      .option("--height <n>", "height of the image in pixels", integerParser(60, 4000), 320);
  },

  async run(output, command) {
    const [folder = ""] = command.args;
    const { metric, out, width, height } = command.opts<Flags>();
    const ignored = ["width", "height"].find((name) => command.getOptionValueSource(name) === "cli");
    if (out === undefined && ignored !== undefined) {
      reportInvalidInput(
        output,
        "usage",
        `--${ignored} requires --out`,
        "A chart on the terminal has the width of the terminal.",
      );
      return exitCodes.invalidInput;
    }
    const exitCode = out === undefined ? undefined : checkImageFile(output, out);
    if (exitCode !== undefined) return exitCode;
    const [{ openRun }, { curvesOf, metricNames, readHistory }] = await Promise.all([
      import("../../runtime/run/open.js"),
      import("../../views/metrics-history.js"),
    ]);
    const opened = openRun(folder, "metrics");
    if (!opened.ok) {
      reportProblems(output, opened.error);
      return exitCodes.invalidInput;
    }
    const history = readHistory(folder);
    const curves = curvesOf(history, metric);
    if (curves.length === 0 && history.steps.length === 0 && history.evaluations.length === 0) {
      const message = `${join(folder)} has no metrics: no step was trained`;
      reportInvalidInput(output, "no-steps", message, "Train the run, with --resume if it was interrupted.");
      return exitCodes.invalidInput;
    }
    if (curves.length === 0) {
      const hint = suggestion(metric, metricNames(history), "Metrics");
      reportInvalidInput(output, "unknown-metric", `${join(folder)} has no metric "${metric}"`, hint);
      return exitCodes.invalidInput;
    }
    output.record({ event: "result", run: folder, metric, ...(out !== undefined && { file: out }), curves });
    if (out === undefined) {
      const { terminalChart } = await import("../../views/charts/ascii-chart.js");
      output.print(terminalChart(metric, curves, output.colors.print, process.stdout.columns || 80));
      return exitCodes.success;
    }
    const [{ curveChart }, { toSvg }] = await Promise.all([
      import("../../views/charts/learning-curves.js"),
      import("../../views/charts/render.js"),
    ]);
    const { name } = opened.value.spec;
    await writeImage(out, await toSvg(curveChart(`${metric} of ${name}`, curves, { width, height })));
    output.print(out);
    return exitCodes.success;
  },
};
