/** `rnnx report`: what a run is, how it learnt and what it says, in one HTML file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandModule } from "../command.js";
import { exit } from "../exit.js";
import { refuseProblems } from "../run.js";

export const report: CommandModule = {
  description:
    "Writes one HTML file about a run: curves, scores, what it says against what is true, the model and its equations, the spec and\n" +
    "the environment. It needs no network and no script to be read.",
  example: "rnnx report runs/hihello --out hihello.html",

  declare(face) {
    face
      .argument("<run>", "a run directory")
      .option("--out <file>", "the file to write (default: report.html in the run directory)");
  },

  async run(output, face) {
    const [folder = ""] = face.args;
    const { out = join(folder, "report.html") } = face.opts<{ readonly out?: string }>();
    const { reportOf } = await import("../../views/report/report.js");
    const made = await reportOf(folder);
    if (!made.ok) {
      refuseProblems(output, made.problems);
      return exit.wrongInput;
    }
    writeFileSync(out, made.html);
    output.record({ event: "result", run: folder, file: out, bytes: Buffer.byteLength(made.html) });
    output.print(out);
    return exit.done;
  },
};
