/** The flags of the repository's own scripts (bench, test/soak). */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

/**
 * What a script was given as `--name value`, or as `--name` alone for a switch. `--help` prints the comment at the head of the
 * script's file; a flag that it lacks, or a value of the wrong kind, is named beside it and ends the script with exit code 2.
 *
 * @param script its file.
 * @param defaults by name: a number, a text, false for a switch, an array for what may come more than once, undefined for a text that
 *   may be missing, and `Number` for a number that must not.
 * @param takesWords whether there may be words without a flag; they come back as `words`.
 */
export function flagsOf(script, defaults, takesWords = false) {
  const entries = Object.entries(defaults);
  const kindOf = (value) => ({
    type: typeof value === "boolean" ? "boolean" : "string",
    multiple: Array.isArray(value),
  });
  const options = Object.fromEntries(entries.map(([name, value]) => [name, kindOf(value)]));
  try {
    const { values, positionals } = parseArgs({
      options: { ...options, help: { type: "boolean" } },
      allowPositionals: takesWords,
    });
    if (values.help) {
      process.stdout.write(`${headOf(script)}\n`);
      process.exit(0);
    }
    const given = entries.map(([name, fallback]) => [name, readValue(name, values[name], fallback)]);
    return { ...Object.fromEntries(given), words: positionals };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n\n${headOf(script)}\n`);
    process.exit(2);
  }
}

function readValue(name, given, fallback) {
  if (given === undefined && fallback === Number) throw new TypeError(`--${name} is needed.`);
  if (given === undefined) return fallback;
  if (typeof fallback !== "number" && fallback !== Number) return given;
  const number = Number(given);
  if (given.trim() === "" || !Number.isFinite(number)) throw new TypeError(`--${name} takes a number, not "${given}".`);
  return number;
}

/** The comment that a file begins with, without its stars. */
function headOf(file) {
  const [, head = ""] = readFileSync(file, "utf8").match(/^\/\*\*([\s\S]*?)\*\//) ?? [];
  return head.replace(/^ \* ?/gm, "").trim();
}
