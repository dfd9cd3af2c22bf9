/** The program: finds the command that was asked for, reads its flags, runs it, and turns every ending into an exit code. */
import { CommanderError, Command as Face } from "commander";
import { launchOf } from "../runtime/distributed/launcher.js";
import { packageVersion } from "../schema/root.js";
import type { Command } from "./command.js";
import { commands } from "./commands/index.js";
import { exit } from "./exit.js";
import { explain, refuse, reportUsage } from "./failures.js";
import { type Output, openOutput } from "./output.js";

/** Runs one command line (without `node` and the program's name) and says the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const output = openOutput(args.includes("--json"));
  try {
    return await dispatch(args, output);
  } catch (error) {
    return explain(output, error);
  }
}

async function dispatch(args: readonly string[], output: Output): Promise<number> {
  const program = programFace(output);
  let code: number = exit.wrongInput;
  const name = args.find((argument) => !argument.startsWith("-"));
  const chosen = commands.find((command) => command.name === name);
  for (const command of commands) {
    const face = program.command(command.name).summary(command.summary);
    if (command !== chosen) continue;
    await attach(command, face, output, (result) => {
      code = result;
    });
  }
  if (args.every((argument) => argument === "--json")) {
    program.outputHelp({ error: true });
    refuse(output, "usage", "no command given", "See rnnx --help.");
    return exit.wrongInput;
  }
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exit.done;
    // Of processes that share a training the first one speaks.
    if (chosen?.name === "train" && (launchOf()?.rank ?? 0) > 0) return exit.wrongInput;
    reportUsage(output, error, chosen === undefined ? "rnnx --help" : `rnnx ${chosen.name} --help`);
    return exit.wrongInput;
  }
  return code;
}

function programFace(output: Output): Face {
  const help = (text: string) => (output.json ? process.stderr : process.stdout).write(text);
  return new Face("rnnx")
    .description("Compiles JSON specs of recurrent networks into ONNX training graphs, and trains them.")
    .version(packageVersion(), "--version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .option("--json", "one JSON object per line on stdout, and nothing else there")
    .addHelpText("after", "\nExample:\n  $ rnnx train specs/hihello.json")
    .exitOverride()
    .configureOutput({ writeOut: help, outputError: () => undefined });
}

/** Reads the module of the chosen command and declares its flags; the others stay a line in the list. */
async function attach(command: Command, face: Face, output: Output, finish: (code: number) => void): Promise<void> {
  const module = await command.load();
  face.description(module.description);
  module.declare(face);
  face
    .option("--json", "one JSON object per line on stdout, and nothing else there")
    .addHelpText("after", `\nExample:\n  $ ${module.example}`)
    .action(async () => finish(await module.run(output, face)));
}
