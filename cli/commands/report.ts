/** `rnnx report`: an HTML report of a run. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandModule } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { reportProblems } from "../open-run.js";

export const report: CommandModule = {
  description:
    "Writes one HTML file about a run: learning curves, metrics, predictions, the model with its equations, the spec and the " +
    "environment. The file needs no network and no scripts.",
  example: "rnnx report runs/hihello --out hihello.html",

  declare(command) {
    command
      .argument("<run>", "run directory")
      .option("--out <file>", "file to write (default: report.html in the run directory)");
  },

  async run(output, command) {
    const [folder = ""] = command.args;
    const { out = join(folder, "report.html") } = command.opts<{ readonly out?: string }>();
    const [{ createReport }, { checkOutputFile }] = await Promise.all([
      import("../../views/report/report.js"),
      import("../../runtime/run/output-file.js"),
    ]);
    const replaced = checkOutputFile(out, folder);
    if (replaced !== undefined) {
      reportProblems(output, [replaced]);
      return exitCodes.invalidInput;
    }
    const result = await createReport(folder);
    if (!result.ok) {
      reportProblems(output, result.error);
      return exitCodes.invalidInput;
    }
    writeFileSync(out, result.value);
    output.record({ event: "result", run: folder, file: out, bytes: Buffer.byteLength(result.value) });
    output.print(out);
    return exitCodes.success;
  },
};
