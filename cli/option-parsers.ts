/** Parsers of option values: text to value, or an error with the expected form. Options that several commands share. */
import { InvalidArgumentError, Option } from "commander";
import type { NameMap } from "../runtime/import/index.js";
import type { PortColumns } from "../runtime/training/fine-tune/port-table.js";
import type { Override } from "../schema/parse/overrides.js";

/** A parser of integers in [minimum, maximum]. */
export function integerParser(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    if (!/^[+-]?\d+$/.test(text.trim())) throw new InvalidArgumentError("Expected an integer.");
    const value = Number(text);
    if (value < minimum || value > maximum) {
      throw new InvalidArgumentError(`Expected an integer from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}

/** A parser of numbers in [minimum, maximum]. */
export function numberParser(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()))
      throw new InvalidArgumentError("Expected a number.");
    if (value < minimum || value > maximum)
      throw new InvalidArgumentError(`Expected a number from ${minimum} to ${maximum}.`);
    return value;
  };
}

/** A parser of positive numbers up to a maximum. */
export function positiveParser(maximum: number): (text: string) => number {
  const parse = numberParser(0, maximum);
  return (text) => {
    const value = parse(text);
    if (value === 0) throw new InvalidArgumentError(`Expected a number above 0, to ${maximum}.`);
    return value;
  };
}

/** A parser of byte sizes: bytes, or a number with a binary unit such as 512MB or 2GiB (1 MB = 1 MiB = 2^20 bytes). */
export function parseByteSize(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d*)?)\s*([kmgt]?)i?b?$/i.exec(text.trim()) ?? [];
  const bytes = Number(number) * 1024 ** ["", "k", "m", "g", "t"].indexOf(unit.toLowerCase());
  if (number === "" || bytes < 1) throw new InvalidArgumentError("Expected a size such as 512MB or 2GB.");
  return Math.floor(bytes);
}

/** Collects `--set path.to.key=value`: overrides of values in the spec. */
export function parseOverride(text: string, previous: readonly Override[] = []): readonly Override[] {
  const separator = text.indexOf("=");
  if (separator < 1) throw new InvalidArgumentError("Expected path.to.key=value.");
  return [...previous, { path: text.slice(0, separator), value: text.slice(separator + 1), flag: `--set ${text}` }];
}

/** Collects `--map from=to`: tensor names in a file and in the model. An empty side skips the other tensor. */
export function parseNameMap(text: string, previous: readonly NameMap[] = []): readonly NameMap[] {
  const [from, to, ...rest] = text.split("=");
  if (from === undefined || to === undefined || rest.length > 0 || from + to === "")
    throw new InvalidArgumentError("Expected from=to.");
  return [...previous, { from, to }];
}

/** Collects the values of a repeatable option. */
export function collectValues(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, text];
}

/** `--columns` of every command that reads a file of rows by the inputs of a model. */
export function columnsOption(inputs: string): Option {
  const description = `columns of --data for an input of ${inputs}: x=length,width (repeatable; default: that of its name)`;
  return new Option("--columns <input=names>", description).argParser(parseColumns);
}

function parseColumns(text: string, previous: PortColumns = new Map()): PortColumns {
  const [, input = "", names = ""] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (input === "") throw new InvalidArgumentError("Expected INPUT=COLUMN,COLUMN, for example x=length,width.");
  return new Map([...previous, [input, names.split(",")]]);
}

/** `--set` of every command that reads a spec or a run. */
export function setOption(): Option {
  return new Option("--set <path.to.key=value>", "override a value of the spec (repeatable)").argParser(parseOverride);
}

/** `--seed` of every command that trains a spec. */
export function seedOption(): Option {
  return new Option("--seed <n>", "random seed; overrides seed").argParser(integerParser(0, 2 ** 32 - 1));
}

/** An option that overrides one value of the spec, if it is given. */
export function optionOverride(option: string, path: string, value: number | undefined): readonly Override[] {
  return value === undefined ? [] : [{ path, value: `${value}`, flag: `${option} ${value}` }];
}

/** `--init` of every command that trains a spec. */
export function initOption(): Option {
  return new Option("--init <file>", "initial weights: .safetensors (rnnx or PyTorch names), .keras or .h5");
}

/** `--threads` of every command that trains a spec. */
export function threadsOption(): Option {
  const description =
    "CPU threads; auto measures, and may change last digits of the results (default: 1 for a small model, else all cores)";
  return new Option("--threads <n>", description).argParser((text) => {
    if (text === "auto") return text;
    if (/^[a-z]/i.test(text)) throw new InvalidArgumentError("Expected auto, or an integer from 1 to 1024.");
    return integerParser(1, 1024)(text);
  });
}

/** `--disable-pass`, of every command that compiles; `rnnx inspect --passes` lists the names. */
export function disablePassOption(): Option {
  return new Option("--disable-pass <pass>", "compile without this pass (repeatable)").argParser(collectValues);
}

/** `--stop-after`, of every command that compiles. */
export function stopAfterOption(): Option {
  return new Option("--stop-after <pass>", "end each pass pipeline after this pass or phase");
}

/** `--recurrence`, of every command that compiles. */
export function recurrenceOption(): Option {
  const option = new Option(
    "--recurrence <form>",
    "form of linear recurrences in training; auto: the fastest by estimate",
  );
  return option.choices(["auto", "loop", "scan", "chunkwise"]);
}

/** `--allow-tf32` of every command that runs a model; `main` applies it. */
export function allowTf32Option(): Option {
  return new Option("--allow-tf32", "on CUDA, round the factors of float32 products to TF32: faster and less precise");
}

/** `--device` of every command that runs a model. */
export function deviceOption(): Option {
  return new Option("--device <device>", "compute device").choices(["auto", "cpu", "cuda", "webgpu"]).default("auto");
}
