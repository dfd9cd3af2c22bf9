/** `rnnx compare`: runs side by side, as a table and a chart. */
import { basename, resolve } from "node:path";
import { suggestion } from "../../schema/wording.js";
import type { ComparedRun } from "../../views/compare.js";
import type { CommandModule } from "../command.js";
import { exit } from "../exit.js";
import { refuse } from "../failures.js";
import { tableText } from "../inspection/table.js";
import { count, decimal } from "../numbers.js";
import type { Output } from "../output.js";
import { refusePicture, writePicture } from "../pictures.js";
import { refuseProblems } from "../run.js";

interface Flags {
  readonly metric: string;
  readonly out?: string;
}

export const compare: CommandModule = {
  description:
    "Says of several runs what differs in their specs, how far they came and how good they are; --out draws a number of all of\n" +
    "them over their steps.",
  example: "rnnx compare runs/ship runs/ship-tied --out loss.svg",

  declare(face) {
    face
      .argument("<run...>", "run directories")
      .option("--metric <name>", "what the chart shows", "loss")
      .option("--out <file>", "a picture to write, .svg or .png");
  },

  async run(output, face) {
    const { metric, out } = face.opts<Flags>();
    const refused = out === undefined ? undefined : refusePicture(output, out);
    if (refused !== undefined) return refused;
    const { compareRuns } = await import("../../views/compare.js");
    const compared = compareRuns(face.args);
    if (!compared.ok) {
      refuseProblems(output, compared.problems);
      return exit.wrongInput;
    }
    const { runs } = compared;
    if (out !== undefined) {
      const [{ comparisonChart }, { toSvg }, { comparedCurves }, { metricNames }] = await Promise.all([
        import("../../views/charts/curves.js"),
        import("../../views/charts/render.js"),
        import("../../views/compare.js"),
        import("../../views/history.js"),
      ]);
      const curves = comparedCurves(runs, metric);
      if (curves.length === 0) {
        const names = [...new Set(runs.flatMap(({ history }) => metricNames(history)))];
        refuse(output, "unknown-metric", `no run has numbers of "${metric}"`, suggestion(metric, names, "They have"));
        return exit.wrongInput;
      }
      await writePicture(out, await toSvg(comparisonChart(metric, curves, { width: 720, height: 360 })));
    }
    const records = runs.map(({ history: _, ...run }) => run);
    output.record({ event: "result", runs: records, ...(out !== undefined && { file: out }) });
    output.print(`${runsText(output, runs)}${out === undefined ? "" : `\n\n${out}`}`);
    return exit.done;
  },
};

function runsText({ colors }: Output, runs: readonly ComparedRun[]): string {
  const different = [...new Set(runs.flatMap((run) => Object.keys(run.differences)))];
  const metrics = [...new Set(runs.flatMap(({ scores }) => Object.keys(scores)))];
  const right = (title: string) => ({ title, align: "right" as const });
  return tableText(
    colors.print,
    [
      { title: "run" },
      ...different.map((title) => ({ title })),
      ...["parameters", "steps", "steps/s", ...metrics].map(right),
    ],
    runs.map((run) => [
      basename(resolve(run.run)),
      ...different.map((path) => run.differences[path] ?? ""),
      count(run.parameters),
      count(run.steps),
      run.speed === null ? "" : decimal(run.speed),
      ...metrics.map((name) => (run.scores[name] === undefined ? "" : decimal(run.scores[name]))),
    ]),
  );
}
