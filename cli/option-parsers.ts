/** Values of flags: each reader takes the text of a flag and returns its value, or says why it cannot. */
import { InvalidArgumentError, Option } from "commander";
import type { NameMap } from "../runtime/import/index.js";
import type { Override } from "../schema/parse/overrides.js";

/** A reader of whole numbers within [minimum, maximum]. */
export function integerParser(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    if (!/^[+-]?\d+$/.test(text.trim())) throw new InvalidArgumentError("It takes a whole number.");
    const value = Number(text);
    if (value < minimum || value > maximum) {
      throw new InvalidArgumentError(`It takes a whole number from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}

/** A reader of numbers within [minimum, maximum]. */
export function numberParser(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()))
      throw new InvalidArgumentError("It takes a number.");
    if (value < minimum || value > maximum)
      throw new InvalidArgumentError(`It takes a number from ${minimum} to ${maximum}.`);
    return value;
  };
}

/** A reader of sizes of memory: bytes, or a number with a unit such as 512MB or 2GiB. */
export function parseByteSize(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d*)?)\s*([kmgt]?)i?b?$/i.exec(text.trim()) ?? [];
  const bytes = Number(number) * 1024 ** ["", "k", "m", "g", "t"].indexOf(unit.toLowerCase());
  if (number === "" || bytes < 1) throw new InvalidArgumentError("It takes a size such as 512MB or 2GB.");
  return Math.floor(bytes);
}

/** Collects `--set path.to.key=value`: values that replace those of the spec. */
export function parseOverride(text: string, previous: readonly Override[] = []): readonly Override[] {
  const separator = text.indexOf("=");
  if (separator < 1) throw new InvalidArgumentError("It takes path.to.key=value.");
  return [...previous, { path: text.slice(0, separator), value: text.slice(separator + 1), flag: `--set ${text}` }];
}

/** Collects `--map from=to`: names of weights in a file, and in the model; an empty side leaves the other out. */
export function parseNameMap(text: string, previous: readonly NameMap[] = []): readonly NameMap[] {
  const [from, to, ...rest] = text.split("=");
  if (from === undefined || to === undefined || rest.length > 0 || from + to === "")
    throw new InvalidArgumentError("It takes from=to.");
  return [...previous, { from, to }];
}

/** Collects the values of a flag that may be given several times. */
export function collectValues(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, text];
}

/** `--set`, of every command that reads a spec to work with it. */
export function setOption(): Option {
  return new Option("--set <path.to.key=value>", "replace a value of the spec; may be repeated").argParser(
    parseOverride,
  );
}

/** `--without`, of every command that compiles. */
export function disablePassOption(): Option {
  return new Option("--without <pass>", "leave a pass of the compiler out; may be repeated").argParser(collectValues);
}
