/** The program: selects a command, parses its options, runs it and returns its exit code. */
import { join } from "node:path";
import { CommanderError, Command as CommandParser, Option } from "commander";
import { detectLaunch } from "../runtime/distributed/launcher.js";
import { packageRoot, packageVersion } from "../schema/package-root.js";
import type { Command } from "./command.js";
import { commands } from "./commands/index.js";
import { reportInvalidInput, reportUnexpected, reportUsageError } from "./errors.js";
import { exitCodes } from "./exit-codes.js";
import { type Output, openOutput } from "./output.js";
import { columnsOf, wrapText } from "./wrap-text.js";

/**
 * Runs one command line.
 *
 * @param args without `node` and the program's name.
 * @returns the exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  const output = openOutput(args.includes("--json"));
  try {
    return await dispatch(expandHelpCommand(args), output);
  } catch (error) {
    return reportUnexpected(output, error);
  }
}

/** `help COMMAND` is `COMMAND --help`. */
function expandHelpCommand(args: readonly string[]): readonly string[] {
  const [first, ...rest] = args;
  return first === "help" ? [...rest, "--help"] : args;
}

async function dispatch(args: readonly string[], output: Output): Promise<number> {
  const program = createProgram(output);
  let code: number = exitCodes.invalidInput;
  const name = args.find((argument) => !argument.startsWith("-"));
  const selected = commands.find((command) => command.name === name);
  for (const command of commands) {
    program.commandsGroup(command.group);
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
    // An unknown command is an error, with --help too.
    await program.parseAsync(name !== undefined && selected === undefined ? [name] : args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCodes.success;
    // Of the processes of an MPI launch, rank 0 alone reports.
    if (selected?.name === "train" && (detectLaunch()?.rank ?? 0) > 0) return exitCodes.invalidInput;
    reportUsageError(output, error, selected === undefined ? "rnnx --help" : `rnnx ${selected.name} --help`);
    return exitCodes.invalidInput;
  }
  return code;
}

function createProgram(output: Output): CommandParser {
  const helpStream = output.json ? process.stderr : process.stdout;
  const writeHelp = (text: string) => helpStream.write(wrapText(text, columnsOf(helpStream)));
  return new CommandParser("rnnx")
    .description(
      "Compiles JSON specs of recurrent networks, convolutions and transformers into ONNX training graphs, and trains them.",
    )
    .usage("<command> [options]")
    .optionsGroup("Options:")
    .version(packageVersion(), "--version", "print the version")
    .addOption(jsonOption())
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .addHelpText(
      "after",
      [
        "\nrnnx help COMMAND prints the options of a command.",
        `Documentation: ${join(packageRoot(), "docs", "index.md")}\n`,
        "Example:\n  $ rnnx train specs/hihello.json",
      ].join("\n"),
    )
    .exitOverride()
    .configureHelp({ optionDescription: optionText })
    .configureOutput({ writeOut: writeHelp, outputError: () => undefined });
}

/** `description (a | b | c, default: a)`. */
function optionText({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
  const hasDefault = ["string", "number"].includes(typeof defaultValue);
  const defaultText = defaultValueDescription ?? (hasDefault ? `${defaultValue}` : undefined);
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.join(" | ")]),
    ...(defaultText === undefined ? [] : [`default: ${defaultText}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join(", ")})`;
}

function jsonOption(): Option {
  return new Option("--json", "print one JSON object per line on stdout, and nothing else there");
}

/** Applies `--allow-tf32` to the process and its threads; false after reporting a device that has no TF32. */
function applyTf32(output: Output, { allowTf32, device }: { allowTf32?: boolean; device?: string }): boolean {
  if (allowTf32 !== true) return true;
  if (device === "cpu" || device === "webgpu") {
    reportInvalidInput(
      output,
      "usage",
      `--allow-tf32 has no effect on --device ${device}`,
      "Remove one of the options.",
    );
    return false;
  }
  process.env.RNNX_ALLOW_TF32 = "1";
  return true;
}

/** Loads the module of the selected command and declares its options. */
async function declareCommand(
  command: Command,
  subcommand: CommandParser,
  output: Output,
  setExitCode: (code: number) => void,
): Promise<void> {
  const module = await command.load();
  subcommand.description(module.description);
  module.declare(subcommand);
  subcommand
    .optionsGroup("Global options:")
    .addOption(jsonOption())
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", `\nExample:\n  $ ${module.example}`)
    .action(async () =>
      setExitCode(applyTf32(output, subcommand.opts()) ? await module.run(output, subcommand) : exitCodes.invalidInput),
    );
}
