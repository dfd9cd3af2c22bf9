/** Command-line flags of the repository's scripts, parsed as the CLI parses its own. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { exitCodes } from "../dist/cli/exit-codes.js";
import { collectValues, numberParser } from "../dist/cli/option-parsers.js";

/** The header comments of scripts are at most this wide and are printed unwrapped. */
const HELP_WIDTH = 160;

/**
 * Parses `--name value` flags and `--name` switches. `--help` prints the header comment of the script and its flags. A wrong flag
 * or value is reported by name and ends the script with exit code 2.
 *
 * @param script the script's file.
 * @param defaults the default of each flag by name: a number (NaN for none), a text, false for a switch, `Number` for a required
 *   number, undefined for an optional text, an empty array for a repeatable text, an array of choices (default: all of them).
 * @param words choices for the positional arguments, returned as `words`.
 */
export function flagsOf(script, defaults, words = []) {
  const command = new Command(basename(script))
    .description(headOf(script))
    .configureHelp({ helpWidth: HELP_WIDTH })
    .showHelpAfterError("(--help lists the flags)")
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? exitCodes.success : exitCodes.invalidInput));
  for (const [name, value] of Object.entries(defaults)) command.addOption(optionOf(name, value));
  if (words.length > 0) command.addArgument(new Argument("[words...]").choices(words));
  command.parse();
  return { ...command.opts(), words: command.args };
}

const number = numberParser(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);

function optionOf(name, value) {
  if (value === false) return new Option(`--${name}`).default(false);
  if (value === Number) return new Option(`--${name} <number>`).argParser(number).makeOptionMandatory();
  if (typeof value === "number") return new Option(`--${name} <number>`).argParser(number).default(value);
  const option = new Option(`--${name} <text>`);
  return Array.isArray(value) ? option.argParser(oneOf(value)).default(value) : option.default(value);
}

/** Parser of a repeatable flag: one of `names`, or any text when `names` is empty. */
function oneOf(names) {
  return (text, earlier) => {
    if (names.length > 0 && !names.includes(text))
      throw new InvalidArgumentError(`Choose one of: ${names.join("; ")}.`);
    return collectValues(text, earlier === names ? [] : earlier);
  };
}

/** The header comment of a file, without its stars. */
function headOf(file) {
  const [, head = ""] = readFileSync(file, "utf8").match(/^\/\*\*([\s\S]*?)\*\//) ?? [];
  return head.replace(/^ \* ?/gm, "").trim();
}
