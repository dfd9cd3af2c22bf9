/** The flags of the repository's own scripts, read as the program reads its own. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { exitCodes } from "../dist/cli/exitCodes-codes.js";
import { collectValues, numberParser } from "../dist/cli/option-parsers.js";

/** The comments at the heads of files are as wide, and stay as they are. */
const HEAD_WIDTH = 160;

/**
 * What a script was given as `--name value`, or as `--name` alone for a switch. `--help` prints the comment at the head of the
 * script's file, and its flags; a wrong flag or value is named and ends the script with exitCodes code 2.
 *
 * @param script its file.
 * @param defaults by name: a number (NaN where there is none), a text, false for a switch, `Number` for a number that is needed,
 *   undefined for a text that is not, an empty array for texts, and names for some of them, which are all of them if none is given.
 * @param words what may be given without a flag; it comes back as `words`.
 */
export function flagsOf(script, defaults, words = []) {
  const face = new Command(basename(script))
    .description(headOf(script))
    .configureHelp({ helpWidth: HEAD_WIDTH })
    .showHelpAfterError("(--help shows what there is)")
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? exitCodes.done : exitCodes.wrongInput));
  for (const [name, value] of Object.entries(defaults)) face.addOption(optionOf(name, value));
  if (words.length > 0) face.addArgument(new Argument("[words...]").choices(words));
  face.parse();
  return { ...face.opts(), words: face.args };
}

const number = numberParser(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);

function optionOf(name, value) {
  if (value === false) return new Option(`--${name}`).default(false);
  if (value === Number) return new Option(`--${name} <number>`).argParser(number).makeOptionMandatory();
  if (typeof value === "number") return new Option(`--${name} <number>`).argParser(number).default(value);
  const option = new Option(`--${name} <text>`);
  return Array.isArray(value) ? option.argParser(oneOf(value)).default(value) : option.default(value);
}

/** Collects some of the names that there are, or any texts. */
function oneOf(names) {
  return (text, earlier) => {
    if (names.length > 0 && !names.includes(text)) throw new InvalidArgumentError(`It is one of: ${names.join("; ")}.`);
    return collectValues(text, earlier === names ? [] : earlier);
  };
}

/** The comment that a file begins with, without its stars. */
function headOf(file) {
  const [, head = ""] = readFileSync(file, "utf8").match(/^\/\*\*([\s\S]*?)\*\//) ?? [];
  return head.replace(/^ \* ?/gm, "").trim();
}
