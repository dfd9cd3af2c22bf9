/** A command of the program: its line in the list of commands, and the module that declares and runs it. */
import type { Command as CommandParser } from "commander";
import type { Output } from "./output.js";

export type { CommandParser };

export interface Command {
  readonly name: string;
  /** One line in the list of commands: an imperative. */
  readonly summary: string;
  /** Heading of the list of commands that holds this one. */
  readonly group: string;
  /** Loaded when the user chooses the command. */
  readonly load: () => Promise<CommandModule>;
}

export interface CommandModule {
  /** Opening paragraph of `--help`. */
  readonly description: string;
  /** A complete command line, printed at the end of `--help`. */
  readonly example: string;
  /** Declares arguments and options. Each option parses its own value (option-parsers.ts). */
  declare(command: CommandParser): void;
  /**
   * Executes the command with the parsed arguments and options of `command`.
   *
   * @returns the exit code.
   */
  run(output: Output, command: CommandParser): Promise<number>;
}
