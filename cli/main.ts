/** The program: finds the command that was asked for, reads its flags, runs it, and turns every ending into an exit code. */
import { CommanderError, Command as Face } from "commander";
import { detectLaunch } from "../runtime/distributed/launcher.js";
import { packageVersion } from "../schema/package-root.js";
import type { Command } from "./command.js";
import { commands } from "./commands/index.js";
import { reportInvalidInput, reportUnexpected, reportUsageError } from "./errors.js";
import { exitCodes } from "./exit-codes.js";
import { type Output, openOutput } from "./output.js";

/** Runs one command line (without `node` and the program's name) and says the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const output = openOutput(args.includes("--json"));
  try {
    return await dispatch(args, output);
  } catch (error) {
    return reportUnexpected(output, error);
  }
}

async function dispatch(args: readonly string[], output: Output): Promise<number> {
  const program = createProgram(output);
  let code: number = exitCodes.invalidInput;
  const name = args.find((argument) => !argument.startsWith("-"));
  const selected = commands.find((command) => command.name === name);
  for (const command of commands) {
    const subcommand = program.command(command.name).summary(command.summary);
    if (command !== selected) continue;
    await declareCommand(command, subcommand, output, (result) => {
      code = result;
    });
  }
  if (args.every((argument) => argument === "--json")) {
    program.outputHelp({ error: true });
    reportInvalidInput(output, "usage", "no command given", "See rnnx --help.");
    return exitCodes.invalidInput;
  }
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCodes.success;
    // Of processes that share a training the first one speaks.
    if (selected?.name === "train" && (detectLaunch()?.rank ?? 0) > 0) return exitCodes.invalidInput;
    reportUsageError(output, error, selected === undefined ? "rnnx --help" : `rnnx ${selected.name} --help`);
    return exitCodes.invalidInput;
  }
  return code;
}

function createProgram(output: Output): Face {
  const writeHelp = (text: string) => (output.json ? process.stderr : process.stdout).write(text);
  return new Face("rnnx")
    .description("Compiles JSON specs of recurrent networks into ONNX training graphs, and trains them.")
    .version(packageVersion(), "--version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .option("--json", "one JSON object per line on stdout, and nothing else there")
    .addHelpText("after", "\nExample:\n  $ rnnx train specs/hihello.json")
    .exitOverride()
    .configureOutput({ writeOut: writeHelp, outputError: () => undefined });
}

/** Reads the module of the chosen command and declares its flags; the others stay a line in the list. */
async function declareCommand(
  command: Command,
  subcommand: Face,
  output: Output,
  setExitCode: (code: number) => void,
): Promise<void> {
  const module = await command.load();
  subcommand.description(module.description);
  module.declare(subcommand);
  subcommand
    .option("--json", "one JSON object per line on stdout, and nothing else there")
    .addHelpText("after", `\nExample:\n  $ ${module.example}`)
    .action(async () => setExitCode(await module.run(output, subcommand)));
}
