/** Values of flags: each reader takes the text of a flag and returns its value, or says why it cannot. */
import { InvalidArgumentError, Option } from "commander";
import type { NameMap } from "../runtime/import/index.js";
import type { Override } from "../schema/overrides.js";

/** A reader of whole numbers within [minimum, maximum]. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
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
export function realNumber(minimum: number, maximum: number): (text: string) => number {
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
export function byteCount(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d*)?)\s*([kmgt]?)i?b?$/i.exec(text.trim()) ?? [];
  const bytes = Number(number) * 1024 ** ["", "k", "m", "g", "t"].indexOf(unit.toLowerCase());
  if (number === "" || bytes < 1) throw new InvalidArgumentError("It takes a size such as 512MB or 2GB.");
  return Math.floor(bytes);
}

/** Collects `--set path.to.key=value`: values that replace those of the spec. */
export function override(text: string, earlier: readonly Override[] = []): readonly Override[] {
  const equals = text.indexOf("=");
  if (equals < 1) throw new InvalidArgumentError("It takes path.to.key=value.");
  return [...earlier, { path: text.slice(0, equals), value: text.slice(equals + 1), flag: `--set ${text}` }];
}

/** Collects `--map from=to`: names of weights in a file, and in the model; an empty side leaves the other out. */
export function nameMap(text: string, earlier: readonly NameMap[] = []): readonly NameMap[] {
  const [from, to, ...more] = text.split("=");
  if (from === undefined || to === undefined || more.length > 0 || from + to === "")
    throw new InvalidArgumentError("It takes from=to.");
  return [...earlier, { from, to }];
}

/** Collects the values of a flag that may be given several times. */
export function several(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}

/** `--set`, of every command that reads a spec to work with it. */
export function setOption(): Option {
  return new Option("--set <path.to.key=value>", "replace a value of the spec; may be repeated").argParser(override);
}

/** `--without`, of every command that compiles. */
export function withoutOption(): Option {
  return new Option("--without <pass>", "leave a pass of the compiler out; may be repeated").argParser(several);
}
