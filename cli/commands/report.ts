/** `rnnx report`: an HTML report of a run. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CommandModule } from "../command.js";
import { exitCodes } from "../exit-codes.js";
import { reportProblems } from "../open-run.js";
import { integerParser } from "../option-parsers.js";

interface Flags {
  readonly example?: number;
  readonly out?: string;
}

export const report: CommandModule = {
  description:
    "Writes one HTML file about a run: learning curves, metrics, predictions, attention, the model with its equations, the spec and " +
    "the environment. The file needs no network and no scripts.",
  example: "rnnx report runs/hihello --out hihello.html",

  declare(command) {
    command
      .argument("<run>", "run directory")
      .option(
        "--example <number>",
        "example of the data whose attention is shown, from 0 (default: one of at most 32 steps)",
        integerParser(0, Number.MAX_SAFE_INTEGER),
      )
      .option("--out <file>", "file to write (default: report.html in the run directory)");
  },

  async run(output, command) {
    const [folder = ""] = command.args;
    const { out = join(folder, "report.html"), example = null } = command.opts<Flags>();
    const [{ createReport }, { checkOutputFile }] = await Promise.all([
      import("../../views/report/report.js"),
      import("../../runtime/run/output-file.js"),
    ]);
    const replaced = checkOutputFile(out, folder);
    if (replaced !== undefined) {
      reportProblems(output, [replaced]);
      return exitCodes.invalidInput;
    }
    const result = await createReport(folder, example);
    if (!result.ok) {
      reportProblems(output, result.error);
      return exitCodes.invalidInput;
    }
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, result.value);
    output.record({ event: "result", run: folder, file: out, bytes: Buffer.byteLength(result.value) });
    output.print(out);
    return exitCodes.success;
  },
};
