/** What a command is: a name and a summary that are known at once, and a module that is read when it is chosen. */
import type { Command as Face } from "commander";
import type { Output } from "./output.js";

export type { Face };

export interface Command {
  readonly name: string;
  /** One line in the list of commands. */
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}

export interface CommandModule {
  /** What `--help` says first. */
  readonly description: string;
  /** What a user would type, shown last in `--help`. */
  readonly example: string;
  /** Declares arguments and options; each option checks its own value (flags.ts). */
  declare(command: Face): void;
  /** Does the work, with the arguments and options that `face` has parsed, and says the exit code. */
  run(output: Output, command: Face): Promise<number>;
}
