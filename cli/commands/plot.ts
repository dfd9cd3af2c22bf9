/** `rnnx plot`: any number of a run over its steps, on the terminal or as a picture. */
import { join } from "node:path";
import { suggestion } from "../../schema/wording.js";
import type { CommandModule } from "../command.js";
import { exit } from "../exit.js";
import { refuse } from "../failures.js";
import { wholeNumber } from "../flags.js";
import { refusePicture, writePicture } from "../pictures.js";
import { refuseProblems } from "../run.js";

interface Flags {
  readonly metric: string;
  readonly out?: string;
  readonly width: number;
  readonly height: number;
}

export const plot: CommandModule = {
  description:
    "Draws a number of a run over its steps: loss, gradient_norm, learning_rate, loss_scale (of float16), or a metric of its\n" +
    "evaluations. On the terminal, or with --out as an SVG or PNG picture.",
  example: "rnnx plot runs/stock --metric rmse --out rmse.svg",

  declare(face) {
    face
      .argument("<run>", "a run directory")
      .option("--metric <name>", "what to draw", "loss")
      .option("--out <file>", "the picture to write, .svg or .png")
      .option("--width <n>", "of the picture", wholeNumber(100, 4000), 720)
      .option("--height <n>", "of the picture", wholeNumber(60, 4000), 320);
  },

  async run(output, face) {
    const [folder = ""] = face.args;
    const { metric, out, width, height } = face.opts<Flags>();
    const refused = out === undefined ? undefined : refusePicture(output, out);
    if (refused !== undefined) return refused;
    const [{ openRun }, { curvesOf, metricNames, readHistory }] = await Promise.all([
      import("../../runtime/run.js"),
      import("../../views/history.js"),
    ]);
    const opened = openRun(folder);
    if (!opened.ok) {
      refuseProblems(output, opened.problems);
      return exit.wrongInput;
    }
    const history = readHistory(folder);
    const curves = curvesOf(history, metric);
    if (curves.length === 0) {
      const hint = suggestion(metric, metricNames(history), "It has");
      refuse(output, "unknown-metric", `${join(folder)} has no numbers of "${metric}"`, hint);
      return exit.wrongInput;
    }
    output.record({ event: "result", run: folder, metric, ...(out !== undefined && { file: out }), curves });
    if (out === undefined) {
      const { terminalChart } = await import("../../views/charts/terminal.js");
      output.print(terminalChart(metric, curves, output.colors.print, process.stdout.columns ?? 80));
      return exit.done;
    }
    const [{ curveChart }, { toSvg }] = await Promise.all([
      import("../../views/charts/curves.js"),
      import("../../views/charts/render.js"),
    ]);
    const { name } = opened.run.spec;
    await writePicture(out, await toSvg(curveChart(`${metric} of ${name}`, curves, { width, height })));
    output.print(out);
    return exit.done;
  },
};
